"""From what a user asks, and the products that were found, to the configuration of a pipeline."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import InvalidValueError
from pipelines.combine.configuration import CombineConfiguration
from pipelines.inputs import RunInput
from pipelines.models import RunRequest
from pipelines.outputs import output_format_of, output_name_for
from pipelines.training.configuration import TrainingSetConfiguration, TrainingSetParameters

__all__ = ["combine_configuration", "format_of", "training_configuration"]

#: Meanings that both pipelines have columns for.
_MEANINGS = ("id", "ra", "dec", "z", "z_flag", "z_err", "survey", "instrument_type")
_HOMOGENISED = ("z_flag_homogenized", "instrument_type_homogenized")
_BANDS = ("u", "g", "r", "i", "z", "y")


def combine_configuration(request: RunRequest, inputs: Sequence[RunInput]) -> CombineConfiguration:
    """Give the configuration of Combine Redshift Catalogs."""
    if not inputs:
        raise InvalidValueError("Choose the redshift catalogues that are to be combined.", field="inputs")
    entries = [_entry(each, (*_MEANINGS, *_HOMOGENISED)) for each in inputs]
    return CombineConfiguration.model_validate(
        {
            "inputs": {"specz": entries},
            "output_format": format_of(request, inputs),
            "param": dict(request.param)
            | {"flags_translation_file": "flags_translation.yaml" if request.rules else None},
        }
    )


def training_configuration(
    request: RunRequest, redshifts: RunInput, objects: RunInput | None
) -> TrainingSetConfiguration:
    """Give the configuration of the Training Set Maker.

    Parameters
    ----------
    objects
        None when the object catalogue is that of a release. By the names of its columns magnitudes to be computed are
        found.
    """
    param = dict(request.param)
    inputs: dict[str, Any] = {"specz": [_entry(redshifts, _MEANINGS)]}
    if objects is not None:
        inputs["dataset"] = _entry(objects, ("id", "ra", "dec"))
        if param.get("photometry") is None:
            param["photometry"] = _photometry(TrainingSetParameters.model_validate(param), objects.names)
    return TrainingSetConfiguration.model_validate(
        {"inputs": inputs, "output_format": format_of(request, [redshifts]), "param": param}
    )


def format_of(request: RunRequest, inputs: Sequence[RunInput]) -> str:
    """Give the format of the result: what was asked for, or that of the redshift catalogue."""
    if request.output_format == "specz":
        return output_name_for(inputs[0].format)
    name = request.output_format or "parquet"
    return name if name == "hats" else output_format_of(name).name


def _entry(each: RunInput, meanings: Sequence[str]) -> dict[str, Any]:
    columns = {key: each.columns[key] for key in meanings if key in each.columns}
    path = each.address or str(Path(each.name) / each.file_name)
    return {"path": path, "internal_name": each.name, "columns": columns}


def _photometry(param: TrainingSetParameters, columns: Sequence[str]) -> Mapping[str, Any] | None:
    """Have magnitudes computed where an object catalogue has fluxes of the type that was asked for."""
    fluxes = {band: f"{band}_{param.flux_type}Flux" for band in _BANDS}
    bands = [band for band in _BANDS if fluxes[band] in columns]
    if not param.convert_flux_to_mag or not bands:
        return None
    errors = all(f"{fluxes[band]}Err" in columns for band in bands)
    return {
        "bands": bands,
        "error_column": "{band}_{flux_type}FluxErr" if errors else None,
        "dereddening": {"ebv_column": "ebv"} if param.dereddening != "none" and "ebv" in columns else None,
    }
