"""Full joins by distance: a left join on cells of the sky, then a full join with the numbered rows of one table.

The rows of one side, a single table, are numbered. The other side is left joined by cells with these rows, which gives
the pairs and the rows without a neighbour; a full join by the number adds the rows of the table that are in no pair.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

from sqlglot import exp

from tap.adql.compiler.context import Context
from tap.adql.compiler.distance_joins import join_by_cells, spread_over_cells
from tap.adql.sqltree import all_of, column, compare, identifier
from tap.adql.values import Near, Point, Table

__all__ = ["FullJoin", "full_join_by_cells"]

# The prefix @ keeps the name apart from those of the columns of the table.
_ROW_COLUMN = "@row"

_Node = TypeVar("_Node", bound=exp.Expr)


@dataclass(frozen=True, slots=True)
class FullJoin:
    """The two joins that replace a full join, to be appended to the FROM that has the tables of the other side."""

    is_left: bool
    joins: list[exp.Join]


def full_join_by_cells(
    context: Context, left: list[Table], right: list[Table], tests: list[exp.Expr], pairs: list[Near]
) -> FullJoin | None:
    """Return the joins that give the rows of a full join by distance; None where all pairs must be compared.

    Parameters
    ----------
    left, right
        The tables of both sides.
    tests
        The conditions of the join.
    pairs
        Pairs of points that they require to be near.
    """
    if not pairs or not _are_plain(tests, {table.alias for table in left + right}):
        return None
    for others, numbered in ((left, right), (right, left)):
        if len(numbered) == 1:
            joins = _joins(context, others, numbered[0], tests, pairs)
            if joins is not None:
                return FullJoin(others is left, joins)
    return None


def _joins(
    context: Context, others: list[Table], table: Table, tests: list[exp.Expr], pairs: list[Near]
) -> list[exp.Join] | None:
    copy = Table((), context.new_name("t"), exp.Placeholder(), table.catalog_table)
    renamed = [_renamed_pair(near, table.alias, copy.alias) for near in pairs]
    rows = context.new_name("w")
    copy.source = _aliased(rows, copy.alias)
    cells = join_by_cells([*others, copy], renamed, [copy])
    if not cells:
        return None
    everything = exp.Column(this=exp.Star(), table=identifier(table.alias))
    numbers = exp.Alias(this=exp.Window(this=exp.RowNumber()), alias=identifier(_ROW_COLUMN))
    numbered = exp.Select(expressions=[everything, numbers], from_=exp.From(this=table.source))
    context.add_part(rows, numbered, materialized=True)
    table.source = _aliased(rows, table.alias)
    spread_over_cells(copy)
    conditions = [_renamed(test, table.alias, copy.alias) for test in tests] + cells
    number = compare(column(_ROW_COLUMN, copy.alias), "=", column(_ROW_COLUMN, table.alias))
    return [
        exp.Join(this=copy.source, on=all_of(conditions), side="LEFT"),
        exp.Join(this=table.source, on=number, side="FULL"),
    ]


def _are_plain(tests: list[exp.Expr], aliases: set[str]) -> bool:
    """Return whether conditions have no queries and no columns of enclosing queries."""
    return all(
        test.find(exp.Query) is None and all(found.table in aliases for found in test.find_all(exp.Column))
        for test in tests
    )


def _aliased(name: str, alias: str) -> exp.Table:
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)))


def _renamed_pair(near: Near, alias: str, new_alias: str) -> Near:
    one, other = (_renamed_point(point, alias, new_alias) for point in (near.one, near.other))
    return replace(near, one=one, other=other, radius=_renamed(near.radius, alias, new_alias))


def _renamed_point(point: Point, alias: str, new_alias: str) -> Point:
    lon, lat = (_renamed(node, alias, new_alias) for node in (point.lon, point.lat))
    return replace(point, lon=lon, lat=lat)


def _renamed(node: _Node, alias: str, new_alias: str) -> _Node:
    """Return a copy of an expression with the columns of a table under another name."""
    renamed = node.copy()
    for found in renamed.find_all(exp.Column):
        if found.table == alias:
            found.set("table", identifier(new_alias))
    return renamed
