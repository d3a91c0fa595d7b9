"""Histograms equal numpy's on random tables, whatever is in them."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats

from core.photoz.forms import DensityForm
from webui.explorer.plots.binning import SNAP
from webui.explorer.plots.histograms import Histogram, count_histogram
from webui.explorer.plots.queries import SelectedRows
from webui.explorer.quantities import Quantity

ROWS = SelectedRows("t")
random = np.random.default_rng(15)


def with_odd_values(values):
    """Put nulls, NaN and infinities among values."""
    values = np.ma.masked_array(values.copy(), mask=random.uniform(size=len(values)) < 0.1)
    values[:12:4], values[1:12:4], values[2:12:4] = np.nan, np.inf, -np.inf
    return values


CASES = {
    "redshifts": random.gamma(2, 0.4, 5000),
    "rounded": np.round(random.gamma(2, 0.4, 5000), 2),
    "single precision": np.round(random.normal(23, 2, 5000), 1).astype(np.float32),
    "odd values": with_odd_values(random.normal(23, 2, 5000)),
    "NaN alone": np.where(np.arange(300) % 3, random.normal(0, 1, 300), np.nan),
    "flags": random.integers(0, 5, 5000).astype(np.int16),
    "large integers": random.integers(-(10**15), 10**15, 5000),
    "narrow far from zero": 2459000.5 + random.uniform(0, 1e-3, 5000),
    "huge": 1.7e308 * random.uniform(-1, 1, 500),
    "tiny": random.uniform(-1e-300, 1e-300, 500),
    "one row": np.array([0.7]),
    "constant": np.full(300, 42.0),
    "constant zero": np.zeros(300),
    "constant integer": np.full(300, 7),
}


def as_numpy(values) -> np.ndarray:
    array = np.ma.filled(np.ma.masked_array(values).astype(np.float64), np.nan)
    return array[np.isfinite(array)]


def check(found: Histogram, values) -> np.ndarray:
    """Compare counts with those of numpy between the same edges; return the edges."""
    finite = as_numpy(values)
    assert found.binning is not None
    edges = found.binning.edges
    assert len(edges) == len(found.counts) + 1
    step = np.diff(np.log10(edges[:2]) if found.binning.is_log else edges[:2])[0]
    snapped = edges * 10 ** (-step * SNAP / 10) if found.binning.is_log else edges - step * SNAP / 10
    np.testing.assert_array_equal(found.counts, np.histogram(finite, snapped)[0])
    assert found.rows == len(values)
    assert found.drawn == found.counts.sum()
    return edges


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_counts_are_those_of_numpy(plotted, values):
    table = plotted(x=values)
    found = table.computed(count_histogram(ROWS, Quantity.parse("x", table.described)))
    edges = check(found, values)
    finite = as_numpy(values)
    assert found.drawn == len(finite)
    assert found.beyond == 0
    assert edges[0] <= finite.min()
    assert finite.max() <= edges[-1] + np.diff(edges)[0] * SNAP
    assert len(found.counts) <= 140
    assert len(table.queries) == 3


def test_logarithmic_bins_leave_out_what_is_not_positive(plotted):
    values = np.concatenate([10 ** random.uniform(-3, 5, 3000), -random.uniform(0, 1, 500), np.zeros(7)])
    table = plotted(x=values)
    found = table.computed(count_histogram(ROWS, Quantity.parse("x", table.described), is_log=True))
    check(found, values)
    assert found.drawn == 3000
    assert found.binning.edges[0] < 1.2e-3


def test_a_colour_is_the_difference_of_two_columns(plotted):
    g, r = random.normal(24, 1, 2000), with_odd_values(random.normal(23, 1, 2000))
    table = plotted(**{"g-mag": g, "r mag": r})
    quantity = Quantity.parse('"g-mag"-"r mag"', table.described)
    assert quantity.label == "g-mag \N{MINUS SIGN} r mag"
    found = table.computed(count_histogram(ROWS, quantity, bins=20))
    difference = g - np.ma.filled(r, np.nan)
    check(found, difference)
    assert 8 <= len(found.counts) <= 25


def test_a_selection_without_rows_or_values_has_no_bins(plotted):
    table = plotted(x=np.array([np.nan, np.inf, 1.0]))
    quantity = Quantity.parse("x", table.described)
    found = table.computed(count_histogram(SelectedRows("t", "x > 2 AND x < 3"), quantity))
    assert (found.binning, found.rows, found.drawn) == (None, 0, 0)
    found = table.computed(count_histogram(SelectedRows("t", "NOT x < 3"), quantity))
    assert (found.binning, found.rows, found.drawn) == (None, 2, 0)


@pytest.mark.parametrize("outlier", [1e4, 1e30, -9.9e200], ids=str)
def test_outliers_do_not_press_the_others_into_one_bin(plotted, outlier):
    values = np.concatenate([random.normal(23, 1, 9996), np.full(4, outlier)])
    table = plotted(x=values)
    found = table.computed(count_histogram(ROWS, Quantity.parse("x", table.described)))
    edges = check(found, values)
    assert found.beyond >= 4
    assert found.drawn > 9980
    assert edges[-1] - edges[0] < 15
    assert len(table.queries) <= 7


def test_integers_are_in_the_middle_of_their_bins(plotted):
    table = plotted(x=np.repeat(np.arange(5), 10))
    found = table.computed(count_histogram(ROWS, Quantity.parse("x", table.described)))
    np.testing.assert_array_equal(found.binning.edges, np.arange(6) - 0.5)


def test_rounded_values_leave_no_gaps(plotted):
    values = np.round(random.uniform(0.4, 0.9, 3000) * 50) / 50
    table = plotted(x=values)
    found = table.computed(count_histogram(ROWS, Quantity.parse("x", table.described)))
    check(found, values)
    assert found.counts.all()
    assert np.isclose(found.binning.width, 0.02)


def test_the_sum_of_densities_has_the_same_bins(plotted):
    grid, z = np.linspace(0, 3, 301), random.uniform(0.5, 2.5, 200)
    densities = np.exp(-0.5 * ((grid - z[:, None]) / 0.1) ** 2) / (0.1 * np.sqrt(2 * np.pi))
    form = DensityForm("interp", 301, tuple(grid.tolist())).to_json()
    kind = pa.field("pz", pa.list_(pa.float64(), 301), metadata={"density": form})
    table = plotted(z=z, pz=(kind, pa.array(densities.tolist(), kind.type)))
    found = table.computed(count_histogram(ROWS, Quantity.parse("z", table.described), densities="pz"))
    edges = found.binning.edges
    cdf = scipy.stats.norm(z[:, None], 0.1).cdf(edges)
    np.testing.assert_allclose(found.stacked, np.diff(cdf, axis=1).sum(axis=0), atol=0.15)
    np.testing.assert_allclose(found.stacked.sum(), np.diff(cdf, axis=1).sum(), rtol=0.01)


def test_many_rows_have_finer_bins(plotted):
    for rows, width in ((1000, 0.1), (100_000, 0.05)):
        table = plotted(x=random.uniform(0, 6, rows))
        found = table.computed(count_histogram(ROWS, Quantity.parse("x", table.described)))
        assert np.isclose(found.binning.width, width), rows
