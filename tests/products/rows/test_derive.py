"""Rows become sorted Parquet, and what they hold is found out on the way."""

import stat
from itertools import pairwise
from pathlib import Path

import astropy.units as u
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from cdshealpix.nested import healpix_to_skycoord, skycoord_to_healpix
from mocpy import MOC

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError
from products.inspection.inspection import Inspection
from products.rows.derive import Meanings, derive_rows
from tests.products.rows.tables import MemoryReader, random_catalogue, silent, stored_table

_SMALL_MEMORY = 100_000


def derive(table: pa.Table, folder: Path, *, meanings: Meanings | None = None, memory: int = 10**8, **reader: object):
    target = folder / "rows.parquet"
    target.unlink(missing_ok=True)
    found = derive_rows(
        MemoryReader(table, **reader),
        target,
        meanings=meanings,
        progress=silent,
        scratch=folder,
        memory_bytes=memory,
    )
    return found, stored_table(target)


def assert_same(rows: pa.Table, expected: pa.Table) -> None:
    """Compare rows with their source, whose NaN are null in the rows, as are infinite positions."""
    assert rows.schema.equals(expected.schema)
    for name in expected.column_names:
        left, right = (table[name].combine_chunks() for table in (rows, expected))
        if pa.types.is_floating(left.type):
            values = right.to_numpy(zero_copy_only=False)
            missing = ~np.isfinite(values) if name in {"ra", "dec"} else np.isnan(values)
            assert left.is_null().to_numpy(zero_copy_only=False).tolist() == missing.tolist()
            right = pa.array(values, right.type, mask=missing)
            np.testing.assert_array_equal(left.to_numpy(zero_copy_only=False), right.to_numpy(zero_copy_only=False))
        else:
            assert left.equals(right), name


@pytest.fixture(scope="module")
def catalogue() -> pa.Table:
    return random_catalogue(20_000)


def expected_order(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    ra = table["ra"].to_numpy(zero_copy_only=False)
    dec = table["dec"].to_numpy(zero_copy_only=False)
    good = np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90) & (ra >= -180) & (ra <= 360)
    key = np.full(len(ra), np.iinfo(np.int64).max)
    for row in np.flatnonzero(good):
        key[row] = 0
    key[good] = skycoord_to_healpix(SkyCoord(ra[good] % 360, dec[good], unit="deg"), 29).astype(np.int64)
    return np.lexsort((np.arange(len(key)), key)), good


@pytest.mark.parametrize("memory", [10**8, _SMALL_MEMORY])
def test_rows_are_those_of_the_source_sorted_by_healpix(catalogue, tmp_path, memory) -> None:
    found, rows = derive(catalogue, tmp_path, memory=memory)
    order, good = expected_order(catalogue)
    assert found.meanings == Meanings("ra", "dec", "redshift")
    assert_same(rows.drop_columns(HEALPIX_COLUMN), catalogue.take(order))
    assert rows[HEALPIX_COLUMN].null_count == np.count_nonzero(~good) == found.ranges.no_position
    placed = rows.slice(0, int(good.sum()))
    cells = healpix_to_skycoord(placed[HEALPIX_COLUMN].to_numpy().astype("u8"), 29)
    there = SkyCoord(placed["ra"].to_numpy(), placed["dec"].to_numpy(), unit="deg")
    assert there.separation(cells).max() < 1 * u.mas
    assert np.all(np.diff(placed[HEALPIX_COLUMN].to_numpy()) >= 0)


def test_both_ways_of_sorting_give_the_same_rows_and_leave_nothing_behind(catalogue, tmp_path) -> None:
    _, in_memory = derive(catalogue, tmp_path)
    _, merged = derive(catalogue, tmp_path, memory=_SMALL_MEMORY)
    assert_same(merged, in_memory)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize("memory", [10**8, _SMALL_MEMORY])
def test_rows_without_positions_keep_their_order(catalogue, tmp_path, memory) -> None:
    table = catalogue.drop_columns(["ra", "dec"])
    found, rows = derive(table, tmp_path, memory=memory, knows_rows=False)
    assert_same(rows, table)
    assert found.meanings == Meanings(None, None, "redshift")
    assert found.moc is None
    assert found.density_map is None


