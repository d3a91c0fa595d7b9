"""Plots of a product's rows by matplotlib; the server counts the rows."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Protocol

from pzserver.products.counts import CountedTable, Grid, Histogram, count_cells, count_rows, limits_of, named
from pzserver.tables.adql import delimited

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = ["PlottedTable", "ProductPlots"]

_SINGLE_ROWS = 5000
#: Mean number of rows of a cell on the sky, where a product has few rows.
_ROWS_OF_A_CELL = 4
_FULL_CIRCLE = 360.0


class PlottedTable(CountedTable, Protocol):
    """What plots need of a product."""

    @property
    def display_name(self) -> str:
        """Name for the title."""

    @property
    def row_count(self) -> int | None:
        """Number of rows."""

    def positions(self, what_for: str) -> tuple[str, str]:
        """Return the columns of right ascension and declination, or raise ValueError."""


class ProductPlots:
    """Plots of one product.

    Each method draws into ``ax``, or into new axes, and returns the axes.
    """

    def __init__(self, product: PlottedTable) -> None:
        self._product = product

    def nz(
        self,
        column: str | None = None,
        *,
        bins: int = 100,
        limits: tuple[float, float] | None = None,
        where: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the distribution of redshifts.

        Parameters
        ----------
        column
            Column of redshifts; by default the one with the meaning ``z``, or with the UCD of a redshift.
        limits
            Range of redshifts; by default that of the rows.
        where
            Condition in ADQL on the rows.
        """
        chosen = self._redshift_column() if column is None else column
        return self._histogram(chosen, "Rows per bin", bins=bins, limits=limits, where=where, ax=ax)

    def histogram(
        self,
        column: str,
        *,
        bins: int = 100,
        limits: tuple[float, float] | None = None,
        where: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the distribution of a column."""
        return self._histogram(column, "Rows per bin", bins=bins, limits=limits, where=where, ax=ax)

    def scatter(
        self,
        x: str,
        y: str,
        *,
        bins: int = 100,
        limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
        where: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw two columns: single rows of small tables, else the numbers of rows in cells."""
        first, second = named(self._product, x), named(self._product, y)
        axes = _axes(ax)
        count = self._product.row_count
        if count is not None and count <= _SINGLE_ROWS:
            condition = "" if where is None else f" WHERE {where}"
            query = f"SELECT {first} AS x, {second} AS y FROM {{table}}{condition}"  # noqa: S608 - checked by the server
            rows = self._product.query(query).to_arrow()
            axes.plot(rows["x"].to_numpy(), rows["y"].to_numpy(), ".", markersize=3)
            if limits is not None:
                axes.set(xlim=limits[0], ylim=limits[1])
        else:
            grid = count_cells(self._product, first, second, bins=(bins, bins), limits=limits, where=where)
            _draw_grid(axes, grid)
        axes.set(xlabel=self._label(x), ylabel=self._label(y), title=self._product.display_name)
        return axes

    def sky(self, *, bins: int | None = None, where: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the numbers of rows per square degree on the sky; right ascension increases to the left.

        The cells have equal areas. A region across 0° is drawn in one piece, with right ascensions below 0°.

        Parameters
        ----------
        bins
            Number of cells in each direction; by default 100, and fewer where the product has few rows.
        """
        import numpy as np

        if bins is None:
            bins = _fitting_cells(self._product.row_count)
        ra_column, dec_column = self._product.positions("be drawn on the sky")
        ra, sine = delimited(ra_column), f"SIN(RADIANS({delimited(dec_column)}))"
        shifted = f"MOD({ra} + 180.0, 360.0)"
        from_zero, from_half, heights = limits_of(self._product, ra, shifted, sine, where=where)
        x, x_limits, offset = ra, from_zero, 0.0
        if from_half[1] - from_half[0] < from_zero[1] - from_zero[0]:
            x, x_limits, offset = shifted, from_half, -_FULL_CIRCLE / 2
        grid = count_cells(self._product, x, sine, bins=(bins, bins), limits=(x_limits, heights), where=where)
        sines = np.clip(grid.y_edges, -1.0, 1.0)
        area = np.degrees(np.diff(sines))[:, None] * np.diff(grid.x_edges)[None, :]
        axes = _axes(ax)
        _draw_cells(axes, grid.x_edges + offset, np.degrees(np.arcsin(sines)), grid.counts / area, "Rows per deg²")
        axes.set(xlabel="Right ascension (deg)", ylabel="Declination (deg)", title=self._product.display_name)
        axes.invert_xaxis()
        return axes

    def counts(
        self,
        column: str,
        *,
        bins: int = 100,
        limits: tuple[float, float] | None = None,
        where: str | None = None,
    ) -> Histogram:
        """Return the numbers behind `histogram`."""
        return count_rows(self._product, named(self._product, column), bins=bins, limits=limits, where=where)

    def _histogram(
        self,
        column: str,
        label: str,
        *,
        bins: int,
        limits: tuple[float, float] | None,
        where: str | None,
        ax: Axes | None,
    ) -> Axes:
        found = self.counts(column, bins=bins, limits=limits, where=where)
        axes = _axes(ax)
        axes.stairs(found.counts, found.edges, fill=True, alpha=0.5)
        axes.set(xlabel=self._label(column), ylabel=label, title=self._product.display_name)
        return axes

    def _redshift_column(self) -> str:
        columns = self._product.columns
        for column in columns:
            if column.meaning == "z":
                return column.name
        for column in columns:
            if column.ucd is not None and column.ucd.lower().startswith("src.redshift"):
                return column.name
        message = f"No column is known to have redshifts; name one of {', '.join(columns.names)}."
        raise ValueError(message)

    def _label(self, column: str) -> str:
        unit = self._product.columns[column].unit
        return f"{column} ({unit})" if unit else column


def _fitting_cells(rows: int | None) -> int:
    """Return a number of cells in each direction so that most cells with rows have more than one."""
    most = 100
    return most if rows is None else min(most, max(10, isqrt(rows // _ROWS_OF_A_CELL)))


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as e:
        message = "matplotlib is not installed: pip install matplotlib"
        raise ImportError(message) from e
    return plt.subplots()[1]


def _draw_grid(axes: Axes, grid: Grid) -> None:
    _draw_cells(axes, grid.x_edges, grid.y_edges, grid.counts, "Rows per cell")


def _draw_cells(
    axes: Axes,
    x_edges: npt.NDArray[np.float64],
    y_edges: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64] | npt.NDArray[np.int64],
    label: str,
) -> None:
    import numpy as np

    shown = np.ma.masked_equal(values, 0)
    mesh = axes.pcolormesh(x_edges, y_edges, shown)
    axes.figure.colorbar(mesh, ax=axes, label=label)
