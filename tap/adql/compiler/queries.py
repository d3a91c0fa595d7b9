"""Compiler of query expressions: SELECT lists, grouping, ordering, limits (ADQL 2.1 §2.2)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from tap.adql import tree
from tap.adql.compiler.context import CompiledQuery, Context, OutputColumn
from tap.adql.compiler.distance_joins import join_by_cells, spread_over_cells
from tap.adql.compiler.expressions import Expressions
from tap.adql.compiler.grouping import require_grouped
from tap.adql.compiler.scopes import Scope
from tap.adql.compiler.set_operations import compile_set_operation
from tap.adql.compiler.sources import Relation, compile_sources, near_pairs
from tap.adql.errors import QueryError
from tap.adql.near_joins import near_joins
from tap.adql.sqltree import all_of, attachable, cast_to, column, identifier, number
from tap.adql.values import Field, Value

__all__ = ["compile_query", "distinct_names"]

#: Most SELECTs of one query.
MAX_SELECTS = 100


def compile_query(
    context: Context, query: tree.Query, outer: Scope | None = None, *, limit: int | None = None
) -> CompiledQuery:
    """Compile a query.

    Parameters
    ----------
    outer
        The scope of the enclosing query, for correlated subqueries.
    limit
        Most rows that it may return, in addition to its own TOP.
    """
    body = query.body
    if isinstance(body, tree.Query):
        if not query.order_by and query.offset is None:
            return compile_query(context, body, outer, limit=limit)
        compiled = _selected(context, compile_query(context, body, outer))
    elif isinstance(body, tree.Select):
        return _SelectCompiler(context, body, outer).compile(query.order_by, query.offset, limit)
    else:
        compiled = compile_set_operation(context, body, outer, compile_query)
    _order_by_outputs(compiled, query.order_by)
    _limit(compiled.sql, limit, query.offset)
    return compiled


@dataclass(slots=True)
class _Column:
    """A column of a SELECT list: its value, its name, whether that is an alias, and whether its case has a meaning."""

    value: Value
    name: str
    alias: bool
    exact: bool


class _SelectCompiler:
    """Compiler of one SELECT."""

    def __init__(self, context: Context, select: tree.Select, outer: Scope | None) -> None:
        context.selects += 1
        if context.selects > MAX_SELECTS:
            raise QueryError(f"The query has more than {MAX_SELECTS} SELECTs", select.at)
        self._context, self._select = context, select
        self._relation: Relation = compile_sources(context, select.sources, outer)
        self._scope = self._relation.scope(outer)
        self._columns: list[_Column] = []

    def compile(self, order_by: Sequence[tree.OrderTerm], offset: int | None, limit: int | None) -> CompiledQuery:
        select = self._select
        tests = self._where()
        self._scope.is_grouped = bool(select.group_by)
        lists = Expressions(self._context, self._scope, "SELECT", aggregates=True)
        self._columns = list(self._list(lists))
        groups = [self._group(term) for term in select.group_by]
        having = None
        if select.having is not None:
            compiler = Expressions(self._context, self._scope, "HAVING", aggregates=True)
            having = compiler.condition(select.having)
            lists.found_aggregate |= compiler.found_aggregate
        order = [self._order(term, lists) for term in order_by]
        if groups or having is not None or lists.found_aggregate:
            aliases = {table.alias for table in self._relation.tables}
            used = [column.value.sql for column in self._columns] + [term.this for term in order]
            require_grouped([*used, *([having] if having is not None else [])], groups, aliases, select.at)
        sql = self._sql(tests, groups, having, order)
        for table in self._relation.tables:
            spread_over_cells(table)
        tops = [number for number in (select.top, limit) if number is not None]
        _limit(sql, min(tops) if tops else None, offset)
        return CompiledQuery(sql, tuple(self._outputs))

    def _sql(
        self,
        tests: list[exp.Expr],
        groups: list[exp.Expr],
        having: exp.Expr | None,
        order: list[exp.Ordered],
    ) -> exp.Select:
        # The engine compares names in any case.
        engine_names = distinct_names([column.name for column in self._columns])
        self._outputs = [
            OutputColumn(name, replace(column.value.column, name=column.name), column.value.kind, column.exact)
            for name, column in zip(engine_names, self._columns, strict=True)
        ]
        sql = exp.Select(
            expressions=[
                exp.Alias(this=attachable(column.value.sql), alias=identifier(output.engine_name))
                for column, output in zip(self._columns, self._outputs, strict=True)
            ],
            from_=exp.From(this=self._relation.first),
            joins=self._relation.joins,
        )
        if self._select.distinct:
            sql.set("distinct", exp.Distinct())
        if tests:
            sql.set("where", exp.Where(this=all_of(tests)))
        if groups:
            sql.set("group", exp.Group(expressions=groups))
        if having is not None:
            sql.set("having", exp.Having(this=having))
        if order:
            sql.set("order", exp.Order(expressions=order))
        return sql

    def _where(self) -> list[exp.Expr]:
        if self._select.where is None:
            return []
        compiler = Expressions(self._context, self._scope, "WHERE", prune=True)
        tests, pairs = near_pairs(compiler, self._select.where)
        tables, enclosing = self._relation.tables, self._scope.enclosing_tables()
        self._context.near += near_joins(pairs, tables, [*tables, *enclosing])
        return tests + join_by_cells(tables, pairs, None, enclosing)

    def _list(self, compiler: Expressions) -> Iterator[_Column]:
        count = 0
        for item in self._select.items:
            if isinstance(item, tree.Star):
                starred = self._starred(item)
                self._context.limits.count_columns(len(starred), item.at)
                for known in starred:
                    self._context.limits.step()
                    count += 1
                    yield _Column(known.value(item.at), known.name, alias=False, exact=True)
                continue
            count += 1
            self._context.limits.count_columns(1, item.value.at)
            value = compiler.value(item.value)
            if value.kind == "null":
                value = replace(value, sql=cast_to(value.sql, "VARCHAR"))
            name = item.alias.text if item.alias else self._name(item.value, count)
            yield _Column(value, name, item.alias is not None, item.alias.quoted if item.alias else True)

    def _starred(self, star: tree.Star) -> list[Field]:
        if not star.names:
            return self._relation.fields
        fields = self._scope.fields_of(star.names)
        if fields is None:
            written = ".".join(name.text for name in star.names)
            raise QueryError(f"Unknown table {written}", star.at, "name one of the tables of FROM")
        return fields

    def _name(self, node: tree.Expression, position: int) -> str:
        """Return the name of a column without an alias: from its source, its function or its position."""
        while isinstance(node, tree.Parentheses):
            node = node.inner
        if isinstance(node, tree.Reference):
            return self._scope.resolve(node).name
        if isinstance(node, tree.Call):
            return f"{node.function.lower()}_{position}"
        return f"col_{position}"

    def _group(self, term: tree.Expression) -> exp.Expr:
        if isinstance(term, tree.Number) and term.is_integer:
            return self._columns[_position(term, len(self._columns))].value.sql.copy()
        if isinstance(term, tree.Reference) and len(term.names) == 1 and self._scope.lookup(term) is None:
            named = [column for column in self._columns if column.alias and term.names[0].matches(column.name)]
            if named:
                return named[0].value.sql.copy()
        value = Expressions(self._context, self._scope, "GROUP BY").value(term)
        if value.kind == "null" or value.constant is not None or value.text is not None:
            raise QueryError("GROUP BY takes columns, not constants", value.at)
        return value.sql

    def _order(self, term: tree.OrderTerm, lists: Expressions) -> exp.Ordered:
        """Return a term of ORDER BY; it refers to an output column by position, where there is one."""
        node = term.value
        if isinstance(node, tree.Number) and node.is_integer:
            return _ordered(_position(node, len(self._columns)), descending=term.descending)
        if isinstance(node, tree.Reference) and len(node.names) == 1:
            for i, column in enumerate(self._columns):
                if node.names[0].matches(column.name):
                    return _ordered(i, descending=term.descending)
        compiler = Expressions(self._context, self._scope, "ORDER BY", aggregates=True)
        value = compiler.value(node)
        lists.found_aggregate |= compiler.found_aggregate
        if value.kind in {"null", "shape"} or value.constant is not None or value.text is not None:
            raise QueryError("ORDER BY takes columns and what is computed from them", value.at)
        for i, column in enumerate(self._columns):
            if column.value.sql == value.sql:
                return _ordered(i, descending=term.descending)
        if self._select.distinct:
            raise QueryError("ORDER BY of a SELECT DISTINCT takes columns of its list", value.at)
        return exp.Ordered(this=attachable(value.sql), desc=term.descending, nulls_first=False)


def distinct_names(names: Sequence[str], exact: Sequence[bool] | None = None) -> list[str]:
    """Return names that are distinct in any case: the second ``x`` becomes ``x_2``.

    Parameters
    ----------
    exact
        Whether the case of each name has a meaning, as in the names of columns and in delimited aliases: such names may
        differ in case alone. None if that of no name has one.
    """
    taken = {name.lower() for name in names}
    seen: dict[str, set[str] | None] = {}  # the spellings of exact names; None for names in any case
    counts: dict[tuple[str, bool], int] = {}  # what is taken stays taken: the search goes on where it ended
    result: list[str] = []
    for name, is_exact in zip(names, exact or [False] * len(names), strict=True):
        count = counts.get((name, is_exact), 1)
        unique = name if count == 1 else f"{name}_{count}"
        while _is_seen(unique, seen, is_exact=is_exact) or (count > 1 and unique.lower() in taken):
            count += 1
            unique = f"{name}_{count}"
        counts[name, is_exact] = count
        key = unique.lower()
        seen[key] = {unique, *(seen.get(key) or ())} if is_exact else None
        result.append(unique)
    return result


def _is_seen(name: str, seen: Mapping[str, set[str] | None], *, is_exact: bool) -> bool:
    spellings = seen.get(name.lower(), set())
    return spellings is None or (name in spellings if is_exact else bool(spellings))


def _selected(context: Context, compiled: CompiledQuery) -> CompiledQuery:
    """Return a query that selects from another, so that it can have an ORDER BY and OFFSET of its own."""
    alias = context.new_name("t")
    source = exp.Subquery(this=compiled.sql, alias=exp.TableAlias(this=identifier(alias)))
    columns = [
        exp.Alias(this=column(output.engine_name, alias), alias=identifier(output.engine_name))
        for output in compiled.outputs
    ]
    return CompiledQuery(exp.Select(expressions=columns, from_=exp.From(this=source)), compiled.outputs)


def _order_by_outputs(compiled: CompiledQuery, terms: Sequence[tree.OrderTerm]) -> None:
    order = []
    for term in terms:
        node = term.value
        if isinstance(node, tree.Number) and node.is_integer:
            order.append(_ordered(_position(node, len(compiled.outputs)), descending=term.descending))
            continue
        found = None
        if isinstance(node, tree.Reference) and len(node.names) == 1:
            matching = (i for i, output in enumerate(compiled.outputs) if node.names[0].matches(output.column.name))
            found = next(matching, None)
        if found is None:
            raise QueryError("ORDER BY after a set operation takes its columns, by name or position", node.at)
        order.append(_ordered(found, descending=term.descending))
    if order:
        compiled.sql.set("order", exp.Order(expressions=order))


def _ordered(position: int, *, descending: bool) -> exp.Ordered:
    return exp.Ordered(this=number(position + 1), desc=descending, nulls_first=False)


def _position(node: tree.Number, count: int) -> int:
    if len(node.text) > 9 or not 1 <= int(node.text) <= count:
        raise QueryError(f"There is no column {node.text[:20]}", node.at, f"the query has {count} columns")
    return int(node.text) - 1


def _limit(sql: exp.Query, limit: int | None, offset: int | None) -> None:
    if limit is not None:
        sql.set("limit", exp.Limit(expression=number(limit)))
    if offset is not None:
        sql.set("offset", exp.Offset(expression=number(offset)))
