"""CASE, COALESCE and NULLIF, which choose one of several values (ADQL 2.1 §4.5, SQL-92 §6.9)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.domains import null_if
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import MANY, Function, function_of
from tap.adql.sqltree import attachable, cast_to
from tap.adql.values import Kind, Value, integer_type, kind_of, promoted

__all__ = ["CHOICE_FUNCTIONS", "compile_case"]

_Arguments = Sequence[Value]


def compile_case(
    operand: Value | None, choices: Sequence[tuple[exp.Expr, Value]], otherwise: Value | None, node: tree.Case
) -> Value:
    """Compile a CASE.

    Parameters
    ----------
    operand
        The value to which the first parts of the choices are compared; None when they are conditions.
    """
    values = [value for _, value in choices] + ([otherwise] if otherwise else [])
    column, kind = _agreed(values, "CASE", node)
    sql = exp.Case(
        this=None if operand is None else attachable(operand.sql),
        ifs=[exp.If(this=attachable(test), true=attachable(_typed(value, column))) for test, value in choices],
        default=None if otherwise is None else attachable(_typed(otherwise, column)),
    )
    return Value(sql, column, kind, node.at)


def _coalesce(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    column, kind = _agreed(arguments, "COALESCE", node)
    first, *rest = (attachable(_typed(argument, column)) for argument in arguments)
    return Value(exp.Coalesce(this=first, expressions=rest), column, kind, node.at)


def _nullif(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value, absent = arguments
    column, kind = _agreed(arguments, "NULLIF", node)
    engine_type = "DOUBLE" if kind == "number" and integer_type(column) is None else integer_type(column)
    pair = [value.sql, absent.sql]
    if engine_type is not None:
        pair = [cast_to(sql, engine_type) for sql in pair]
    kept = replace(value.column, datatype=column.datatype if kind == "number" else value.column.datatype)
    return Value(null_if(*pair), kept, kind, node.at)


def _agreed(values: _Arguments, what: str, node: tree.Case | tree.Call) -> tuple[Column, Kind]:
    """Return the metadata on which values agree, and their kind; raise QueryError when there is none."""
    known = [value for value in values if value.kind != "null"]
    kinds = {value.kind for value in known}
    if kinds & {"shape", "array"} or len(kinds - {"timestamp"}) > 1:
        raise QueryError(f"The values of {what} are not of the same kind", node.at)
    if not known:
        return values[0].column, "null"
    column = known[0].column
    columns = [value.column for value in known if value.constant is None and value.text is None]
    for name in ("unit", "ucd", "utype", "xtype", "description"):
        agreed = {getattr(column, name) for column in columns}
        changes: dict[str, Any] = {name: agreed.pop() if len(agreed) == 1 else None}
        column = replace(column, **changes)  # Any: the names are those of fields, whose types differ
    if known[0].kind == "number":
        column = replace(column, datatype=promoted(*(value.column for value in known)))
    return column, kind_of(column)


def _typed(value: Value, column: Column) -> exp.Expr:
    """Return an integer in the type of the column, so that the engine does not choose a narrower one."""
    engine_type = integer_type(column)
    return value.sql if engine_type is None or value.kind != "number" else cast_to(value.sql, engine_type)


#: Functions that choose a value.
CHOICE_FUNCTIONS: tuple[Function, ...] = (
    function_of("COALESCE", "conditional", "x ANY", "SAME", _coalesce, required=1, most=MANY),
    function_of("NULLIF", "conditional", "x ANY, y ANY", "SAME", _nullif),
)
