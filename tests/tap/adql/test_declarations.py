"""Declaration of functions and kernels: from a signature to rows of a query."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.columns import Column
from tap.adql import Catalog, CatalogTable, QueryError, Translation, translate
from tap.adql.functions.signatures import Function, udf
from tap.adql.functions.table import FUNCTIONS, functions_by_name
from tap.adql.sqltree import call, cast_to
from tap.adql.values import Value, numeric_column
from tap.engine.duckdb.sandbox import Sandbox, SandboxTable
from tap.kernels import KERNELS, Kernel, kernels_by_name
from tap.kernels.arrays import as_array, as_doubles, as_matrix, from_doubles

_GRID = np.linspace(0, 2, 5)
_PDFS = [[0.0, 1, 2, 1, 0], [1.0, 1, 0, 0, 0], None, [0.0, 0, 0, 0, 0], [0.0, None, 1, 1, 0]]

TABLE = CatalogTable(
    "cat.estimates",
    (
        Column("id", "long"),
        Column("pdf", "double", "5"),
        Column("narrow", "float", "*"),
        Column("counts", "int", "*"),
        Column("grid", "double", "5x5"),
        Column("place", "double", "2", xtype="point"),
        Column("words", "unicodeChar", "*"),
        Column("flags", "boolean", "3"),
    ),
    None,
    sorted_by_healpix=False,
    engine_schema="products",
    engine_table="table_1",
)


def _mean_kernel(pdf: pa.Array, lower: pa.Array, upper: pa.Array) -> pa.Array:
    """Means of distributions on a regular grid."""
    assert pa.types.is_list(as_array(pdf).type)
    weights, start, end = as_matrix(pdf), as_doubles(lower), as_doubles(upper)
    assert weights is not None
    grid = start[:, None] + (end - start)[:, None] * np.linspace(0, 1, weights.shape[1])
    with np.errstate(invalid="ignore"):
        return from_doubles((grid * weights).sum(axis=1) / weights.sum(axis=1))


def _mean(arguments, node, _) -> Value:
    pdf, *limits = arguments
    sql = call("test_mean", pdf.sql, *(cast_to(limit.sql, "DOUBLE") for limit in limits))
    return Value(sql, numeric_column("double", ucd="src.redshift;stat.mean"), "number", node.at)


def _length(arguments, node, _) -> Value:
    return Value(cast_to(call("test_length", arguments[0].sql), "INTEGER"), numeric_column("int"), "number", node.at)


MEAN = udf(
    "test_mean",
    "pdf DOUBLE[], lower DOUBLE, upper DOUBLE",
    "DOUBLE",
    _mean,
    "Mean of a distribution whose values stand on a regular grid.",
    unit="redshift",
)
LENGTH = udf("test_length", "x REAL[]", "INTEGER", _length, "Length of an array.")

DECLARED = {**FUNCTIONS, **functions_by_name(MEAN, LENGTH)}
PROVIDED = {
    **KERNELS,
    **kernels_by_name(
        Kernel("test_mean", _mean_kernel, ("DOUBLE[]", "DOUBLE", "DOUBLE"), "DOUBLE"),
        Kernel(
            "test_length",
            lambda lists: pa.array([None if row is None else len(row) for row in lists.to_pylist()], pa.int64()),
            ("REAL[]",),
            "BIGINT",
        ),
    ),
}


def translated(query: str) -> Translation:
    return translate(query, Catalog([TABLE]), functions=DECLARED, kernels=PROVIDED)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    rows = pa.table(
        {
            "id": pa.array(range(5), pa.int64()),
            "pdf": pa.array(_PDFS, pa.list_(pa.float64(), 5)),
            "narrow": pa.array([[0.5], [1.5, 2.5], None, [], [1.0]], pa.list_(pa.float32())),
            "counts": pa.array([[1, 2, 1]] * 4 + [None], pa.list_(pa.int32())),
        }
    )
    pq.write_table(rows, tmp_path / "rows.parquet")
    tables = [SandboxTable("products", "table_1", (str(tmp_path / "rows.parquet"),), None)]
    temp = tmp_path / "temp"
    temp.mkdir()
    with Sandbox(
        tables, memory_bytes=200_000_000, threads=1, temp_bytes=10**7, temp_folder=temp, kernels=PROVIDED
    ) as made:
        yield made


def rows_of(sandbox: Sandbox, query: str) -> list[tuple]:
    sql = translated(query).sql
    sandbox.provide_kernels(sql)
    with sandbox.cursor() as connection:
        return connection.sql(sql).fetchall()


def test_a_declared_function_of_arrays_runs_as_a_kernel(sandbox):
    found = rows_of(sandbox, "SELECT id, test_mean(pdf, 0, 2) AS z FROM cat.estimates ORDER BY id")
    expected = [float((_GRID * row).sum() / np.sum(row)) for row in ([0, 1, 2, 1, 0], [1, 1, 0, 0, 0])]
    assert found == [(0, expected[0]), (1, expected[1]), (2, None), (3, None), (4, None)]


def test_arrays_of_other_numbers_are_cast_to_what_the_kernel_takes(sandbox):
    query = "SELECT test_mean(counts, 0, 2), test_length(narrow), test_length(NULL) FROM cat.estimates ORDER BY id"
    assert rows_of(sandbox, query) == [
        (1.0, 1, None),
        (1.0, 2, None),
        (1.0, None, None),
        (1.0, 0, None),
        (None, 1, None),
    ]


def test_arrays_made_by_a_query_are_arrays_too(sandbox):
    # Every count but one stands in the middle of three bins.
    histogram = "SELECT ivo_histogram(id, -10, 10, 1) AS h FROM cat.estimates"
    assert rows_of(sandbox, f"SELECT test_mean(h, -1, 1), test_length(h) FROM ({histogram}) AS q") == [(0.0, 3)]
    assert rows_of(sandbox, "SELECT id FROM cat.estimates WHERE test_mean(pdf, 0, 2) < 0.5") == [(1,)]


def test_only_called_kernels_are_registered(sandbox):
    names = "SELECT function_name FROM duckdb_functions() WHERE function_name IN ('test_mean', 'test_length')"
    for query, expected in (
        ("SELECT id FROM cat.estimates", set()),
        ("SELECT test_mean(pdf, 0, 2) FROM cat.estimates", {"test_mean"}),
        ("SELECT test_mean(pdf, 0, 2), test_length(pdf) FROM cat.estimates", {"test_mean", "test_length"}),
    ):
        rows_of(sandbox, query)
        with sandbox.cursor() as connection:
            assert {name for (name,) in connection.sql(names).fetchall()} == expected


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("id", "takes an array of numbers, not a number at line 1, column 18"),
        ("words", "takes an array of numbers, not a text"),
        ("'1 2 3'", "takes an array of numbers, not a text"),
        ("place", "takes an array of numbers, not geometry"),
        ("POINT(1, 2)", "takes an array of numbers, not geometry"),
        ("flags", "takes an array of numbers, not an array of boolean"),
        ("grid", "takes an array of one dimension, not of 5x5"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(argument, found):
    with pytest.raises(QueryError, match=f"Test_Mean {found}"):
        translated(f"SELECT Test_Mean({argument}, 0, 2) FROM cat.estimates")


def test_the_declaration_says_form_and_unit():
    (column,) = translated("SELECT test_mean(pdf, 0, 2) AS z FROM cat.estimates").columns
    assert (column.name, column.unit, column.ucd) == ("z", "redshift", "src.redshift;stat.mean")
    assert MEAN.form == "test_mean(pdf DOUBLE[], lower DOUBLE, upper DOUBLE) -> DOUBLE"
    with pytest.raises(QueryError, match=r"was given 2 arguments.*it is test_mean\(pdf DOUBLE\[\], lower"):
        translated("SELECT test_mean(pdf, 1) FROM cat.estimates")


def test_a_kernel_that_is_not_provided_is_not_called():
    with pytest.raises(QueryError, match="test_mean is not available"):
        translate("SELECT test_mean(pdf, 0, 2) FROM cat.estimates", Catalog([TABLE]), functions=DECLARED)


def test_declarations_are_checked_where_they_are_made():
    with pytest.raises(ValueError, match=r"DOUBEL\[\] is not a type of arguments; use one of .*DOUBLE\[\]"):
        udf("test_typo", "x DOUBEL[]", "DOUBLE", _mean, "With a typo.")
    for name in ("mean", "Test_Mean", "test-mean", "test_mean2("):
        with pytest.raises(ValueError, match="is not a name of a kernel"):
            Kernel(name, _mean_kernel, ("DOUBLE[]",), "DOUBLE")


def test_functions_by_name_hold_every_declaration_once():
    declared: list[Function] = list(FUNCTIONS.values())
    assert all(name == function.name.upper() for name, function in FUNCTIONS.items())
    assert len(declared) == len({function.form for function in declared})
