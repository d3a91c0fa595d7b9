"""Joins by distance as joins by cells, which engines do by hashing instead of comparing every pair.

The sky is cut into zones of declination, each zone into cells of right ascension, both about twice as wide as the
radius (Gray, Nieto-Santisteban and Szalay 2007). A row of one table lies in one cell; a row of the other is repeated
once for each cell that its circle touches. Rows that meet in a cell are then tested exactly, so a pair is found once
or not at all.
"""

from sqlglot import exp

from tap.adql.scopes import Table
from tap.adql.sqltree import call, column, compare, identifier, number
from tap.adql.values import Point

__all__ = ["join_by_cells", "spread_over_cells"]

#: Larger circles touch so many cells that comparing all pairs is as good.
_LARGEST_DEGREES = 10.0
_SMALLEST_ZONE = 1e-3
_CELLS_OF_ZONE = 2**32
_CELL_COLUMN = "_cell"


def join_by_cells(tables: list[Table], pairs: list[tuple[Point, Point, float]]) -> list[exp.Expr]:
    """Choose one table of each pair to be spread over its cells, and give the conditions that rows meet in a cell.

    Parameters
    ----------
    tables
        The tables of the FROM or join that the conditions filter.
    pairs
        Points that must be nearer than a distance in degrees.
    """
    conditions: list[exp.Expr] = []
    for one, other, radius in pairs:
        one_table, other_table = _owner(tables, one), _owner(tables, other)
        if one_table is None or other_table is None or one_table is other_table:
            continue
        if not 0 <= radius <= _LARGEST_DEGREES:
            continue
        (fixed, _), (moving, moving_table) = _sides((one, one_table), (other, other_table))
        if moving_table.cells is not None:
            continue
        zone = max(2.2 * radius, _SMALLEST_ZONE)
        conditions.append(compare(_cell(fixed, zone), "=", column(_CELL_COLUMN, moving_table.alias)))
        moving_table.cells = _cells(moving, radius, zone)
    return conditions


def spread_over_cells(table: Table) -> None:
    """Repeat each row of a table that was chosen, once for each of its cells; call it when FROM is complete."""
    if table.cells is None:
        return
    source = table.source
    cells = exp.Alias(this=call("unnest", table.cells), alias=identifier(_CELL_COLUMN))
    everything = exp.Column(this=exp.Star(), table=identifier(table.alias))
    select = exp.Select(expressions=[everything, cells])
    subquery = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(table.alias)))
    joins = source.args.get("joins")
    source.replace(subquery)
    if joins:
        source.set("joins", None)
        subquery.set("joins", joins)
    select.set("from_", exp.From(this=source))
    table.source = subquery


def _sides(one: tuple[Point, Table], other: tuple[Point, Table]) -> tuple[tuple[Point, Table], tuple[Point, Table]]:
    """Choose the table that is repeated: an upload or what is not sorted is likely the smaller; else the second."""
    return (other, one) if _weight(one[1]) < _weight(other[1]) else (one, other)


def _weight(table: Table) -> int:
    described = table.catalog_table
    if described is None or described.parts[0].lower() == "tap_upload":
        return 0
    return 2 if described.sorted_by_healpix else 1


def _owner(tables: list[Table], point: Point) -> Table | None:
    """Find the one table whose columns make up a point."""
    aliases = {node.table for part in (point.lon, point.lat) for node in part.find_all(exp.Column)}
    if len(aliases) != 1:
        return None
    alias = aliases.pop()
    return next((table for table in tables if table.alias == alias), None)


def _cell(point: Point, zone: float) -> exp.Expr:
    """Number the cell in which a point lies."""
    index = _zone(point.lat, zone)
    count = _count(index, zone)
    turned = compare(point.lon, "-", compare(number(360.0), "*", call("floor", compare(point.lon, "/", number(360.0)))))
    place = _whole(compare(compare(turned, "/", number(360.0)), "*", count))
    inside = call("least", place, compare(count, "-", number(1)))
    return compare(compare(index, "*", number(_CELLS_OF_ZONE)), "+", inside)


