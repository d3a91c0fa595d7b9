"""Unique indexes hold for rows of later loads, and errors of loads name the row."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from core.errors import ConflictError, InvalidValueError
from products.user_tables.models import TablePart
from tests.products.user_tables.conftest import Tables


def _load(tables: Tables, number: int, folder: Path, text: str, job: str) -> int:
    path = folder / "rows.csv"
    path.write_text(text)
    return tables.loader.load(number, path, "csv", job, progress=lambda *_: None, scratch=folder)


def test_a_unique_index_holds_for_rows_that_are_loaded_later(tables: Tables, tmp_path: Path):
    number = tables.make("t", "id|long", "name|char|*", "ra|double||pos.eq.ra", "dec|double||pos.eq.dec")
    _load(tables, number, tmp_path, "id,name,ra,dec\n1,a,30,5\n2,b,10,1\n,,1,1\n", "one")
    for column in ("id", "name"):
        tables.loader.require_unique(number, column)
        tables.service.add_index(number, column, unique=True)
    for rows, said in (
        ("id,name\n3,c\n9,a\n", "In row 2, the value 'a' of the column 'name'"),
        ("id,name\n2,x\n", "In row 1, the value '2' of the column 'id'"),
        ("id,name,ra,dec\n5,e,200,1\n6,f,100,2\n5,g,1,1\n", "In row 3, the value '5' of the column 'id'"),
    ):
        with pytest.raises(InvalidValueError, match=said):
            _load(tables, number, tmp_path, rows, said)
    assert tables.service.get(number).rows == 3
    assert len(tables.loader.files.names()) == 1
    assert _load(tables, number, tmp_path, "id,name\n3,c\n,\n,\n", "two") == 3  # null may occur more than once
    for job in range(20):  # parts are merged on the way
        assert _load(tables, number, tmp_path, f"id,name\n{job + 10},n{job}\n", f"more{job}") == 1
    with pytest.raises(InvalidValueError, match="'15'"):
        _load(tables, number, tmp_path, "id\n15\n", "late")


def test_a_plain_index_takes_duplicates(tables: Tables, tmp_path: Path):
    number = tables.make("t", "id|long")
    tables.service.add_index(number, "id")
    assert _load(tables, number, tmp_path, "id\n1\n1\n", "one") == 2
    with pytest.raises(InvalidValueError, match="occur more than once"):
        tables.loader.require_unique(number, "id")


def test_rows_that_came_at_the_same_time_are_compared_again(tables: Tables, tmp_path: Path):
    number = tables.make("t", "id|long")
    tables.service.add_index(number, "id", unique=True)
    before = tables.service.get(number).parts
    _load(tables, number, tmp_path, "id\n1\n", "one")
    with pytest.raises(ConflictError, match="at the same time"):
        tables.service.add_part(number, TablePart(0, "file", 1, 1), "two", beside=before)


def test_a_value_of_another_type_is_named_with_its_row(tables: Tables, tmp_path: Path):
    number = tables.make("t", "id|int")
    rows = [str(value) for value in range(70_000)]
    rows[65_999] = "north"
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": rows}), path, row_group_size=10_000)
    with pytest.raises(
        InvalidValueError, match="In row 66000, the value 'north' of the column 'id' is not of the type"
    ):
        tables.loader.load(number, path, "parquet", "one", progress=lambda *_: None, scratch=tmp_path)
    with path.open("wb") as file:
        pc_csv.write_csv(pa.table({"id": rows}), file)
    with pytest.raises(
        InvalidValueError, match="In row 66000, the value 'north' of the column 'id' is not of the type"
    ):
        tables.loader.load(number, path, "csv", "one", progress=lambda *_: None, scratch=tmp_path)
