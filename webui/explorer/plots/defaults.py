"""Plots that a table is shown with at first, chosen by the UCDs and names of its columns."""

import re
from collections.abc import Iterator

from core.columns import Column
from webui.explorer.plots.specifications import KINDS, PlotSpecification
from webui.explorer.quantities import Quantity, plotted_columns
from webui.explorer.tables import DescribedTable

__all__ = ["default_plots", "density_column", "plot_of", "redshift_column"]

_REDSHIFT = re.compile(
    r"z|z_?(spec|phot|best|mean|mode|median|peak|true)\w*|redshift\w*|\w*_redshift|spec_?z|photo_?z", re.IGNORECASE
)
_MAGNITUDE = re.compile(r"mag_?[ugrizyjhk]\w*|[ugrizyjhk]_?mag\w*", re.IGNORECASE)
_NEVER = ("stat.error", "meta.code", "meta.id")
_ERRORS = re.compile(r"\w*err\w*|e_\w+", re.IGNORECASE)
_IDENTIFIERS = frozenset({"id", "objid", "objectid", "object_id", "source_id", "sourceid"})
_OTHERS = 3


def default_plots(table: DescribedTable) -> list[PlotSpecification]:
    """Return the plots of a table that names none: sky, N(z), magnitude and colour against redshift, as it has them."""
    redshift, magnitudes = redshift_column(table), list(_magnitudes(table))
    plots: list[PlotSpecification] = []
    if table.position is not None:
        plots.append(PlotSpecification(KINDS["sky"], ()))
    if redshift is not None:
        z = Quantity.of(table, redshift)
        plots.append(PlotSpecification(KINDS["nz"], (z,), densities=density_column(table)))
        if magnitudes:
            magnitude = Quantity.of(table, magnitudes[len(magnitudes) // 2])
            plots.append(PlotSpecification(KINDS["xy"], (z, magnitude), frozenset({"reversey"})))
        if len(magnitudes) > 1:
            first = max(0, len(magnitudes) // 2 - 1)
            plots.append(plot_of("xy", z, Quantity.of(table, *magnitudes[first : first + 2])))
    elif magnitudes:
        plots.append(plot_of("hist", Quantity.of(table, magnitudes[0])))
    if len(plots) > 1:
        return plots
    others = [Quantity.of(table, column.name) for column in plotted_columns(table) if _is_measured(column, table)]
    plots += [plot_of("hist", quantity) for quantity in others[:_OTHERS]]
    return plots + ([plot_of("xy", *others[:2])] if len(others) > 1 else [])


def plot_of(kind: str, *quantities: Quantity) -> PlotSpecification:
    """Return a plot of quantities, with the vertical axis reversed if it has magnitudes."""
    is_reversed = kind == "xy" and quantities[-1].is_magnitude
    return PlotSpecification(KINDS[kind], quantities, frozenset({"reversey"} if is_reversed else ()))


def redshift_column(table: DescribedTable) -> str | None:
    """Return the name of the column of redshifts, if there seems to be one."""
    numeric = [column for column in plotted_columns(table) if not _is_other(column)]
    by_ucd = [column.name for column in numeric if (column.ucd or "").lower().startswith("src.redshift")]
    by_name = [column.name for column in numeric if _REDSHIFT.fullmatch(column.name) and not column.ucd]
    return next(iter(by_ucd + by_name), None)


def density_column(table: DescribedTable) -> str | None:
    """Return the name in ADQL of the column of densities p(z), if there is one."""
    return next((table.quoted(column.name) for column in table.columns if column.density), None)


def _magnitudes(table: DescribedTable) -> Iterator[str]:
    """Yield the names of columns of magnitudes, from blue to red as far as their UCDs or names tell."""
    columns = [column for column in plotted_columns(table) if not _is_other(column)]
    by_ucd = [column for column in columns if (column.ucd or "").lower().startswith("phot.mag")]
    found = by_ucd or [column for column in columns if _MAGNITUDE.fullmatch(column.name)]
    yield from (column.name for column in sorted(found, key=_band))


def _band(column: Column) -> int:
    """Return the place of a magnitude among the bands; unknown ones come last."""
    bands = "ugrizyjhk"
    match = re.search(r"(?:^|mag_?|_)([ugrizyjhk])(?:$|_|mag)", column.name, re.IGNORECASE)
    return bands.index(match[1].lower()) if match else len(bands)


def _is_other(column: Column) -> bool:
    """Whether a column is an error, a flag or an identifier."""
    ucd = (column.ucd or "").lower()
    return ucd.startswith(_NEVER) or "stat.error" in ucd or bool(_ERRORS.fullmatch(column.name))


def _is_measured(column: Column, table: DescribedTable) -> bool:
    is_identifier = column.name.lower() in _IDENTIFIERS
    return not _is_other(column) and not is_identifier and column.name not in (table.position or ())
