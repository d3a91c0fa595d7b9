"""Statistics of the columns of user tables: those of all rows, as numpy counts them, in the metadata of TAP."""

from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from sqlalchemy import update

from core.database import Database
from products.models import ColumnSummary
from products.schema import UserTablePartRow
from tap.metadata.rows import tap_schema_rows
from tap.metadata.tableset import table_document
from tap.metadata.user_schemas import UserTables
from tests.products.user_tables.conftest import Tables

COLUMNS = ("id|long", "mag|double", "name|char|*")


def _load(tables: Tables, number: int, folder: Path, rows: list[tuple[int, float | None, str]], job: str) -> None:
    lines = (f"{key},{'' if mag is None else repr(mag)},{name}" for key, mag, name in rows)
    path = folder / f"{job}.csv"
    path.write_text("\n".join(["id,mag,name", *lines, ""]))
    tables.loader.load(number, path, "csv", job, progress=lambda *_: None, scratch=folder)


def _rows(seed: int) -> list[tuple[int, float | None, str]]:
    rng = np.random.default_rng(seed)
    mags = [None if rng.random() < 0.2 else float(mag) for mag in rng.normal(20 + seed, 2, 300)]
    return [(int(rng.integers(2**60)), mag, f"n{rng.integers(20)}") for mag in mags]


def _expected(rows: list[tuple[int, float | None, str]], *, distinct: bool) -> dict[str, ColumnSummary]:
    keys, mags = [row[0] for row in rows], np.array([row[1] for row in rows if row[1] is not None])
    nulls = len(rows) - len(mags)
    different = [len(set(values)) if distinct else None for values in (keys, mags, [row[2] for row in rows])]
    return {
        "id": ColumnSummary(0, min(keys), max(keys), different[0]),
        "mag": ColumnSummary(nulls, mags.min(), mags.max(), different[1]),
        "name": ColumnSummary(0, None, None, different[2]),
    }


def test_statistics_are_those_of_all_rows(tables: Tables, tmp_path: Path):
    number = tables.make("t", *COLUMNS)
    assert tables.service.get(number).summaries == {}
    first, second = _rows(1), _rows(5)
    _load(tables, number, tmp_path, first, "one")
    found = tables.service.get(number).summaries
    for name, known in _expected(first, distinct=True).items():
        assert found[name].distinct == pytest.approx(known.distinct, rel=0.1)  # an estimate above 64
        assert (found[name].nulls, found[name].minimum, found[name].maximum) == (
            known.nulls,
            known.minimum,
            known.maximum,
        )
    assert found["name"].distinct == 20
    _load(tables, number, tmp_path, second, "two")
    assert tables.service.get(number).summaries == _expected([*first, *second], distinct=False)
    tables.loader.merge(number, "merge", progress=lambda *_: None, scratch=tmp_path)
    assert tables.service.get(number).summaries["name"].distinct == len({row[2] for row in [*first, *second]})


def test_columns_without_numbers_have_no_extremes(tables: Tables, tmp_path: Path):
    number = tables.make("t", *COLUMNS)
    _load(tables, number, tmp_path, [(1, None, "a"), (2, None, "b")], "one")
    assert tables.service.get(number).summaries["mag"] == ColumnSummary(2, None, None, 0)
    _load(tables, number, tmp_path, [(3, 1.5, "c")], "two")
    assert tables.service.get(number).summaries["mag"] == ColumnSummary(2, 1.5, 1.5, None)


def test_tap_schema_and_vosi_have_them(tables: Tables, tmp_path: Path):
    number = tables.make("t", *COLUMNS)
    _load(tables, number, tmp_path, [(1, 2.5, "a"), (2, None, "b"), (7, 4.0, "b"), (8, 4.0, "b")], "one")
    provider = UserTables(tables.service, tables.loader.files)
    (table,) = provider.tables(tables.people["owner"], "user_owner")
    names = ["column_name", "min_value", "max_value", "fill_factor", "null_count", "distinct_count"]
    rows = {
        row["column_name"]: tuple(row.values())[1:]
        for row in tap_schema_rows("columns", [table]).select(names).to_pylist()
    }
    assert rows == {"id": (1, 8, 1, 0, 4), "mag": (2.5, 4, 0.75, 1, 2), "name": (None, None, 1, 0, 2)}
    columns = etree.fromstring(table_document(table, "http://x/tap")).findall("column")
    assert [column.get("{http://dc.g-vo.org/ColStats-1}fillFactor") for column in columns] == ["1.0", "0.75", "1.0"]
    (other,) = provider.named(tables.people["owner"], "user_owner", "t")
    assert other.summaries == table.summaries


def test_rows_of_earlier_versions_have_no_statistics(tables: Tables, tmp_path: Path):
    number = tables.make("t", *COLUMNS)
    _load(tables, number, tmp_path, [(1, 2.5, "a")], "one")
    database = Database(f"sqlite:///{tmp_path / 'photoz.sqlite'}")
    with database.write() as session:
        session.execute(update(UserTablePartRow).values(statistics=None))
    database.close()
    assert tables.service.get(number).summaries == {}
    _load(tables, number, tmp_path, [(2, 2.5, "a")], "two")
    assert tables.service.get(number).summaries == {}
    tables.loader.merge(number, "merge", progress=lambda *_: None, scratch=tmp_path)
    assert tables.service.get(number).summaries["id"] == ColumnSummary(0, 1, 2, 2)
