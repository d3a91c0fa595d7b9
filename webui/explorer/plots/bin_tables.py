"""What a plot shows, as a table: bins with their counts and means, or the values of points."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.columns import Column, field_of_column
from core.sky.healpix import cell_centers
from webui.explorer.plots.binning import Binning
from webui.explorer.plots.computation import PlotContent
from webui.explorer.plots.densities import Cells, Plane, Points
from webui.explorer.plots.histograms import Histogram
from webui.explorer.plots.sky import SkyCells, SkyPoints, SkyRows
from webui.explorer.quantities import Quantity

__all__ = ["bin_table"]

_COUNT = "Number of rows"


def bin_table(found: PlotContent) -> pa.Table:
    """Return the table of a plot, with units and descriptions."""
    if isinstance(found, Histogram):
        columns = _histogram(found)
    elif isinstance(found, Plane):
        columns = _plane(found)
    else:
        columns = _sky(found)
    schema = pa.schema([field_of_column(column) for column, _ in columns])
    return pa.table([pa.array(values, from_pandas=True) for _, values in columns], schema=schema)


_Columns = list[tuple[Column, np.ndarray[Any, Any]]]  # of doubles or of integers


def _histogram(found: Histogram) -> _Columns:
    if found.binning is None:
        return _edges(None, found.quantity, np.zeros(0, np.int64), "")
    columns: _Columns = _edges(found.binning, found.quantity, np.arange(found.binning.count), "")
    columns.append((Column("n", "long", description=_COUNT), found.counts))
    if found.stacked is not None:
        stacked = Column("n_densities", "double", description="Number of objects by the sum of their densities p(z)")
        columns.append((stacked, found.stacked))
    return columns


def _plane(found: Plane) -> _Columns:
    if found.x is None or found.y is None or found.content is None:
        return [(Column("n", "long", description=_COUNT), np.zeros(0, np.int64))]
    content = found.content
    if isinstance(content, Points):
        values = [(_value("x", found.x.quantity), content.x), (_value("y", found.y.quantity), content.y)]
        return values + _colours(found.colour, content.colours, "")
    columns: _Columns = _edges(found.x, found.x.quantity, content.columns, "x_")
    columns += _edges(found.y, found.y.quantity, content.lines, "y_")
    columns.append((Column("n", "long", description=_COUNT), content.counts))
    return columns + _colours(found.colour, content.means if isinstance(content, Cells) else None, "Mean of ")


def _sky(found: SkyRows) -> _Columns:
    content = found.content
    ra = Column("ra", "double", unit="deg", ucd="pos.eq.ra", description="Right ascension (ICRS)")
    dec = Column("dec", "double", unit="deg", ucd="pos.eq.dec", description="Declination (ICRS)")
    if isinstance(content, SkyPoints):
        return [(ra, content.ra), (dec, content.dec), *_colours(found.colour, content.colours, "")]
    if not isinstance(content, SkyCells):
        return [(ra, np.zeros(0)), (dec, np.zeros(0))]
    orders = np.full(len(content.cells), content.order, np.int64)
    centres, _ = cell_centers(orders, content.cells)
    return [
        (Column("healpix_order", "long", description="Order of the HEALPix cell"), orders),
        (Column("healpix", "long", ucd="pos.healpix", description="HEALPix cell, NESTED"), content.cells),
        (ra, centres[:, 0]),
        (dec, centres[:, 1]),
        (Column("n", "long", description=_COUNT), content.counts),
        *_colours(found.colour, content.means, "Mean of "),
    ]


def _edges(binning: Binning | None, quantity: Quantity, places: NDArray[np.int64], prefix: str) -> _Columns:
    edges = np.zeros(1) if binning is None else binning.edges
    low = Column(f"{prefix}low", "double", unit=quantity.unit, description=f"Lower edge in {quantity.text}")
    high = Column(f"{prefix}high", "double", unit=quantity.unit, description=f"Upper edge in {quantity.text}")
    return [(low, edges[places]), (high, edges[places + 1] if len(places) else edges[:0])]


def _value(name: str, quantity: Quantity) -> Column:
    ucd = quantity.columns[0].ucd if len(quantity.columns) == 1 else None
    return Column(name, "double", unit=quantity.unit, ucd=ucd, description=quantity.text)


def _colours(quantity: Quantity | None, values: NDArray[np.float64] | None, prefix: str) -> _Columns:
    if quantity is None or values is None:
        return []
    name = "mean" if prefix else "colour"
    return [(Column(name, "double", unit=quantity.unit, description=f"{prefix}{quantity.text}"), values)]
