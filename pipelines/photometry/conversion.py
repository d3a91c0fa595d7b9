"""Columns of magnitudes computed from the columns of a table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column, field_of_column
from core.errors import InvalidValueError
from pipelines.photometry.configuration import PhotometryConfiguration
from pipelines.photometry.magnitudes import FLUX_UNITS, dereddened, magnitude_errors, magnitudes_of_fluxes

__all__ = ["BandSummary", "add_magnitudes", "photometry_columns"]


@dataclass(frozen=True, slots=True)
class BandSummary:
    """Counts of one band: rows without a magnitude because the flux was not positive, or was missing."""

    band: str
    column: str
    magnitudes: int
    not_positive: int
    missing: int


def photometry_columns(configuration: PhotometryConfiguration, flux_type: str) -> list[str]:
    """Return the columns that the conversion reads."""
    names = []
    for band in configuration.bands:
        names.append(_named(configuration.column, band, flux_type))
        if configuration.error_column is not None:
            names.append(_named(configuration.error_column, band, flux_type))
    if configuration.dereddening is not None:
        names.append(configuration.dereddening.ebv_column)
    return names


def add_magnitudes(
    table: pa.Table, configuration: PhotometryConfiguration, flux_type: str = "psf"
) -> tuple[pa.Table, list[BandSummary]]:
    """Append a column of magnitudes, and one of their errors, for each band.

    Raises
    ------
    InvalidValueError
        A column is missing, is not numeric, has a unit that is not a flux density, or an output column exists already.
    """
    ebv = None
    if configuration.dereddening is not None:
        ebv = _numbers(table, configuration.dereddening.ebv_column)
    summaries = []
    for band in configuration.bands:
        name = _named(configuration.column, band, flux_type)
        values = _numbers(table, name)
        errors = None
        if configuration.error_column is not None:
            errors = _numbers(table, _named(configuration.error_column, band, flux_type))
        magnitudes, errors = _magnitudes(table, name, values, errors, configuration)
        if ebv is not None and configuration.dereddening is not None:
            magnitudes = dereddened(magnitudes, ebv, configuration.dereddening.by_band[band])
        target = _named(configuration.magnitude_column, band, flux_type)
        table = _appended(table, target, magnitudes, _described(configuration, band, name))
        if errors is not None:
            error_target = _named(configuration.magnitude_error_column, band, flux_type)
            table = _appended(table, error_target, errors, f"Error of {target}.", error=band)
        summaries.append(_summary(band, target, values, magnitudes))
    return table, summaries


def _magnitudes(
    table: pa.Table,
    name: str,
    values: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64] | None,
    configuration: PhotometryConfiguration,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    if configuration.quantity == "magnitude":
        return values, errors
    zero_point = FLUX_UNITS[_unit(table, name, configuration)]
    return magnitudes_of_fluxes(values, zero_point), None if errors is None else magnitude_errors(values, errors)


def _unit(table: pa.Table, name: str, configuration: PhotometryConfiguration) -> str:
    if configuration.unit != "auto":
        return configuration.unit
    unit = (table.schema.field(name).metadata or {}).get(b"unit", b"").decode("utf-8", "replace") or "nJy"
    if unit not in FLUX_UNITS:
        raise InvalidValueError(
            f"The column '{name}' has the unit '{unit}', which is none of {', '.join(FLUX_UNITS)}. "
            "Give the unit of the fluxes in 'photometry.unit'.",
            field="photometry.unit",
        )
    return unit


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    if name not in table.column_names:
        raise InvalidValueError(
            f"The object catalogue has no column '{name}', which the magnitudes are computed from.", field="photometry"
        )
    kind = table.schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise InvalidValueError(
            f"The column '{name}' holds {kind} values; magnitudes are computed from numbers.", field="photometry"
        )
    # Nulls become NaN; an integer beyond 2**53 loses digits that no flux has.
    column = pc.cast(table.column(name), pa.float64(), safe=False)
    values: npt.NDArray[np.float64] = pc.fill_null(column, np.nan).to_numpy()
    return values


def _appended(
    table: pa.Table, name: str, values: npt.NDArray[np.float64], description: str, *, error: str | None = None
) -> pa.Table:
    if name in table.column_names:
        raise InvalidValueError(
            f"The object catalogue already has a column '{name}'; choose another name in 'photometry'.",
            field="photometry.magnitude_column",
        )
    ucd = "stat.error;phot.mag" if error else "phot.mag"
    column = Column(name, "double", unit="mag", ucd=ucd, description=description)
    # A row without a magnitude is null, which all formats support.
    return table.append_column(field_of_column(column), pa.array(values, mask=~np.isfinite(values)))


def _described(configuration: PhotometryConfiguration, band: str, source: str) -> str:
    text = f"AB magnitude of band {band}, from {source}"
    if configuration.dereddening is None:
        return text + ", not corrected for extinction."
    how = configuration.dereddening
    return f"{text}, dereddened by {how.by_band[band]:g} E(B-V) of {how.ebv_column} ({how.source})."


def _summary(
    band: str, target: str, values: npt.NDArray[np.float64], magnitudes: npt.NDArray[np.float64]
) -> BandSummary:
    there = np.isfinite(values)
    has = np.isfinite(magnitudes)
    return BandSummary(band, target, int(has.sum()), int((there & ~has & (values <= 0)).sum()), int((~there).sum()))


def _named(template: str, band: str, flux_type: str) -> str:
    # Not str.format, which would let a template reach into objects.
    return template.replace("{band}", band).replace("{flux_type}", flux_type)
