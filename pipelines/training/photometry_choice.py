"""Choice of the magnitudes to compute from the columns of an object catalogue, by flux type and dereddening."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidValueError
from pipelines.photometry import Dereddening, PhotometryConfiguration
from pipelines.training.configuration import TrainingSetParameters

__all__ = ["PhotometryChoice", "choose_photometry"]

_BANDS = ("u", "g", "r", "i", "z", "y")
_FLUX = re.compile(rf"[{''.join(_BANDS)}]_(?P<type>\w+)Flux")
_NONE, _SFD = "none", "sfd"
_EBV = "ebv"


@dataclass(frozen=True, slots=True)
class PhotometryChoice:
    """The magnitudes that a run computes, and what of the request cannot be done.

    Parameters
    ----------
    configuration
        None when no magnitudes are computed.
    """

    configuration: PhotometryConfiguration | None
    warnings: tuple[str, ...] = ()


def choose_photometry(param: TrainingSetParameters, columns: Sequence[str], *, is_selected: bool) -> PhotometryChoice:
    """Choose the magnitudes of an object catalogue.

    Parameters
    ----------
    columns
        Names of the columns of the objects.
    is_selected
        Whether flux type and dereddening selected this catalogue among those of a release; then they are done.

    Raises
    ------
    InvalidValueError
        There is no such kind of dereddening, or two parameters contradict each other.
    """
    if is_selected:
        return PhotometryChoice(param.photometry)
    if param.dereddening not in {_NONE, _SFD}:
        raise InvalidValueError(
            f"Magnitudes cannot be dereddened by '{param.dereddening}'; choose '{_SFD}' (by the column {_EBV}) or "
            f"'{_NONE}'. For another map, name its column of E(B-V) in 'photometry.dereddening.ebv_column'.",
            field="dereddening",
        )
    if param.photometry is not None:
        return _of_configuration(param, param.photometry, columns)
    return _of_columns(param, columns) if param.convert_flux_to_mag else PhotometryChoice(None, _kept_fluxes(param))


def _of_configuration(
    param: TrainingSetParameters, photometry: PhotometryConfiguration, columns: Sequence[str]
) -> PhotometryChoice:
    warnings = []
    if not param.convert_flux_to_mag:
        warnings.append("'convert_flux_to_mag' is false, but has no effect: 'photometry' requests magnitudes.")
    templates = (photometry.column, photometry.error_column or "", photometry.magnitude_column)
    if param.flux_type != _default("flux_type") and not any("{flux_type}" in each for each in templates):
        warnings.append(
            f"The flux type '{param.flux_type}' has no effect: no column of 'photometry' has the placeholder "
            "{flux_type}."
        )
    if photometry.dereddening is not None:
        if param.dereddening == _NONE:
            raise InvalidValueError(
                "The parameter 'dereddening' is 'none', but 'photometry.dereddening' is given; leave out one of them.",
                field="dereddening",
            )
        return PhotometryChoice(photometry, tuple(warnings))
    dereddening, sentences = _dereddening(param, photometry.bands, columns)
    chosen = photometry.model_copy(update={"dereddening": dereddening})
    return PhotometryChoice(chosen, (*warnings, *sentences))


def _of_columns(param: TrainingSetParameters, columns: Sequence[str]) -> PhotometryChoice:
    flux_type = _spelling(param.flux_type, columns)
    fluxes = {band: f"{band}_{flux_type}Flux" for band in _BANDS}
    bands = [band for band in _BANDS if fluxes[band] in columns]
    if not bands:
        return PhotometryChoice(None, (_no_fluxes(param.flux_type, columns),))
    without_error = [f"{fluxes[band]}Err" for band in bands if f"{fluxes[band]}Err" not in columns]
    dereddening, sentences = _dereddening(param, bands, columns)
    if without_error:
        missing = ", ".join(without_error)
        sentences = (*sentences, f"Magnitudes have no errors: the object catalogue has no column {missing}.")
    names: dict[str, str | None] = {} if flux_type == param.flux_type else _columns_of(flux_type)
    if without_error:
        names["error_column"] = None
    return PhotometryChoice(PhotometryConfiguration(bands=tuple(bands), dereddening=dereddening, **names), sentences)


def _dereddening(
    param: TrainingSetParameters, bands: Sequence[str], columns: Sequence[str]
) -> tuple[Dereddening | None, tuple[str, ...]]:
    if param.dereddening == _NONE:
        return None, ()
    if _EBV not in columns:
        sentence = (
            f"Magnitudes are not dereddened: the object catalogue has no column {_EBV}. Name its column of E(B-V) in "
            f"'photometry.dereddening.ebv_column', or set 'dereddening' to '{_NONE}'."
        )
        return None, (sentence,)
    chosen = Dereddening(ebv_column=_EBV)
    if unknown := [band for band in bands if band not in chosen.by_band]:
        raise InvalidValueError(
            f"There is no extinction coefficient for the bands {', '.join(unknown)}. Give it in "
            f"'photometry.dereddening.coefficients', or set 'dereddening' to '{_NONE}'.",
            field="photometry",
        )
    return chosen, ()


def _spelling(flux_type: str, columns: Sequence[str]) -> str:
    """Return a flux type as the columns spell it: the public server's clients send ``cmodel``."""
    there = {found["type"] for name in columns if (found := _FLUX.fullmatch(name))}
    alike = sorted(each for each in there if each.lower() == flux_type.lower())
    return flux_type if flux_type in there or len(alike) != 1 else alike[0]


def _columns_of(flux_type: str) -> dict[str, str | None]:
    return {"column": f"{{band}}_{flux_type}Flux", "error_column": f"{{band}}_{flux_type}FluxErr"}


def _no_fluxes(flux_type: str, columns: Sequence[str]) -> str:
    words = f"No magnitudes are computed: the object catalogue has no column such as i_{flux_type}Flux"
    there = sorted({found["type"] for name in columns if (found := _FLUX.fullmatch(name))})
    if there:
        return f"{words}, but fluxes of the types {', '.join(there)}: choose one of them as 'flux_type'."
    return f"{words}, nor fluxes of another type under such names. Name its columns in 'photometry'."


def _kept_fluxes(param: TrainingSetParameters) -> tuple[str, ...]:
    if param.dereddening == _NONE and param.flux_type == _default("flux_type"):
        return ()
    sentence = (
        f"Fluxes stay as they are: flux type '{param.flux_type}' and dereddening '{param.dereddening}' have no effect "
        "without 'convert_flux_to_mag'."
    )
    return (sentence,)


def _default(name: str) -> object:
    return TrainingSetParameters.model_fields[name].default
