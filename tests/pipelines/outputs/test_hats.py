"""HATS catalogues: cells as cdshealpix finds them, and read back whole."""

from importlib.util import find_spec
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord, search_around_sky
from cdshealpix.nested import lonlat_to_healpix
from mocpy import MOC

from core.errors import InvalidValueError
from pipelines.outputs import write_hats
from pipelines.training import open_objects

_POSITION = ("ra_specz", "dec_specz")


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0, 360, 2000), np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    field = pa.field("ra_specz", pa.float64(), metadata={"unit": "deg"})
    schema = pa.schema([pa.field("id", pa.int64()), field, pa.field("dec_specz", pa.float64())])
    return pa.table([np.arange(2000), ra, dec], schema=schema)


def test_every_row_is_in_the_file_of_its_cell(table: pa.Table, tmp_path: Path) -> None:
    write_hats(table, tmp_path / "made", _POSITION, rows_in_file=50)
    files = list((tmp_path / "made" / "catalog" / "dataset").rglob("Npix=*.parquet"))
    read = []
    for file in files:
        order, pixel = (int(p.split("=")[1]) for p in (file.parts[-3], file.stem))
        part = pq.read_table(file, partitioning=None)
        assert part.num_rows <= 50
        places = SkyCoord(part["ra_specz"].to_numpy() * u.deg, part["dec_specz"].to_numpy() * u.deg)
        moc = MOC.from_healpix_cells(np.array([pixel]), np.array([order]), max_depth=order)
        assert moc.contains_skycoords(places).all()
        read.extend(part["id"].to_pylist())
    assert sorted(read) == list(range(2000))
    lines = (tmp_path / "made" / "catalog" / "partition_info.csv").read_text().splitlines()
    assert len(lines) == len(files) + 1


def test_it_is_read_as_an_object_catalogue_with_its_units(table: pa.Table, tmp_path: Path) -> None:
    write_hats(table, tmp_path / "made", _POSITION)
    opened = open_objects(tmp_path / "made")
    assert (opened.position, opened.rows) == (_POSITION, 2000)
    assert opened.schema.field("ra_specz").metadata[b"unit"] == b"deg"
    assert ds.dataset(tmp_path / "made" / "catalog" / "dataset", format="parquet").count_rows() == 2000


@pytest.fixture
def pairs() -> pa.Table:
    """Pairs of rows about an arcsecond apart, many of them across a border of the 48 cells of order 1."""
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))
    # Along the meridians and the equator run borders of cells; the poles are corners of four.
    ra[:600], dec[600:1200] = rng.choice([0.0, 45.0, 90.0, 180.0, 315.0], 600), 0.0
    dec[1200:1203], dec[1203:1206] = 89.9999, -89.9999
    centre = SkyCoord(ra, dec, unit="deg")
    near = centre.directional_offset_by(rng.uniform(0, 360, 3000) * u.deg, rng.uniform(0.1, 1.5, 3000) * u.arcsec)
    both = {"ra": np.concatenate([ra, near.ra.deg]), "dec": np.concatenate([dec, near.dec.deg])}
    return pa.table({"id": np.arange(6000), **both})


def _cells(folder: Path) -> dict[tuple[int, int], set[int]]:
    found = {}
    for file in (folder / "dataset").rglob("Npix=*.parquet"):
        order, pixel = (int(p.split("=")[1]) for p in (file.parts[-3], file.stem))
        found[order, pixel] = set(pq.read_table(file, partitioning=None)["id"].to_pylist())
    return found


def test_the_margin_of_a_cell_has_all_rows_of_others_within_five_arcseconds(pairs: pa.Table, tmp_path: Path) -> None:
    write_hats(pairs, tmp_path / "made", ("ra", "dec"), rows_in_file=200)
    own, margin = (_cells(tmp_path / "made" / name) for name in ("catalog", "margin_5arcs"))
    assert all(not rows & own.get(cell, set()) for cell, rows in margin.items())
    places = SkyCoord(pairs["ra"].to_numpy(), pairs["dec"].to_numpy(), unit="deg")
    crossing = 0
    for angle in range(0, 360, 15):
        around = places.directional_offset_by(angle * u.deg, 4.99 * u.arcsec)
        for order, pixel in own.keys() | margin.keys():
            reached = np.flatnonzero(lonlat_to_healpix(around.ra, around.dec, order).astype(int) == pixel)
            outside = set(reached.tolist()) - own.get((order, pixel), set())
            crossing += len(outside)
            assert outside <= margin.get((order, pixel), set())
    assert crossing > 1000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # libraries of LSDB warn of one another's changes
@pytest.mark.skipif(find_spec("lsdb") is None, reason="the extra 'dask' is not installed")
def test_lsdb_opens_the_collection_with_its_margin_and_finds_matches_across_borders(
    pairs: pa.Table, tmp_path: Path
) -> None:
    import dask
    import lsdb

    write_hats(pairs, tmp_path / "a name", ("ra", "dec"), rows_in_file=2000)
    opened = lsdb.open_catalog(tmp_path / "a name")
    assert opened.margin.hc_structure.catalog_info.margin_threshold == 5
    with dask.config.set(scheduler="synchronous"):
        assert len(opened.compute()) == 6000
        matched = opened.crossmatch(
            opened, n_neighbors=20, radius_arcsec=1.4, suffixes=("_left", "_right"), suffix_method="all_columns"
        ).compute()
    found = set(zip(matched["id_left"].tolist(), matched["id_right"].tolist(), strict=True))
    places = SkyCoord(pairs["ra"].to_numpy(), pairs["dec"].to_numpy(), unit="deg")
    left, right, _, _ = search_around_sky(places, places, 1.4 * u.arcsec)
    assert found == set(zip(left.tolist(), right.tolist(), strict=True))
    assert len(found) > 10_000


def test_rows_without_a_position_are_refused_and_nothing_is_left(table: pa.Table, tmp_path: Path) -> None:
    broken = pa.concat_tables([table, pa.table([[1], [None], [0.0]], schema=table.schema)])
    with pytest.raises(InvalidValueError, match="1 of 2001 rows have none in 'ra_specz'"):
        write_hats(broken, tmp_path / "made", _POSITION)
    assert not list(tmp_path.iterdir())
