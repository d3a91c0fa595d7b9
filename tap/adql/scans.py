"""What a translated query reads of each table: columns, HEALPix ranges, and rows where a limit bounds them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from tap.adql.cell_ranges import Ranges, common_ranges, operands, ranges_of_all

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
        First and last cell, at order 29, of the ranges in which rows are sought; None when rows are sought everywhere.
    rows
        Most rows that are read, where a limit alone bounds them.
    multiplies
        Whether the query joins tables by something else than equal values, so that rows are compared with all rows.
    alias
        Alias of the table in the SQL, unique in the query.
    values
        Constants to one of which a column is equal in all rows that are sought, by the name of the column.
    """

    schema: str
    table: str
    columns: frozenset[str]
    ranges: Ranges | None = None
    rows: int | None = None
    multiplies: bool = False
    alias: str = ""
    values: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)

    def within(self, ranges: Ranges | None) -> "Scan":
        """Return the scan with its rows sought in these ranges alone; None for everywhere."""
        if ranges is None:
            return self
        return replace(self, ranges=ranges if self.ranges is None else common_ranges(self.ranges, ranges))


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
        return Scan(table.db, table.name, read, multiplies=multiplied, alias=alias)
    conditions = list(_conditions(table, alias))
    ranges = ranges_of_all(conditions, alias)
    return Scan(
        table.db, table.name, read, ranges, _limited_rows(select), multiplied, alias, _values(conditions, alias)
    )


def _conditions(table: exp.Expr, alias: str) -> Iterator[exp.Expr]:
    """Yield conditions without which no row of a table is in the result.

    A condition on cells is not fulfilled by rows that an outer join adds, so each one in WHERE counts. That in the ON
    of an outer join does not restrict the rows of the side that the join keeps.
    """
    node = table
    while (select := node.find_ancestor(exp.Select)) is not None:
        where = select.args.get("where")
        if where is not None:
            yield where.this
        for join in select.args.get("joins") or ():
            condition = join.args.get("on")
            if condition is not None and _restricts(join, node):
                yield condition
        # A table that a distance join repeats over cells stands in a query of its own, under the same alias.
        enclosing = select.parent
        if not isinstance(enclosing, exp.Subquery) or enclosing.alias != alias:
            return
        node = enclosing


def _values(conditions: list[exp.Expr], alias: str) -> dict[str, tuple[int | str, ...]]:
    """Return the constants to which conditions require columns of a table to be equal."""
    found: dict[str, tuple[int | str, ...]] = {}
    for condition in (part for each in conditions for part in operands(each, exp.And)):
        if isinstance(condition, exp.EQ):
            sides = (condition.left, condition.right)
            column, constants = next(
                ((one, [other]) for one, other in (sides, sides[::-1]) if _is_column(one, alias)), (None, [])
            )
        elif isinstance(condition, exp.In) and _is_column(condition.this, alias):
            column, constants = condition.this, condition.expressions
        else:
            continue
        values = [_constant(node) for node in constants]
        known = [value for value in values if value is not None]
        if column is not None and known and len(known) == len(values):
            found[column.unnest().name] = tuple(known)
    return found


def _is_column(node: exp.Expr, alias: str) -> bool:
    bare = node.unnest()
    return isinstance(bare, exp.Column) and bare.table == alias


def _constant(node: exp.Expr) -> int | str | None:
    """Return a whole number or a text; None for anything else."""
    bare = node.unnest()
    if isinstance(bare, exp.Neg):
        value = _constant(bare.this)
        return -value if isinstance(value, int) else None
    if not isinstance(bare, exp.Literal):
        return None
    if bare.is_string:
        return str(bare.this)
    return int(bare.name) if bare.is_int else None


def _restricts(join: exp.Join, node: exp.Expr) -> bool:
    """Return whether the condition of a join restricts the rows of a table on either side of it."""
    if join.side == "FULL":
        return False
    if not join.side:
        return True
    is_right = any(ancestor is join for ancestor in _ancestors(node))
    return is_right == (join.side == "LEFT")


def _ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    ancestor = node.parent
    while ancestor is not None:
        yield ancestor
        ancestor = ancestor.parent


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
        for condition in _joining_conditions(select)
    )


def _joining_conditions(select: exp.Select) -> Iterator[exp.Expr]:
    where = select.args.get("where")
    if where is not None:
        yield from operands(where.this, exp.And)
    for join in select.args.get("joins") or ():
        condition = join.args.get("on")
        if condition is not None:
            yield from operands(condition, exp.And)
