"""Joins by distance of a translated query: the positions near which alone the rows of a table are sought.

A table of many files is read only where the other table of the join has rows. Which cells of the sky these are, a
query on the other table finds out before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from core.columns import HEALPIX_COLUMN
from tap.adql.catalog import CatalogTable
from tap.adql.sqltree import any_of, attachable, call, cast_to, column, number
from tap.adql.values import Near, Point, Table

__all__ = ["NearJoin", "near_joins"]

Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class NearJoin:
    """Rows of a table are in the result only within a radius of a row of another table.

    Parameters
    ----------
    alias
        Alias of the table in the SQL.
    other
        The other table.
    other_alias
        Its alias.
    radius
        In degrees.
    """

    alias: str
    other: CatalogTable
    other_alias: str
    radius: float
    position: Point = field(repr=False, compare=False)

    def cells_sql(self, order: int, ranges: Ranges | None) -> str:
        """Return the SQL for the cells of an order, as the column ``cell``, in which the other table has rows.

        Parameters
        ----------
        ranges
            Cells of order 29 to which the rows of the other table are restricted.
        """
        lon, lat = (cast_to(node.copy(), "DOUBLE") for node in (self.position.lon, self.position.lat))
        cell = exp.Alias(this=call("sky_healpix_index", cast_to(number(order), "INTEGER"), lon, lat), alias="cell")
        source = exp.Table(
            this=exp.to_identifier(self.other.engine_table, quoted=True),
            db=exp.to_identifier(self.other.engine_schema, quoted=True),
            alias=exp.TableAlias(this=exp.to_identifier(self.other_alias, quoted=True)),
        )
        select = exp.Select(expressions=[cell], from_=exp.From(this=source), distinct=exp.Distinct())
        if ranges and self.other.sorted_by_healpix and self.other.has_cells:
            index = column(HEALPIX_COLUMN, self.other_alias)
            spans = [
                exp.Between(this=attachable(index.copy()), low=number(low), high=number(high)) for low, high in ranges
            ]
            select.set("where", exp.Where(this=any_of(spans)))
        return select.sql(dialect="duckdb", comments=False)


def near_joins(pairs: Iterable[Near], restricted: Sequence[Table], others: Sequence[Table]) -> Iterator[NearJoin]:
    """Yield the joins of pairs of points that a condition requires to be near.

    Parameters
    ----------
    restricted
        Tables of which the condition is required of each row in the result.
    others
        Tables to which the other points may belong.
    """
    known = {table.alias: table for table in others if table.catalog_table is not None}
    for pair in pairs:
        if pair.constant is None or pair.constant < 0:
            continue
        for point, position in ((pair.one, pair.other), (pair.other, pair.one)):
            aliases = {found.table for node in (position.lon, position.lat) for found in node.find_all(exp.Column)}
            other = known.get(next(iter(aliases))) if len(aliases) == 1 else None
            if other is None or other.catalog_table is None or point.table is None or other is point.table:
                continue
            if any(table is point.table for table in restricted):
                yield NearJoin(point.table.alias, other.catalog_table, other.alias, pair.constant, position)
