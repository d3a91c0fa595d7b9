"""User-defined functions of arrays of numbers: elements, slices, sums, dot products (the names are those of DaCHS).

Elements are counted from 1, as in SQL. Missing elements do not count, as in the aggregate functions of SQL.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.domains import defined
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Compile, Function, udf
from tap.adql.sqltree import call, cast_to, negate, number
from tap.adql.values import Value, numeric_column, require_array, require_number

__all__ = ["ARRAY_FUNCTIONS"]

_Arguments = Sequence[Value]


def _statistic(engine: str, word: str | None = None) -> Compile:
    """Return the compiler of a statistic of the elements."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        column = arguments[0].column
        ucd = f"{column.ucd};{word}" if column.ucd and word else None
        sql = call(engine, arguments[0].sql)
        return Value(sql, numeric_column("double", column.unit, ucd), "number", node.at)

    return compiled


def _deviation(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value = _statistic("list_stddev_samp", "stat.stdev")(arguments, node, _)
    return replace(value, sql=defined(value.sql, lambda sql: negate(call("isnan", sql)), lambda sql: sql))


def _counted(engine: str) -> Compile:
    """Return the compiler of a number of elements."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        sql = cast_to(call(engine, arguments[0].sql), "INTEGER")
        return Value(sql, numeric_column("int", ucd="meta.number"), "number", node.at)

    return compiled


def _dot(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    sql = call("arr_product_sum", *(value.sql for value in arguments))
    return Value(sql, numeric_column("double"), "number", node.at)


def _element(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    array, place = require_array(arguments[0], node.function), _place(arguments[1], node)
    if array.kind == "null":
        return array
    sql = call("list_extract", array.sql, place)
    column = replace(_part(array.column), arraysize=None)
    return Value(sql, column, "number", node.at)


def _slice(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    array, first, last = require_array(arguments[0], node.function), *(_place(part, node) for part in arguments[1:])
    if array.kind == "null":
        return array
    constants = [part.constant for part in arguments[1:]]
    if constants[0] is not None and constants[1] is not None and constants[1] < constants[0]:
        raise QueryError(f"{node.function} takes a first element before the last", arguments[1].at)
    return Value(
        call("list_slice", array.sql, first, last), replace(_part(array.column), arraysize="*"), "array", node.at
    )


def _place(value: Value, node: tree.Call) -> exp.Expr:
    """Return the number of an element, at least 0: the engine counts negative ones from the end."""
    require_number(value, node.function)
    if value.constant is not None:
        if not value.constant.is_integer() or not 1 <= value.constant < 2**31:
            raise QueryError(f"{node.function} takes whole numbers from 1 on as the numbers of elements", value.at)
        return number(int(value.constant))
    if value.column.datatype in {"float", "double"}:
        raise QueryError(f"{node.function} takes whole numbers as the numbers of elements", value.at, "CAST to INTEGER")
    return call("greatest", cast_to(value.sql, "BIGINT"), number(0))


def _part(column: Column) -> Column:
    """Return the metadata of an element: what the array as a whole is, such as a density, its parts are not."""
    return replace(column, name="", xtype=None, utype=None, ucd=None, description=None, density=None)


#: Functions of arrays, in the order of capabilities.
ARRAY_FUNCTIONS: tuple[Function, ...] = (
    udf("arr_sum", "arr ARRAY", "DOUBLE", _statistic("list_sum"), "Sum of the elements of an array."),
    udf(
        "arr_avg",
        "arr ARRAY",
        "DOUBLE",
        _statistic("list_avg", "stat.mean"),
        "Mean of the elements of an array.",
    ),
    udf("arr_min", "arr ARRAY", "DOUBLE", _statistic("list_min", "stat.min"), "Smallest element of an array."),
    udf("arr_max", "arr ARRAY", "DOUBLE", _statistic("list_max", "stat.max"), "Largest element of an array."),
    udf(
        "arr_stddev",
        "arr ARRAY",
        "DOUBLE",
        _deviation,
        "Standard deviation of the elements of an array, with n - 1.",
    ),
    udf("arr_count", "arr ARRAY", "INTEGER", _counted("list_count"), "Number of elements that are not missing."),
    udf("arr_length", "arr ARRAY", "INTEGER", _counted("len"), "Number of elements of an array."),
    udf(
        "arr_dot",
        "arr1 ARRAY, arr2 ARRAY",
        "DOUBLE",
        _dot,
        "Sum of the products of the elements of two arrays; missing if lengths differ or an element is missing.",
    ),
    udf(
        "arr_element",
        "arr ANY, place INTEGER",
        "DOUBLE",
        _element,
        "Element of an array of numbers, counted from 1; also written arr[place].",
    ),
    udf(
        "arr_slice",
        "arr ANY, first INTEGER, last INTEGER",
        "ARRAY",
        _slice,
        "Elements of an array of numbers from one to another, counted from 1; also written arr[first:last].",
    ),
)
