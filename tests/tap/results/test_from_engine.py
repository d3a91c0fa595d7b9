"""Engine and result writers together: rows of DuckDB against what a reader finds."""

import io

import pyarrow as pa
import pytest
from astropy.io.votable import parse
from lxml import etree

from core.columns import Column
from core.votable import TableDescription, votable_columns
from tap.engine import DuckDBEngine, EngineQuery, EngineTable
from tap.results import RESULT_FORMATS

NUMBERS = EngineTable("s", "t", data=pa.table({"n": pa.array([2**62, 2**62 - 1, None]), "name": ["ä", "b", None]}))


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with DuckDBEngine(workers=1, waiting=0, temp_folder=tmp_path_factory.mktemp("engine")) as engine:
        yield engine


def document(engine, sql: str, columns: list[Column], name: str = "votable") -> bytes:
    with engine.open(EngineQuery(sql, (NUMBERS,), 10, 300_000_000, 1, 0)) as stream:
        description = TableDescription(votable_columns(columns, stream.schema))
        return b"".join(RESULT_FORMATS[name].write(description, stream, limit=None))


@pytest.mark.parametrize("name", ["votable", "votable-tabledata", "votable-binary"])
def test_expressions_of_every_type_arrive(engine, name):
    sql = (
        "SELECT SUM(n) AS total, AVG(n) AS mean, COUNT(*) AS rows, MAX(name) AS last, 1.25 AS fraction, "
        "TRUE AS yes, TIMESTAMP '2026-11-23 01:02:03' AS moment, NULL AS nothing, [1.0::DOUBLE, 2.0] AS pair FROM s.t"
    )
    columns = [
        Column("total", "long"), Column("mean", "double"), Column("rows", "int"), Column("last", "unicodeChar", "*"),
        Column("fraction", "double"), Column("yes", "int"), Column("moment", "char", "*"), Column("nothing", "double"),
        Column("pair", "double", "2", xtype="point"),
    ]  # fmt: skip
    row = parse(io.BytesIO(document(engine, sql, columns, name)), verify="exception").get_first_table().array[0]
    assert (row["total"], row["rows"], row["last"], row["fraction"]) == (2**63 - 1, 3, "ä", 1.25)
    assert row["yes"] == 1
    assert str(row["moment"]) == "2026-11-23T01:02:03"
    assert list(row["pair"]) == [1.0, 2.0]


def test_a_sum_beyond_64_bits_ends_the_table_with_an_error(engine):
    root = etree.fromstring(document(engine, "SELECT SUM(n) * 2 AS total FROM s.t", [Column("total", "long")]))
    infos = [(info.get("value"), info.text) for info in root.iter("{*}INFO")]
    assert infos[0] == ("OK", None)
    assert infos[1][0] == "ERROR"
    assert "total" in infos[1][1]
