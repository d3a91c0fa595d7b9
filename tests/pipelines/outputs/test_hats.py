"""HATS catalogues: cells as cdshealpix finds them, and read back whole."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
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
    files = list((tmp_path / "made" / "dataset").rglob("Npix=*.parquet"))
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
    lines = (tmp_path / "made" / "partition_info.csv").read_text().splitlines()
    assert len(lines) == len(files) + 1


def test_it_is_read_as_an_object_catalogue_with_its_units(table: pa.Table, tmp_path: Path) -> None:
    write_hats(table, tmp_path / "made", _POSITION)
    opened = open_objects(tmp_path / "made")
    assert (opened.position, opened.rows) == (_POSITION, 2000)
    assert opened.schema.field("ra_specz").metadata[b"unit"] == b"deg"
    assert ds.dataset(tmp_path / "made" / "dataset", format="parquet").count_rows() == 2000


def test_rows_without_a_position_are_refused_and_nothing_is_left(table: pa.Table, tmp_path: Path) -> None:
    broken = pa.concat_tables([table, pa.table([[1], [None], [0.0]], schema=table.schema)])
    with pytest.raises(InvalidValueError, match="1 of 2001 rows have none in 'ra_specz'"):
        write_hats(broken, tmp_path / "made", _POSITION)
    assert not list(tmp_path.iterdir())
