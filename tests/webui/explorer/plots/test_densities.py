"""Two columns against each other: cells equal numpy's, and few rows are points."""

import numpy as np
import pytest

from tests.webui.explorer.plots.test_histograms import with_odd_values
from webui.explorer.plots.binning import SNAP
from webui.explorer.plots.densities import MOST_POINTS, Cells, Points, plot_plane
from webui.explorer.plots.queries import SelectedRows
from webui.explorer.plots.specifications import PlotSpecification

ROWS = SelectedRows("t")
random = np.random.default_rng(16)
MANY = MOST_POINTS + 3000


def drawn(plotted, text, rows=ROWS, **columns):
    table = plotted(**columns)
    return table.computed(plot_plane(rows, PlotSpecification.parse(text, table.described)))


def snapped(binning) -> np.ndarray:
    edges = binning.edges
    if binning.is_log:
        return edges * 10 ** (-binning.width * SNAP)
    return edges - binning.width * SNAP


def finite(*columns):
    arrays = [np.ma.filled(np.ma.masked_array(column).astype(float), np.nan) for column in columns]
    known = np.isfinite(arrays[0]) & np.isfinite(arrays[1])
    return [array[known] for array in arrays]


def as_grid(plane, values) -> np.ndarray:
    grid = np.zeros((plane.x.count, plane.y.count))
    grid[plane.content.columns, plane.content.lines] = values
    return grid


@pytest.mark.parametrize("text", ["xy:x,y", "xy:x,y;logx;bins=30", "xy:x,n", "xy:x,y;colour=n"])
def test_cells_are_those_of_numpy(plotted, text):
    columns = {
        "x": with_odd_values(random.gamma(2, 0.4, MANY) + 1e-3),
        "y": with_odd_values(np.round(random.normal(23, 2, MANY), 2)),
        "n": random.integers(0, 9, MANY).astype(np.int16),
    }
    plane = drawn(plotted, text, **columns)
    assert isinstance(plane.content, Cells)
    vertical = "n" if "xy:x,n" in text else "y"
    x, y, n = finite(columns["x"], columns[vertical], columns["n"])
    bins = (snapped(plane.x), snapped(plane.y))
    counts = np.histogram2d(x, y, bins=bins)[0]
    np.testing.assert_array_equal(as_grid(plane, plane.content.counts), counts)
    assert plane.drawn == counts.sum()
    assert plane.drawn + plane.beyond == len(x)
    assert plane.rows == MANY
    if "colour" in text:
        sums = np.histogram2d(x, y, bins=bins, weights=n)[0]
        means = np.divide(sums, counts, where=counts > 0, out=np.zeros_like(sums))
        np.testing.assert_allclose(as_grid(plane, plane.content.means), means)


def test_a_cell_without_any_colour_has_no_mean(plotted):
    colour = np.where(np.arange(MANY) % 2, np.nan, 3.0)
    plane = drawn(plotted, "xy:x,x;colour=c", x=np.arange(MANY) % 2 * 1.0, c=colour)
    np.testing.assert_array_equal(plane.content.means, [3.0, np.nan])


def test_few_rows_are_points(plotted):
    x, y = with_odd_values(random.normal(1, 1, 500)), random.normal(20, 1, 500)
    plane = drawn(plotted, "xy:x,y;colour=y", x=x, y=y)
    known = finite(x, y)
    assert isinstance(plane.content, Points)
    np.testing.assert_array_equal(np.sort(plane.content.x), np.sort(known[0]))
    np.testing.assert_array_equal(np.sort(plane.content.colours), np.sort(known[1]))
    assert (plane.rows, plane.drawn, plane.beyond) == (500, len(known[0]), 0)


@pytest.mark.parametrize("rows", [1000, MANY])
def test_outliers_lie_beyond_the_axes(plotted, rows):
    x, y = random.normal(1, 0.1, rows), random.normal(23, 1, rows)
    outliers = rows // 2500 + 0
    x[:outliers], y[-outliers or rows :] = 1e25, -9999
    plane = drawn(plotted, "xy:x,y", x=x, y=y)
    low, high = plane.y.limits
    assert high - low < (15 if outliers else np.inf)
    assert plane.x.limits[1] < (3 if outliers else np.inf)
    assert plane.drawn + plane.beyond == rows


def test_a_selection_without_rows_has_no_axes(plotted):
    plane = drawn(plotted, "xy:x,y;logx", x=np.array([-1.0, np.nan]), y=np.array([1.0, 1.0]))
    assert (plane.x, plane.content, plane.rows, plane.drawn) == (None, None, 2, 0)


@pytest.mark.parametrize("value", [0.0, 17.5, -1e-9])
def test_one_row_is_one_point(plotted, value):
    plane = drawn(plotted, "xy:x,y", x=np.array([value]), y=np.array([7]))
    assert plane.drawn == 1
    assert plane.x.limits[0] < plane.x.limits[1]
