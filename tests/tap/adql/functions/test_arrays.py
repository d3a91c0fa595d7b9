"""Functions, elements and slices of arrays against numpy."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from core.columns import Column
from tap.adql import Catalog, CatalogTable, QueryError, translate
from tap.engine.duckdb.functions import register_kernels

_TABLE = CatalogTable(
    "cat.spectra",
    (
        Column("id", "int"),
        Column("flux", "float", "*", unit="nJy", ucd="phot.flux", density='{"name":"norm","size":2}'),
        Column("fixed", "double", "3"),
        Column("counts", "long", "*"),
        Column("words", "unicodeChar", "*"),
    ),
    None,
    sorted_by_healpix=False,
    engine_schema="products",
    engine_table="t",
)
_FLUX = [[1.5, 2.5, 4.0], [], None, [3.0, None, 5.0], [7.0]]
_FIXED = [[1.0, 2.0, 3.0], [0.0, 0.0, 1.0], [1.0, None, 1.0], None, [float("inf"), float("-inf"), 1.0]]
_COUNTS = [[1, 2, 3], [2**62, 5], [7], [], None]


@pytest.fixture(scope="module")
def engine():
    connection = duckdb.connect()
    connection.execute("SET integer_division=true; SET ieee_floating_point_ops=false; SET threads=1")
    register_kernels(connection)
    connection.execute("CREATE SCHEMA products")
    table = {
        "id": pa.array(range(5), pa.int32()),
        "flux": pa.array(_FLUX, pa.list_(pa.float32())),
        "fixed": pa.array(_FIXED, pa.list_(pa.float64(), 3)),  # an ARRAY of the engine, as uploads have them
        "counts": pa.array(_COUNTS, pa.list_(pa.int64())),
        "words": pa.array(["a"] * 5),
    }
    connection.register("incoming", pa.table(table))
    connection.execute("CREATE TABLE products.t AS SELECT * FROM incoming")
    return connection


def rows(engine, query: str) -> list[tuple]:
    return engine.sql(translate(query, Catalog([_TABLE])).sql).fetchall()


def values(engine, expression: str) -> list:
    return [value for (value,) in rows(engine, f"SELECT {expression} FROM cat.spectra ORDER BY id")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("arr_sum(flux)", [8.0, None, None, 8.0, 7.0]),
        ("arr_avg(flux)", [np.mean(_FLUX[0]), None, None, 4.0, 7.0]),
        ("arr_min(flux)", [1.5, None, None, 3.0, 7.0]),
        ("arr_max(flux)", [4.0, None, None, 5.0, 7.0]),
        ("arr_stddev(flux)", [pytest.approx(np.std(_FLUX[0], ddof=1)), None, None, pytest.approx(2**0.5), None]),
        ("arr_stddev(fixed)", [1.0, pytest.approx(3**-0.5), 0.0, None, None]),
        ("arr_count(flux)", [3, 0, None, 2, 1]),
        ("arr_length(flux)", [3, 0, None, 3, 1]),
        ("arr_length(fixed)", [3, 3, 3, None, 3]),
        ("arr_dot(flux, fixed)", [np.dot(_FLUX[0], _FIXED[0]), None, None, None, None]),
        ("arr_dot(fixed, fixed)", [14.0, 1.0, None, None, None]),
        ("arr_dot(fixed[1:2], flux[2:3])", [10.5, None, None, None, None]),
        ("flux[2]", [2.5, None, None, None, None]),
        ("fixed[3]", [3.0, 1.0, 1.0, None, 1.0]),
        ("counts[1]", [1, 2**62, 7, None, None]),
        ("arr_element(counts, 3)", [3, None, None, None, None]),
        ("counts[id - 1]", [None, None, 7, None, None]),
        ("counts[id]", [None, 2**62, None, None, None]),
        ("counts[2:3]", [[2, 3], [5], [], [], None]),
        ("arr_slice(flux, 1, 1)", [[1.5], [], None, [3.0], [7.0]]),
        ("counts[id - 1:id]", [[], [2**62], [7], [], None]),
        ("fixed[2:3][1]", [2.0, 0.0, None, None, float("-inf")]),
        ("fixed[counts[1]]", [1.0, None, None, None, None]),
        ("(fixed)[1] + 1", [2.0, 1.0, 2.0, None, float("inf")]),
        ("-fixed[1]", [-1.0, 0.0, -1.0, None, float("-inf")]),
        ("arr_sum(NULL)", [None] * 5),
    ],
)
def test_values_are_those_of_numpy(engine, expression, expected):
    assert values(engine, expression) == expected


def test_elements_stand_wherever_values_do(engine):
    assert rows(engine, "SELECT id FROM cat.spectra WHERE flux[1] > 2 ORDER BY flux[1] DESC") == [(4,), (3,)]
    assert rows(engine, "SELECT fixed[3], COUNT(*) FROM cat.spectra GROUP BY fixed[3] ORDER BY 1") == [
        (1.0, 3),
        (3.0, 1),
        (None, 1),
    ]
    query = "SELECT MAX(q.part[2]) FROM (SELECT s.counts[1:2] AS part FROM cat.spectra AS s) AS q"
    assert rows(engine, query) == [(5,)]


def test_parts_keep_the_unit_and_the_type_alone():
    query = (
        "SELECT flux[1] AS a, flux[1:2] AS b, counts[1] AS c, arr_sum(flux) AS d, arr_max(flux) AS e FROM cat.spectra"
    )
    found = translate(query, Catalog([_TABLE])).columns
    assert [(column.datatype, column.arraysize, column.unit, column.density) for column in found] == [
        ("float", None, "nJy", None),
        ("float", "*", "nJy", None),
        ("long", None, None, None),
        ("double", None, "nJy", None),
        ("double", None, "nJy", None),
    ]
    assert [column.ucd for column in found] == [None, None, None, None, "phot.flux;stat.max"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("flux[0]", "arr_element takes whole numbers from 1 on"),
        ("flux[1.5]", "arr_element takes whole numbers from 1 on"),
        ("flux[-1]", "arr_element takes whole numbers from 1 on"),
        ("flux[flux[1]]", "takes whole numbers as the numbers of elements.*CAST to INTEGER"),
        ("flux[3:2]", "arr_slice takes a first element before the last"),
        ("id[1]", "arr_element takes an array of numbers, not a number"),
        ("words[1]", "arr_element takes an array of numbers, not a text"),
        ("flux[1", "expected .*]"),
        ("flux[1:2:3]", "Found ':'"),
        ("flux[]", "Found ']'"),
        ("flux[1, 2]", "Found ','"),
        ("[1, 2]", r"Found '\['"),
        ("flux" + "[id" * 50 + "]" * 50, "nested too deep"),
    ],
)
def test_what_is_no_element_is_said(engine, expression, found):
    with pytest.raises(QueryError, match=found):
        rows(engine, f"SELECT {expression} FROM cat.spectra")
