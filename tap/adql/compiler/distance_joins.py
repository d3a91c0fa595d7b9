"""Joins by distance as hash joins on cells of the sky.

The sky is divided into zones of declination and each zone into cells of right ascension, both about twice as wide as
the radius (Gray, Nieto-Santisteban and Szalay 2007). A row of one table is in one cell; a row of the other is repeated
once for each cell that its circle touches. Rows of the same cell are then tested exactly, so that each pair is found at
most once.
"""

from collections.abc import Iterator

from sqlglot import exp

from tap.adql.sqltree import call, column, compare, identifier, number
from tap.adql.values import Point, Table

__all__ = ["join_by_cells", "spread_over_cells"]

#: Above this radius circles touch so many cells that comparing all pairs is as fast.
_LARGEST_DEGREES = 10.0
_SMALLEST_ZONE = 1e-3
_CELLS_OF_ZONE = 2**32
# The prefix @ keeps these names apart from those of the columns of the table.
_CELL_COLUMN = "@cell"
_OF_ZONE = ("zone", "count", "west", "east")


def join_by_cells(
    tables: list[Table], pairs: list[tuple[Point, Point, float]], repeated: list[Table] | None = None
) -> list[exp.Expr]:
    """Choose one table of each pair to be repeated over cells, and return the conditions that cells are equal.

    Parameters
    ----------
    tables
        The tables of the FROM or join that the conditions filter.
    pairs
        Pairs of points that must be nearer than a distance in degrees.
    repeated
        The tables whose rows may be repeated; by default all. In an outer join these are the tables of the side
        whose unmatched rows are not in the result.
    """
    conditions: list[exp.Expr] = []
    for one, other, radius in pairs:
        one_table, other_table = _owner(tables, one), _owner(tables, other)
        if one_table is None or other_table is None or one_table is other_table:
            continue
        if not 0 <= radius <= _LARGEST_DEGREES:
            continue
        (fixed, fixed_table), (moving, moving_table) = _sides((one, one_table), (other, other_table))
        if not _among(moving_table, repeated):
            (fixed, fixed_table), (moving, moving_table) = (moving, moving_table), (fixed, fixed_table)
        if moving_table.cells is not None or not _among(moving_table, repeated) or _crosses(fixed_table, repeated):
            continue
        zone = max(2.2 * radius, _SMALLEST_ZONE)
        conditions.append(compare(_cell(fixed, zone), "=", column(_CELL_COLUMN, moving_table.alias)))
        moving_table.cells = (moving, radius, zone)
    return conditions


def spread_over_cells(table: Table) -> None:
    """Replace a chosen table by a query that repeats each row once for each of its cells; called when FROM is complete.

    The cells are computed in four nested queries, so that no expression is written twice: zones and half width, number
    of cells of each zone, the ends of the circle in them, the list of cells.
    """
    if table.cells is None:
        return
    source = table.source
    joins = source.args.get("joins")
    place = exp.Placeholder()
    source.replace(place)
    inner: exp.Expr = source
    for columns in _steps(table, table.cells):
        everything = exp.Column(this=exp.Star(), table=identifier(table.alias))
        named = [exp.Alias(this=node, alias=identifier(name)) for name, node in columns.items()]
        select = exp.Select(expressions=[everything, *named], from_=exp.From(this=inner))
        inner = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(table.alias)))
    if joins:
        source.set("joins", None)
        inner.set("joins", joins)
    place.replace(inner)
    table.source = inner


def _sides(one: tuple[Point, Table], other: tuple[Point, Table]) -> tuple[tuple[Point, Table], tuple[Point, Table]]:
    """Return the fixed and the repeated table; an upload or an unsorted table is likely the smaller."""
    return (other, one) if _weight(one[1]) < _weight(other[1]) else (one, other)


def _among(table: Table, tables: list[Table] | None) -> bool:
    return tables is None or any(table is known for known in tables)


def _crosses(table: Table, repeated: list[Table] | None) -> bool:
    """Return whether the table is on the side whose rows may be repeated."""
    return repeated is not None and _among(table, repeated)


def _weight(table: Table) -> int:
    described = table.catalog_table
    if described is None or described.parts[0].lower() == "tap_upload":
        return 0
    return 2 if described.sorted_by_healpix else 1


def _owner(tables: list[Table], point: Point) -> Table | None:
    """Return the only table whose columns a point uses; None when there are several."""
    aliases = {node.table for part in (point.lon, point.lat) for node in part.find_all(exp.Column)}
    if len(aliases) != 1:
        return None
    alias = aliases.pop()
    return next((table for table in tables if table.alias == alias), None)


def _cell(point: Point, zone: float) -> exp.Expr:
    """Return the number of the cell of a point."""
    index = _zone(point.lat, zone)
    count = _count(index, zone)
    lon = _normalised(point.lon)
    place = _whole(compare(compare(lon, "/", number(360.0)), "*", count))
    inside = call("least", place, compare(count, "-", number(1)))
    return compare(compare(index, "*", number(_CELLS_OF_ZONE)), "+", inside)


def _steps(table: Table, cells: tuple[Point, float, float]) -> Iterator[dict[str, exp.Expr]]:
    """Yield the columns that each step adds; a circle touches two zones at most."""
    point, radius, zone = cells
    generous = radius * (1 + 1e-9) + 1e-9

    def known(name: str) -> exp.Expr:
        return column(name, table.alias)

    yield {
        "@zone1": _zone(compare(point.lat, "-", number(generous)), zone),
        "@zone2": _zone(compare(point.lat, "+", number(generous)), zone),
        "@lon": _normalised(point.lon),
        "@reach": _reach(point, generous),
    }
    yield {f"@count{i}": _count(known(f"@zone{i}"), zone) for i in "12"}
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


def _reach(point: Point, radius: float) -> exp.Expr:
    """Return the half width of a circle in right ascension: 180 degrees when it contains a pole."""
    sine = compare(call("sin", number(radius * 0.017453292519943295)), "/", call("cos", call("radians", point.lat)))
    near_pole = compare(compare(call("abs", point.lat), "+", number(radius)), ">=", number(89.999))
    width = compare(call("degrees", call("asin", call("least", number(1.0), sine))), "+", number(1e-9))
    return exp.Case(ifs=[exp.If(this=near_pole, true=number(180.0))], default=width)


def _zone(lat: exp.Expr, zone: float) -> exp.Expr:
    return _whole(compare(compare(lat, "+", number(90.0)), "/", number(zone)))


def _count(index: exp.Expr, zone: float) -> exp.Expr:
    """Return the number of cells of a zone, so that at its narrower edge none is narrower than the zone height."""
    south = call("abs", compare(compare(index, "*", number(zone)), "-", number(90.0)))
    upper = compare(compare(index, "+", number(1)), "*", number(zone))
    north = call("abs", compare(upper, "-", number(90.0)))
    rim = call("least", number(90.0), call("greatest", south, north))
    fitting = compare(compare(call("cos", call("radians", rim)), "*", number(360.0)), "/", number(zone))
    return call("greatest", number(1), _whole(fitting))


def _whole(node: exp.Expr) -> exp.Expr:
    # Values that are not finite have no cell; an error would fail the whole query for one row.
    return exp.TryCast(this=call("floor", node), to=exp.DataType.build("BIGINT", dialect="duckdb"))
