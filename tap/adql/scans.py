"""What a translated query reads of each table: columns, HEALPix ranges, and rows where a limit bounds them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from core.columns import HEALPIX_COLUMN

__all__ = ["Scan", "scans_of"]

_BOUNDLESS = ("where", "group", "having", "order", "distinct", "joins", "qualify")


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of a table.

    Parameters
    ----------
    schema, table
        Names of the table in the engine.
    columns
        Names of the columns that are read, in the engine.
    ranges
        First and last cell, at order 29, of the ranges in which rows are sought; none when rows are sought everywhere.
    rows
        Most rows that are read, where a limit alone bounds them.
    multiplies
        Whether the query joins tables by something else than equal values, so that rows are compared with all rows.
    """

    schema: str
    table: str
    columns: frozenset[str]
    ranges: tuple[tuple[int, int], ...] | None = None
    rows: int | None = None
    multiplies: bool = False


def scans_of(sql: exp.Expr) -> tuple[Scan, ...]:
    """Return the scans of a query in the engine's SQL, in no particular order; its aliases must be unique."""
    tables: list[exp.Table] = []
    columns: dict[str, set[str]] = {}
    multiplied = False
    for node in sql.walk():
        if isinstance(node, exp.Table):
            tables.append(node)
        elif isinstance(node, exp.Column):
            columns.setdefault(node.table, set()).add(node.name)
        elif isinstance(node, exp.Select):
            multiplied = multiplied or _multiplies(node)
    return tuple(_scan(table, columns, multiplied) for table in tables if table.db)


def _scan(table: exp.Table, columns: dict[str, set[str]], multiplied: bool) -> Scan:
    alias, select = table.alias_or_name, table.find_ancestor(exp.Select)
    read = frozenset(columns.get(alias, ()))
    if select is None:
        return Scan(table.db, table.name, read, multiplies=multiplied)
    ranges = _ranges(list(_conditions(select)), alias)
    return Scan(table.db, table.name, read, ranges, _limited_rows(select), multiplied)


def _conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """Yield the conditions that all rows of a SELECT fulfil, but for rows that an outer join adds."""
    where = select.args.get("where")
    if where is not None:
        yield from _parts(where.this, exp.And)
    for join in select.args.get("joins") or ():
        condition = join.args.get("on")
        if condition is not None:
            yield from _parts(condition, exp.And)


def _parts(condition: exp.Expr, connector: type[exp.Connector]) -> Iterator[exp.Expr]:
    """Yield the conditions that AND or OR connects, without parentheses."""
    bare = condition.unnest()
    if isinstance(bare, connector):
        yield from _parts(bare.left, connector)
        yield from _parts(bare.right, connector)
    else:
        yield bare


def _ranges(conditions: list[exp.Expr], alias: str) -> tuple[tuple[int, int], ...] | None:
    """Return the narrowest ranges of cells among the conditions on a table."""
    found: tuple[tuple[int, int], ...] | None = None
    for condition in conditions:
        spans = list(_parts(condition, exp.Or))
        if all(_is_range(span, alias) for span in spans):
            ranges = tuple((int(span.args["low"].name), int(span.args["high"].name)) for span in spans)
            if found is None or len(ranges) > len(found):
                found = ranges
    return found


def _is_range(condition: exp.Expr, alias: str) -> bool:
    if not isinstance(condition, exp.Between) or not isinstance(condition.this, exp.Column):
        return False
    bounds = (condition.args["low"], condition.args["high"])
    is_cell = condition.this.name == HEALPIX_COLUMN and condition.this.table == alias
    return is_cell and all(isinstance(bound, exp.Literal) and bound.is_int for bound in bounds)


def _limited_rows(select: exp.Select) -> int | None:
    limit = select.args.get("limit")
    if limit is None or any(select.args.get(part) for part in _BOUNDLESS):
        return None
    if any(expression.find(exp.AggFunc) for expression in select.expressions):
        return None
    count, offset = limit.expression, select.args.get("offset")
    rows = int(count.name) if isinstance(count, exp.Literal) and count.is_int else None
    if rows is None or offset is None:
        return rows
    return rows + int(offset.expression.name) if isinstance(offset.expression, exp.Literal) else None


def _multiplies(select: exp.Select) -> bool:
    """Return whether a SELECT joins tables by something else than equal values."""
    if not select.args.get("joins"):
        return False
    return not any(
        isinstance(condition, exp.EQ) and len({column.table for column in condition.find_all(exp.Column)}) > 1
        for condition in _conditions(select)
    )
