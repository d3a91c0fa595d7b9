"""Translation of an ADQL query: parse, check calls, compile, check against the allowlist, generate SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from core.columns import HEALPIX_COLUMN, Column
from tap.adql import tree
from tap.adql.catalog import CatalogTable, TableResolver
from tap.adql.compiler.allowlist import require_allowed
from tap.adql.compiler.context import Context
from tap.adql.compiler.queries import compile_query, distinct_names
from tap.adql.errors import QueryError
from tap.adql.functions.calls import check_calls
from tap.adql.functions.signatures import Function
from tap.adql.functions.table import FUNCTIONS
from tap.adql.near_joins import NearJoin
from tap.adql.parsing.parser import parse
from tap.adql.scans import Scan, scans_of
from tap.kernels import KERNELS, Kernel

__all__ = ["Translation", "translate"]


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated query: the SQL for the engine, the columns of its result and the tables that it reads.

    Parameters
    ----------
    sql
        SQL of DuckDB, generated from a tree; of the user's text it contains only quoted names and constants.
        It requires the settings ``integer_division=true``, ``ieee_floating_point_ops=false`` and
        ``error_on_division_by_zero=false``.
    columns
        The columns of the result as users see them, in its order; the engine may call them otherwise. Datatypes are
        exact for columns of tables, and estimated for computed columns.
    tables
        Every table that is read.
    top
        The number after TOP of the outermost SELECT.
    scans
        What is read of each table.
    near
        Joins by distance that restrict what is read of tables.
    """

    sql: str
    columns: tuple[Column, ...]
    tables: tuple[CatalogTable, ...]
    top: int | None
    scans: tuple[Scan, ...] = ()
    near: tuple[NearJoin, ...] = ()


def translate(
    query: str,
    catalog: TableResolver,
    *,
    row_limit: int | None = None,
    functions: Mapping[str, Function] = FUNCTIONS,
    kernels: Mapping[str, Kernel] = KERNELS,
) -> Translation:
    """Translate a query.

    Parameters
    ----------
    query
        ADQL 2.1, as the user wrote it.
    catalog
        The tables that this user may read.
    row_limit
        Most rows that the engine returns, in addition to TOP; OFFSET is applied first.
    functions, kernels
        The functions that the query may call, and the kernels that the engine has beside its own functions.

    Raises
    ------
    QueryError
        The query is not valid; the message states where and why.
    """
    parsed = parse(query)
    check_calls(parsed, functions)
    context = Context(catalog, compile_query, functions)
    try:
        _compile_with_queries(context, parsed)
        compiled = compile_query(context, replace(parsed, with_queries=()), None, limit=row_limit)
        if context.parts:
            compiled.sql.set("with_", exp.With(expressions=context.parts))
        require_allowed(compiled.sql, context.tables, {part.alias for part in context.parts}, kernels)
        scans = scans_of(compiled.sql)
        _remove_cells(compiled.sql, context.tables)
        sql = compiled.sql.sql(dialect="duckdb", comments=False)
    except RecursionError:
        raise QueryError("The query is nested too deep", None, "write it in smaller steps, with WITH") from None
    outputs = compiled.outputs
    names = distinct_names([output.column.name for output in outputs], [output.exact for output in outputs])
    columns = tuple(replace(output.column, name=name) for name, output in zip(names, outputs, strict=True))
    return Translation(sql, columns, tuple(context.tables), _top(parsed), scans, tuple(context.near))


def _compile_with_queries(context: Context, query: tree.Query) -> None:
    for named in query.with_queries:
        if any(named.name.matches(known.text) for known, _, _ in context.with_queries):
            raise QueryError(f"The name {named.name.text} is given twice in WITH", named.name.at)
        compiled = compile_query(context, named.query)
        engine_name = context.new_name("w")
        context.add_part(engine_name, compiled.sql)
        context.with_queries.append((named.name, engine_name, compiled.outputs))


def _remove_cells(sql: exp.Expr, tables: Sequence[CatalogTable]) -> None:
    """Replace the conditions on cells of tables that have none in the engine: their files were chosen by them."""
    bare = {(table.engine_schema, table.engine_table) for table in tables if not table.has_cells}
    if not bare:
        return
    aliases = {node.alias_or_name for node in sql.find_all(exp.Table) if (node.db, node.name) in bare}
    for condition in list(sql.find_all(exp.Between)):
        cell = condition.this
        if isinstance(cell, exp.Column) and cell.name == HEALPIX_COLUMN and cell.table in aliases:
            condition.replace(exp.Boolean(this=True))


def _top(query: tree.Query) -> int | None:
    body: tree.Body = query
    while isinstance(body, tree.Query):
        body = body.body
    return body.top if isinstance(body, tree.Select) else None
