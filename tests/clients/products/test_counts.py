"""Rows that the server counts, compared with numpy; and the plots of them."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.table import Table
from pzserver import Product, PzServer
from pzserver.products.counts import count_cells, count_rows

mpl.use("agg")

ROWS = 6000


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(5)
    z = random.normal(1.0, 0.3, ROWS).clip(0, 2)
    z[:3], z[3:6] = 0.0, 2.0  # on the edges
    rows = Table(
        {
            "ra": random.uniform(-2, 3, ROWS) % 360,
            "dec": random.uniform(-30, -20, ROWS),
            "z": z,
            "mag i": 20 + random.exponential(1.0, ROWS),
        }
    )
    rows["mag i"][:100] = np.nan
    rows["mag i"][100:110] = np.inf
    rows["mag i"].unit = "mag"
    return rows


@pytest.fixture(scope="module")
def product(ours: PzServer, table: Table, tmp_path_factory: pytest.TempPathFactory) -> Product:
    table.write(path := tmp_path_factory.mktemp("counts") / "counts.parquet")
    upload = ours.upload(
        "Counted", "redshift_catalog", path, columns={"ra": "RA", "dec": "Dec", "z": "z"}, visibility="private"
    )
    return ours[upload.product_id]


@pytest.mark.parametrize(("bins", "limits"), [(100, None), (7, (0.5, 1.5)), (20, (0.0, 2.0))])
def test_bins_are_those_of_numpy(product, table, bins, limits):
    found = count_rows(product, '"z"', bins=bins, limits=limits)
    counts, edges = np.histogram(table["z"], bins=bins, range=limits)

    np.testing.assert_allclose(found.edges, edges)
    assert found.counts.sum() == counts.sum()
    assert np.abs(found.counts - counts).sum() <= 2  # a value on an inner edge may be rounded to either side


def test_values_that_are_not_finite_are_left_out(product, table):
    finite = np.asarray(table["mag i"])[np.isfinite(table["mag i"])]

    found = product.plot.counts("mag i", bins=30)
    bright = product.plot.counts("mag i", bins=30, where='"mag i" < 21')

    assert (found.counts.sum(), found.edges[0], found.edges[-1]) == (finite.size, finite.min(), finite.max())
    assert bright.counts.sum() == (finite < 21).sum()


def test_cells_are_those_of_numpy(product, table):
    good = np.isfinite(table["mag i"])
    counts, x_edges, y_edges = np.histogram2d(table["z"][good], table["mag i"][good], bins=(10, 5))

    found = count_cells(product, '"z"', '"mag i"', bins=(10, 5))

    np.testing.assert_allclose(found.x_edges, x_edges)
    np.testing.assert_allclose(found.y_edges, y_edges)
    assert np.abs(found.counts - counts.T).sum() <= 2


def test_plots_show_the_counts_with_names_and_units(product, table):
    nz = product.plot.nz(bins=10)
    (patch,) = nz.patches
    cells = product.plot.scatter("z", "mag i", bins=20)
    few = product.plot.scatter("z", "mag i", where="z < 0.5", ax=nz)

    assert (nz.get_title(), patch.get_data().values.sum()) == ("Counted", ROWS)
    assert (cells.get_xlabel(), cells.get_ylabel()) == ("z", "mag i (mag)")
    assert cells.collections[0].get_array().sum() == np.isfinite(table["mag i"]).sum()
    assert few is nz


def test_the_sky_across_zero_is_drawn_in_one_piece(product):
    axes = product.plot.sky(bins=20)
    mesh = axes.collections[0]
    corners = mesh.get_coordinates()
    area = 5.0 * np.degrees(np.sin(np.radians(-20.0)) - np.sin(np.radians(-30.0)))

    assert corners[..., 0].min() == pytest.approx(-2, abs=0.01)
    assert corners[..., 0].max() == pytest.approx(3, abs=0.01)
    assert corners[..., 1].min() == pytest.approx(-30, abs=0.01)
    assert mesh.get_array().mean() == pytest.approx(ROWS / area, rel=0.01)
    assert axes.xaxis_inverted()


def test_what_cannot_be_drawn_is_said(product):
    with pytest.raises(KeyError, match="no column 'zz'; there are ra, dec, z, mag i"):
        product.plot.nz("zz")
    with pytest.raises(ValueError, match="No row has finite values"):
        product.plot.nz(where="z > 5")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")
