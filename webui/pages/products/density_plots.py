"""Plots of the densities p(z) of chosen objects of a product."""

import numpy as np

from products.inspection.meanings import Meanings
from products.rows.selected_densities import DensityColumns, SelectedDensities
from products.service import ProductDetails
from webui.charts.curves import CurvePlot, curve_plot
from webui.pages.products.product_view import identifier_column

__all__ = ["density_columns", "density_plot"]

_POINTS = 301


def density_columns(details: ProductDetails) -> DensityColumns | None:
    """Return the columns from which densities are read, or None for a product without."""
    density = next((item.column for item in details.columns if item.column.density), None)
    if density is None or details.table is None:
        return None
    meanings = Meanings(details.table.ra, details.table.dec, z=details.table.z)
    return DensityColumns(density, identifier_column(details), meanings)


def density_plot(selected: SelectedDensities) -> CurvePlot | None:
    """Return the plot of some densities, or None when none of them has values."""
    densities = selected.densities
    if not len(densities) or not densities.valid.any():
        return None
    grid = _grid_of(selected)
    curves = [
        (label, values.tolist())
        for label, values in zip(selected.identifiers, densities.on_grid(grid), strict=True)
    ]  # fmt: skip
    marks = [None if not np.isfinite(point) else float(point) for point in selected.points]
    return curve_plot(grid.tolist(), curves, marks)


def _grid_of(selected: SelectedDensities) -> np.ndarray:
    """Return redshifts that span the densities."""
    low = float(np.nanmin(selected.densities.quantile(0.0005)))
    high = float(np.nanmax(selected.densities.quantile(0.9995)))
    points = selected.points[np.isfinite(selected.points)]
    low, high = min([low, *points.tolist()]), max([high, *points.tolist()])
    edge = 0.05 * (high - low) or 0.1
    return np.linspace(min(0.0, low) if low < 0.5 else low - edge, high + edge, _POINTS)