def test_the_file_is_read_only_and_has_statistics_and_small_row_groups(catalogue, tmp_path) -> None:
    derive(catalogue, tmp_path, memory=_SMALL_MEMORY)
    path = tmp_path / "rows.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    metadata = pq.ParquetFile(path).metadata
    assert metadata.num_row_groups == -(-20_000 // 2048)
    index = metadata.schema.names.index(HEALPIX_COLUMN)
    groups = [metadata.row_group(i).column(index) for i in range(metadata.num_row_groups)]
    ends = [(group.statistics.min, group.statistics.max) for group in groups[:-2]]
    assert all(before[1] <= after[0] for before, after in pairwise(ends))
    assert all(group.has_column_index for group in groups)


def test_statistics_agree_with_numpy(catalogue, tmp_path) -> None:
    found, _ = derive(catalogue, tmp_path)
    dec = catalogue["dec"].to_numpy()
    finite = dec[np.isfinite(dec)]
    known = found.statistics["dec"]
    assert (known.minimum, known.maximum) == (finite.min(), finite.max())
    assert known.mean == pytest.approx(finite.mean(), rel=1e-12)
    assert known.std == pytest.approx(finite.std(), rel=1e-12)
    assert (known.nulls, known.infinite) == (1, 0)  # an infinite declination is no value
    ra = catalogue["ra"]
    assert found.statistics["ra"].nulls == ra.null_count + pc.sum(pc.is_nan(ra)).as_py()
    assert found.statistics["survey"].distinct == 3
    assert found.statistics["survey"].ascii is False
    assert (found.statistics["survey"].minimum, found.statistics["survey"].maximum) == (1, 3)
    assert found.statistics["objectId"].unique
    assert found.statistics["zflag"].distinct == 5


def test_columns_are_typed(catalogue, tmp_path) -> None:
    table = catalogue.append_column("plain", pa.array(["a"] * len(catalogue))).append_column(
        "empty", pa.nulls(len(catalogue))
    )
    found, rows = derive(table, tmp_path)
    types = {column.name: (column.datatype, column.arraysize, column.xtype) for column in found.columns}
    assert types["survey"] == ("unicodeChar", "*", None)
    assert types["plain"] == ("char", "*", None)
    assert types["empty"] == ("char", "*", None)
    assert types["seen"] == ("char", "*", "timestamp")
    assert types["pdf"] == ("float", "3", None)
    assert types["tags"] == ("int", "*", None)
    assert types["zflag"] == ("short", None, None)
    assert HEALPIX_COLUMN not in types
    assert rows.schema.field("empty").type == pa.string()


def test_ranges_count_the_rows_that_cannot_be_right(catalogue, tmp_path) -> None:
    found, _ = derive(catalogue, tmp_path)
    ra, dec = (catalogue[name].to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
    z = catalogue["redshift"].to_numpy(zero_copy_only=False)
    assert found.ranges.ra_missing == np.count_nonzero(np.isnan(ra))
    assert found.ranges.ra_outside == np.count_nonzero((ra > 360) | (ra < -180))
    assert found.ranges.ra_negative == np.count_nonzero((ra < 0) & (ra >= -180))
    assert found.ranges.dec_outside == np.count_nonzero(np.isfinite(dec) & (np.abs(dec) > 90)) == 1
    assert found.ranges.dec_missing == 1
    assert found.ranges.z_missing == np.count_nonzero(np.isnan(z))
    assert found.ranges.z_outside == np.count_nonzero(z == -9)
    assert "1 row has a declination outside -90 to 90 degrees." in found.notes


def test_footprint_and_density_agree_with_mocpy(tmp_path) -> None:
    rng = np.random.default_rng(3)
    table = pa.table({"ra": rng.uniform(50, 54, 50_000), "dec": rng.uniform(-30, -27, 50_000)})
    found, rows = derive(table, tmp_path)
    moc = MOC.from_string(found.moc, format="ascii")
    expected = MOC.from_lonlat(
        table["ra"].to_numpy() * u.deg, table["dec"].to_numpy() * u.deg, max_norder=moc.max_order
    )
    assert moc == expected
    assert moc.max_order == 10
    assert found.sky_area_deg2 == pytest.approx(4 * np.cos(np.radians(28.5)) * 3, rel=0.1)
    cells, counts = np.unique(rows[HEALPIX_COLUMN].to_numpy() >> 2 * (29 - found.density_map.order), return_counts=True)
    assert found.density_map.cells == tuple(cells.tolist())
    assert found.density_map.counts == tuple(counts.tolist())


def test_redshift_histogram_agrees_with_numpy(tmp_path) -> None:
    z = np.round(np.random.default_rng(4).gamma(2, 0.3, 10_000), 3)
    found, _ = derive(pa.table({"z": z}), tmp_path)
    histogram = found.redshift_histogram
    # Half of the last decimal is added, so that no value stands on an edge in binary.
    counts, _ = np.histogram(z + 0.0005, bins=np.array(histogram.edges))
    assert histogram.counts == tuple(counts.tolist())
    assert sum(histogram.counts) + histogram.beyond == len(z)
    assert len(histogram.counts) <= 60
    assert histogram.beyond <= 10


def test_inspection_comes_back_from_json_as_it_was(catalogue, tmp_path) -> None:
    found, _ = derive(catalogue, tmp_path)
    assert Inspection.from_json(found.to_json()) == found
    assert found.rows == 20_000
    assert all(len(values) == 10 for values in found.preview.values())
    assert found.preview["tags"][:3] == ([], [1], [2, 2])


def test_a_column_called_like_the_index_keeps_its_values_beside_it(tmp_path) -> None:
    table = pa.table({HEALPIX_COLUMN: pa.array([1.5, 2.5]), "ra": [10.0, 20.0], "dec": [1.0, 2.0]})
    found, _ = derive(table, tmp_path)
    assert [column.name for column in found.columns] == table.column_names
    assert (found.columns[0].datatype, found.statistics[HEALPIX_COLUMN].maximum) == ("double", 2.5)
    stored = pq.read_table(tmp_path / "rows.parquet")
    assert stored.column_names == ["c0", "c1", "c2", HEALPIX_COLUMN]
    assert sorted(stored["c0"].to_pylist()) == [1.5, 2.5]
    assert stored.schema.field(HEALPIX_COLUMN).type == pa.int64()


def test_columns_are_stored_under_names_of_their_own(tmp_path) -> None:
    names = ["z", "Z", "z_1", "c0", "SELECT", "two words", "😀", 'a"b', "a.b", "é", "e\u0301", "_healpix_29"]
    table = pa.table({name: [float(number)] for number, name in enumerate(names)})
    _, rows = derive(table, tmp_path)
    assert rows.column_names == names
    assert [rows[name].to_pylist() for name in names] == [[float(number)] for number in range(len(names))]
    assert pq.read_schema(tmp_path / "rows.parquet").names == [f"c{number}" for number in range(len(names))]


def test_unsigned_numbers_that_no_long_holds_stay_distinct_as_text_with_a_note(tmp_path) -> None:
    values = [2**64 - 1, 2**64 - 2, None]
    table = pa.table({"small": pa.array([1, 2, None], pa.uint64()), "large": pa.array(values, pa.uint64())})
    found, rows = derive(table, tmp_path)
    assert [(column.datatype, column.arraysize) for column in found.columns] == [("long", None), ("char", "*")]
    assert rows["small"].to_pylist() == [1, 2, None]
    assert rows["large"].to_pylist() == ["18446744073709551615", "18446744073709551614", None]
    assert found.statistics["large"].distinct == 2
    assert "'large'" in found.notes[0]


def test_columns_that_cannot_be_a_position_are_refused(catalogue, tmp_path) -> None:
    with pytest.raises(InvalidValueError, match="no column 'nothing'"):
        derive(catalogue, tmp_path, meanings=Meanings("nothing", "dec", None))
    with pytest.raises(InvalidValueError, match="'survey' does not hold numbers"):
        derive(catalogue, tmp_path, meanings=Meanings("survey", "dec", None))


def test_what_progress_raises_ends_the_work_and_leaves_no_file(catalogue, tmp_path) -> None:
    def stop(share: float, sentence: str) -> None:
        if sentence.startswith("Wrote"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        derive_rows(
            MemoryReader(catalogue),
            tmp_path / "rows.parquet",
            meanings=None,
            progress=stop,
            scratch=tmp_path,
            memory_bytes=_SMALL_MEMORY,
        )
    assert list(tmp_path.iterdir()) == []


def test_progress_rises_and_speaks_of_rows(catalogue, tmp_path) -> None:
    told: list[tuple[float, str]] = []
    derive_rows(
        MemoryReader(catalogue),
        tmp_path / "rows.parquet",
        meanings=None,
        progress=lambda share, sentence: told.append((share, sentence)),
        scratch=tmp_path,
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[0][1] == "Read 20 000 of 20 000 rows"
    assert told[-1] == (1.0, "Wrote 20 000 rows")


def test_row_groups_without_an_identifier_are_known_by_filters(tmp_path) -> None:
    rows = 10_000
    numbers = np.random.default_rng(3).permutation(rows) + 10**15
    table = pa.table(
        {
            "ra": np.linspace(0, 359, rows),
            "dec": np.linspace(-89, 89, rows),
            "object_id": numbers,
            "name": [f"object {number}" for number in numbers],
            "flag": numbers % 3,
        }
    )
    derive(table, tmp_path, meanings=Meanings(ra="ra", dec="dec"), memory=_SMALL_MEMORY)
    path = tmp_path / "rows.parquet"
    stored = pq.ParquetFile(path)
    assert stored.num_row_groups > 3

    def may_have(column: str, value: object) -> int:
        probe = "SELECT COUNT(*) FROM parquet_bloom_probe(?, ?, ?) WHERE NOT bloom_filter_excludes"
        (count,) = duckdb.execute(probe, [str(path), column, value]).fetchone()
        return count

    others = 50 * (stored.num_row_groups - 1)
    for column, values in (("c2", [int(number) for number in numbers[:50]]), ("c3", table["name"].to_pylist()[:50])):
        found = [may_have(column, value) for value in values]
        assert min(found) == 1
        assert sum(found) - 50 < 0.2 * others  # 5 % are expected
    assert may_have("c4", 7) == stored.num_row_groups  # repeated values have a dictionary

    derive(table, tmp_path, meanings=Meanings(ra="ra", dec="dec"))  # in one row group, which is read in any case
    assert may_have("c2", 7) == 1
