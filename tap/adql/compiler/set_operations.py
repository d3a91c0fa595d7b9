"""Compiler of UNION, EXCEPT and INTERSECT; columns keep the metadata on which both sides agree."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.compiler.context import CompiledQuery, Context, OutputColumn
from tap.adql.compiler.scopes import Scope
from tap.adql.errors import QueryError
from tap.adql.values import promoted

__all__ = ["compile_set_operation"]

_CLASSES: dict[str, type[exp.SetOperation]] = {
    "UNION": exp.Union,
    "EXCEPT": exp.Except,
    "INTERSECT": exp.Intersect,
}
_ALIKE = ({"number", "boolean"}, {"text", "timestamp"}, {"array", "shape"})


def compile_set_operation(
    context: Context,
    body: tree.SetOperation,
    outer: Scope | None,
    compile_query: Callable[[Context, tree.Query, Scope | None], CompiledQuery],
) -> CompiledQuery:
    """Compile a chain of set operations, from left to right."""
    chain: list[tree.SetOperation] = []
    node: tree.Body = body
    while isinstance(node, tree.SetOperation):
        chain.append(node)
        node = node.left
    left = _operand(context, node, outer, compile_query)
    for operation in reversed(chain):
        right = _operand(context, operation.right, outer, compile_query)
        left = _joined(operation, left, right)
    return left


def _operand(
    context: Context,
    body: tree.Body,
    outer: Scope | None,
    compile_query: Callable[[Context, tree.Query, Scope | None], CompiledQuery],
) -> CompiledQuery:
    query = body if isinstance(body, tree.Query) else tree.Query(body)
    return compile_query(context, query, outer)


def _joined(operation: tree.SetOperation, left: CompiledQuery, right: CompiledQuery) -> CompiledQuery:
    counts = len(left.outputs), len(right.outputs)
    if counts[0] != counts[1]:
        raise QueryError(
            f"{operation.operator} joins queries of {counts[0]} and {counts[1]} columns",
            operation.at,
            "both sides need the same number of columns",
        )
    outputs = [_agreed(operation, one, other) for one, other in zip(left.outputs, right.outputs, strict=True)]
    sql = _CLASSES[operation.operator](
        this=exp.Subquery(this=left.sql),
        expression=exp.Subquery(this=right.sql),
        distinct=not operation.keep_duplicates,
    )
    return CompiledQuery(sql, tuple(outputs))


def _agreed(operation: tree.SetOperation, one: OutputColumn, other: OutputColumn) -> OutputColumn:
    kinds = {one.kind, other.kind} - {"null"}
    if len(kinds) > 1 and not any(kinds <= alike for alike in _ALIKE):
        raise QueryError(
            f"{operation.operator} joins a {one.kind} and a {other.kind} in the column {one.column.name}", operation.at
        )
    if one.kind == "null":
        return replace(one, column=replace(other.column, name=one.column.name), kind=other.kind)
    if other.kind == "null":
        return one
    column: Column = one.column
    for name in ("unit", "ucd", "utype", "xtype", "description", "arraysize", "density"):
        if getattr(one.column, name) != getattr(other.column, name):
            changes: dict[str, Any] = {name: "*" if name == "arraysize" and column.arraysize else None}
            column = replace(column, **changes)  # Any: the names are those of fields, whose types differ
    if one.kind == "number":
        column = replace(column, datatype=promoted(one.column, other.column))
    elif one.column.datatype != other.column.datatype and column.is_text:
        column = replace(column, datatype="unicodeChar")
    return replace(one, column=column)
