"""Joins by distance as hash joins on cells of the sky.

The sky is divided into zones of declination and each zone into cells of right ascension, both about twice as wide as
the radius (Gray, Nieto-Santisteban and Szalay 2007). A row of one table is in one cell; a row of the other is repeated
once for each cell that its circle touches. Rows of the same cell are then tested exactly, so that each pair is found at
most once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tap.adql.sqltree import attachable, call, column, compare, identifier, number
from tap.adql.values import Near, Point, Table

__all__ = ["join_by_cells", "spread_over_cells"]

#: Above this radius circles touch so many cells that comparing all pairs is as fast.
_LARGEST_DEGREES = 10.0
_SMALLEST_ZONE = 1e-3
_CELLS_OF_ZONE = 2**32
# The prefix @ keeps these names apart from those of the columns of the table.
_CELL_COLUMN = "@cell"
_OF_ZONE = ("zone", "count", "west", "east")


@dataclass(frozen=True, slots=True)
class _Sides:
    """The two sides of a pair: a point with one cell, and one whose rows are repeated over all cells of their circles.

    The table of the first is None where a constant radius needs none: it is one of an enclosing query.
    """

    fixed: Point
    fixed_table: Table | None
    moving: Point
    table: Table


def join_by_cells(
    tables: list[Table], pairs: list[Near], repeated: list[Table] | None = None, enclosing: Sequence[Table] = ()
) -> list[exp.Expr]:
    """Choose one table of each pair to be repeated over cells, and return the conditions that cells are equal.

    A point of a table of an enclosing query has one cell as well, so that a correlated subquery becomes a join.

    Parameters
    ----------
    tables
        The tables of the FROM or join that the conditions filter.
    pairs
        Pairs of points that must be near.
    repeated
        The tables whose rows may be repeated; by default all. In an outer join these are the tables of the side
        whose unmatched rows are not in the result.
    enclosing
        The tables of enclosing queries.
    """
    conditions: list[exp.Expr] = []
    for near in pairs:
        sides = _sides(tables, near, repeated, enclosing)
        if sides is None:
            continue
        if near.constant is not None:
            radius, zone = number(near.constant), number(max(2.2 * near.constant, _SMALLEST_ZONE))
            place = _cell(sides.fixed, zone)
        elif sides.fixed_table is not None:
            radius, largest = _radius(near, sides.fixed_table, sides.table)
            zone = call("greatest", compare(number(2.2), "*", largest), number(_SMALLEST_ZONE))
            # A height that a query computes is a column first: the engine joins by columns.
            place = _place(sides.fixed, sides.fixed_table, zone)
        else:
            continue
        conditions.append(compare(place, "=", column(_CELL_COLUMN, sides.table.alias)))
        sides.table.cells = (sides.moving, radius, zone)
    return conditions


def spread_over_cells(table: Table) -> None:
    """Replace a chosen table by a query that repeats each row once for each of its cells; called when FROM is complete.

    The cells are computed in nested queries, so that no expression is written twice: the height of zones, zones and
    half width, the number of cells of each zone, the ends of the circle in them, the list of cells.
    """
    steps = [*_place_steps(table), *(_steps(table, table.cells) if table.cells is not None else ())]
    if not steps:
        return
    source = table.source
    joins = source.args.get("joins")
    place = exp.Placeholder()
    source.replace(place)
    inner: exp.Expr = source
    for columns in steps:
        everything = exp.Column(this=exp.Star(), table=identifier(table.alias))
        named = [exp.Alias(this=attachable(node), alias=identifier(name)) for name, node in columns.items()]
        select = exp.Select(expressions=[everything, *named], from_=exp.From(this=inner))
        inner = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(table.alias)))
    if joins:
        source.set("joins", None)
        inner.set("joins", joins)
    place.replace(inner)
    table.source = inner


def _place_steps(table: Table) -> Iterator[dict[str, exp.Expr]]:
    """Yield the columns that each step adds for the cells of positions of the table."""
    if not table.places:
        return
    yield {f"@height{i}": zone for i, (_, zone) in enumerate(table.places, 1)}
    yield {
        f"@place{i}": _cell(point, column(f"@height{i}", table.alias)) for i, (point, _) in enumerate(table.places, 1)
    }


def _sides(tables: list[Table], near: Near, repeated: list[Table] | None, enclosing: Sequence[Table]) -> _Sides | None:
    """Return the sides of a pair; None when neither point can have several cells.

    An upload or an unsorted table is likely the smaller, and is repeated; so is the table with the radius of each row.
    """
    if near.constant is not None and not 0 <= near.constant <= _LARGEST_DEGREES:
        return None
    one, other = _owner(tables, near.one), _owner(tables, near.other)
    if one is other:
        return None
    choices = [(near.other, near.one, one, other), (near.one, near.other, other, one)]
    if one is not None and other is not None and _weight(one) >= _weight(other):
        choices.reverse()
    of_radius = _aliases(near.radius)
    if near.constant is None:
        choices.sort(key=lambda choice: choice[2] is None or {choice[2].alias} != of_radius)
    for fixed, moving, table, fixed_table in choices:
        if table is None or table.cells is not None or not _among(table, repeated):
            continue
        if fixed_table is None and not _is_outside(tables, fixed):
            continue
        if fixed_table is not None and repeated is not None and _among(fixed_table, repeated):
            continue
        sides = _Sides(fixed, fixed_table or _owner(enclosing, fixed), moving, table)
        owners = [{owner.alias} for owner in (table, sides.fixed_table) if owner is not None]
        if near.constant is None and of_radius not in owners:
            continue
        return sides
    return None


def _place(point: Point, table: Table, zone: exp.Expr) -> exp.Expr:
    """Return the column with the cells of a point in zones whose height a query computes."""
    table.places.append((point, zone))
    return column(f"@place{len(table.places)}", table.alias)


def _radius(near: Near, fixed: Table, repeated: Table) -> tuple[exp.Expr, exp.Expr]:
    """Return the radius about each row that is repeated, and a query for the largest radius of all rows.

    Where the rows of the other table have the radius, it is the largest one for all: more rows are tested.
    """
    radius = call("least", near.radius, number(180.0))
    if _aliases(near.radius) == {repeated.alias}:
        return radius, _largest(radius, repeated)
    largest = _largest(radius, fixed)
    return largest, largest


def _largest(radius: exp.Expr, table: Table) -> exp.Expr:
    """Return a query for the largest radius of the rows of a table."""
    source = table.source.copy()
    source.set("joins", None)
    finite = exp.If(this=compare(radius, "<", number(1e300)), true=attachable(radius))
    largest = exp.Max(this=exp.Case(ifs=[finite]))
    return exp.Subquery(this=exp.Select(expressions=[largest], from_=exp.From(this=source)))


def _among(table: Table, tables: list[Table] | None) -> bool:
    return tables is None or any(table is known for known in tables)


def _weight(table: Table) -> int:
    described = table.catalog_table
    if described is None or described.parts[0].lower() == "tap_upload":
        return 0
    return 2 if described.sorted_by_healpix else 1


def _aliases(*nodes: exp.Expr) -> set[str]:
    return {found.table for node in nodes for found in node.find_all(exp.Column)}


def _owner(tables: Sequence[Table], point: Point) -> Table | None:
    """Return the only table whose columns a point uses; None when there are several."""
    aliases = _aliases(point.lon, point.lat)
    if len(aliases) != 1:
        return None
    alias = aliases.pop()
    return next((table for table in tables if table.alias == alias), None)


def _is_outside(tables: list[Table], point: Point) -> bool:
    """Return whether a point is one of enclosing queries."""
    aliases = _aliases(point.lon, point.lat)
    return bool(aliases) and aliases.isdisjoint(table.alias for table in tables)


def _cell(point: Point, zone: exp.Expr) -> exp.Expr:
    """Return the number of the cell of a point."""
    index = _zone(point.lat, zone)
    count = _count(index, zone)
    lon = _normalised(point.lon)
    place = _whole(compare(compare(lon, "/", number(360.0)), "*", count))
    inside = call("least", place, compare(count, "-", number(1)))
    return compare(compare(index, "*", number(_CELLS_OF_ZONE)), "+", inside)


def _steps(table: Table, cells: tuple[Point, exp.Expr, exp.Expr]) -> Iterator[dict[str, exp.Expr]]:
    """Yield the columns that each step adds; a circle touches two zones at most."""
    point, radius, zone = cells

    def known(name: str) -> exp.Expr:
        return column(name, table.alias)

    yield {
        "@height": zone,
        "@radius": compare(compare(radius, "*", number(1 + 1e-9)), "+", number(1e-9)),
        "@lon": _normalised(point.lon),
    }
    yield {
        "@zone1": _zone(compare(point.lat, "-", known("@radius")), known("@height")),
        "@zone2": _zone(compare(point.lat, "+", known("@radius")), known("@height")),
        "@reach": _reach(point, known("@radius")),
    }
    yield {f"@count{i}": _count(known(f"@zone{i}"), known("@height")) for i in "12"}
    ends: dict[str, exp.Expr] = {}
    for i in "12":
        scale = compare(known(f"@count{i}"), "/", number(360.0))
        ends[f"@west{i}"] = _whole(compare(compare(known("@lon"), "-", known("@reach")), "*", scale))
        ends[f"@east{i}"] = _whole(compare(compare(known("@lon"), "+", known("@reach")), "*", scale))
    yield ends
    first, second = (_cells_of_zone(*(known(f"@{name}{i}") for name in _OF_ZONE)) for i in "12")
    both = exp.If(this=compare(known("@zone2"), ">", known("@zone1")), true=call("list_concat", first, second))
    yield {_CELL_COLUMN: call("unnest", exp.Case(ifs=[both], default=first.copy()))}


def _cells_of_zone(index: exp.Expr, count: exp.Expr, west: exp.Expr, east: exp.Expr) -> exp.Expr:
    """Return the list of cells from west to east, continued at the other end of the zone where it wraps around."""
    start = compare(index, "*", number(_CELLS_OF_ZONE))
    end = compare(count, "-", number(1))
    all_round = compare(compare(east, "-", west), ">=", end)
    middle = _range(start, call("greatest", west, number(0)), call("least", east, end))
    beyond_west = _range(start, compare(west, "+", count), end)
    beyond_east = _range(start, number(0), compare(east, "-", count))
    some = call("list_concat", call("list_concat", middle, beyond_west), beyond_east)
    return exp.Case(ifs=[exp.If(this=all_round, true=_range(start, number(0), end))], default=some)


def _range(start: exp.Expr, first: exp.Expr, last: exp.Expr) -> exp.Expr:
    stop = compare(compare(start, "+", last), "+", number(1))
    return call("range", compare(start, "+", first), stop)


def _normalised(lon: exp.Expr) -> exp.Expr:
    """Return a right ascension in the range 0 <= ra < 360, which not all catalogues keep to."""
    return compare(lon, "-", compare(number(360.0), "*", call("floor", compare(lon, "/", number(360.0)))))


def _reach(point: Point, radius: exp.Expr) -> exp.Expr:
    """Return the half width of a circle in right ascension: 180 degrees when it contains a pole."""
    sine = compare(call("sin", call("radians", radius)), "/", call("cos", call("radians", point.lat)))
    near_pole = compare(compare(call("abs", point.lat), "+", radius), ">=", number(89.999))
    width = compare(call("degrees", call("asin", call("least", number(1.0), sine))), "+", number(1e-9))
    return exp.Case(ifs=[exp.If(this=near_pole, true=number(180.0))], default=width)


def _zone(lat: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _whole(compare(compare(lat, "+", number(90.0)), "/", zone))


def _count(index: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """Return the number of cells of a zone, so that at its narrower edge none is narrower than the zone height."""
    south = call("abs", compare(compare(index, "*", zone), "-", number(90.0)))
    upper = compare(compare(index, "+", number(1)), "*", zone)
    north = call("abs", compare(upper, "-", number(90.0)))
    rim = call("least", number(90.0), call("greatest", south, north))
    fitting = compare(compare(call("cos", call("radians", rim)), "*", number(360.0)), "/", zone)
    return call("greatest", number(1), _whole(fitting))


def _whole(node: exp.Expr) -> exp.Expr:
    # Values that are not finite have no cell; an error would fail the whole query for one row.
    return exp.TryCast(this=call("floor", node), to=exp.DataType.build("BIGINT", dialect="duckdb"))