def _cells(point: Point, radius: float, zone: float) -> exp.Expr:
    """List the cells that a circle about a point touches: it reaches into two zones at most."""
    generous = radius * (1 + 1e-9) + 1e-9
    low = _zone(compare(point.lat, "-", number(generous)), zone)
    high = _zone(compare(point.lat, "+", number(generous)), zone)
    second = exp.Case(
        ifs=[exp.If(this=compare(high, ">", low), true=_cells_of_zone(point, generous, high, zone))],
        default=call("range", number(0), number(0)),
    )
    return call("list_concat", _cells_of_zone(point, generous, low, zone), second)


def _cells_of_zone(point: Point, radius: float, index: exp.Expr, zone: float) -> exp.Expr:
    """List cells from west to east; beyond either end of the zone they go on at its other end."""
    count = _count(index, zone)
    reach = _reach(point, radius)
    turned = compare(point.lon, "-", compare(number(360.0), "*", call("floor", compare(point.lon, "/", number(360.0)))))
    scale = compare(count, "/", number(360.0))
    west = _whole(compare(compare(turned, "-", reach), "*", scale))
    east = _whole(compare(compare(turned, "+", reach), "*", scale))
    all_round = compare(compare(east, "-", west), ">=", compare(count, "-", number(1)))
    first = exp.Case(ifs=[exp.If(this=all_round, true=number(0))], default=west)
    last = exp.Case(ifs=[exp.If(this=all_round, true=compare(count, "-", number(1)))], default=east)
    start = compare(index, "*", number(_CELLS_OF_ZONE))
    end = compare(count, "-", number(1))
    middle = _range(start, call("greatest", first, number(0)), call("least", last, end))
    beyond_west = _range(start, compare(first, "+", count), end)
    beyond_east = _range(start, number(0), compare(last, "-", count))
    return call("list_concat", call("list_concat", middle, beyond_west), beyond_east)


def _range(start: exp.Expr, first: exp.Expr, last: exp.Expr) -> exp.Expr:
    stop = compare(compare(start, "+", last), "+", number(1))
    return call("range", compare(start, "+", first), stop)


def _reach(point: Point, radius: float) -> exp.Expr:
    """Give the half width of a circle in right ascension, which is all round when it holds a pole."""
    sine = compare(call("sin", number(radius * 0.017453292519943295)), "/", call("cos", call("radians", point.lat)))
    near_pole = compare(compare(call("abs", point.lat), "+", number(radius)), ">=", number(89.999))
    width = compare(call("degrees", call("asin", call("least", number(1.0), sine))), "+", number(1e-9))
    return exp.Case(ifs=[exp.If(this=near_pole, true=number(180.0))], default=width)


def _zone(lat: exp.Expr, zone: float) -> exp.Expr:
    return _whole(compare(compare(lat, "+", number(90.0)), "/", number(zone)))


def _count(index: exp.Expr, zone: float) -> exp.Expr:
    """Count the cells of a zone by its narrower rim, so that none is narrower than a zone is high."""
    south = call("abs", compare(compare(index, "*", number(zone)), "-", number(90.0)))
    upper = compare(compare(index, "+", number(1)), "*", number(zone))
    north = call("abs", compare(upper, "-", number(90.0)))
    rim = call("least", number(90.0), call("greatest", south, north))
    fitting = compare(compare(call("cos", call("radians", rim)), "*", number(360.0)), "/", number(zone))
    return call("greatest", number(1), _whole(fitting))


def _whole(node: exp.Expr) -> exp.Expr:
    # What is not finite has no cell; an error would fail the whole query for one odd row.
    return exp.TryCast(this=call("floor", node), to=exp.DataType.build("BIGINT", dialect="duckdb"))
