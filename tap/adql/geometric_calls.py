"""Calls of geometry functions: shapes are made, and tests of shapes become conditions (ADQL 2.1 §4.2)."""

import math
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from core.columns import Column
from tap.adql import syntax as tree
from tap.adql.errors import QueryError
from tap.adql.geometry import UnsupportedShapeError, array_of, contains, distance, intersects
from tap.adql.polygons import area, centroid, convex_parts
from tap.adql.sqltree import call, case_null, cast_to, compare, number, string
from tap.adql.values import Circle, Point, Polygon, Shape, Value, numeric_facts, require_number

__all__ = ["GEOMETRIC", "point_of_numbers"]

_SYSTEMS = {"", "ICRS"}
_Arguments = Sequence[Value]
_Test = Callable[..., exp.Expr]


def point_of_numbers(lon: Value, lat: Value, what: str) -> Point:
    """Make a point of two values in degrees, and find out whether it is a table's own position."""
    require_number(lon, what)
    require_number(lat, what)
    constant = None
    if lon.constant is not None and lat.constant is not None:
        constant = (lon.constant, lat.constant)
        if abs(lat.constant) > 90:
            raise QueryError(f"The declination {lat.constant:g} is not between -90 and 90", lat.at)
    table = None
    if lon.origin and lat.origin and lon.origin[0] is lat.origin[0]:
        described = lon.origin[0].catalog_table
        if described and described.sorted_by_healpix and described.position == (lon.origin[1], lat.origin[1]):
            table = lon.origin[0]
    return Point(_degrees(lon), _degrees(lat), constant, table)


def _degrees(value: Value) -> exp.Expr:
    return number(float(value.constant)) if value.constant is not None else value.sql


def _point(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    rest = _without_system(arguments, 2)
    if len(rest) != 2:
        raise QueryError("POINT takes right ascension and declination", node.at)
    return _shape(point_of_numbers(rest[0], rest[1], "POINT"), node)


def _circle(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    center, rest = _center(_without_system(arguments, 3, 2), node)
    if len(rest) != 1:
        raise QueryError("CIRCLE takes a centre and a radius", node.at)
    radius = require_number(rest[0], "CIRCLE")
    if radius.constant is not None and radius.constant < 0:
        raise QueryError(f"The radius {radius.constant:g} is negative", radius.at)
    return _shape(Circle(center, _degrees(radius), radius.constant), node)


def _box(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """A box is the polygon of its corners (ADQL 2.1 §4.2.9)."""
    center, rest = _center(_without_system(arguments, 4, 3), node)
    if len(rest) != 2:
        raise QueryError("BOX takes a centre, a width and a height", node.at)
    sizes = [require_number(value, "BOX").constant for value in rest]
    if center.constant is None or sizes[0] is None or sizes[1] is None:
        raise QueryError("The arguments of BOX must be constants", node.at, "compare the coordinates instead")
    (lon, lat), width, height = center.constant, sizes[0] / 2, sizes[1] / 2
    corners = ((lon - width, lat - height), (lon + width, lat - height), (lon + width, lat + height))
    return _polygon_value((*corners, (lon - width, lat + height)), node)


def _polygon(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    rest = list(arguments)
    if _is_system(rest[0]):
        _require_system(rest.pop(0))
    if all(value.shape is None for value in rest):
        if len(rest) < 6 or len(rest) % 2:
            raise QueryError("POLYGON takes at least three pairs of coordinates", node.at)
        points = [point_of_numbers(rest[i], rest[i + 1], "POLYGON") for i in range(0, len(rest), 2)]
    else:
        points = [_require_point(value, "POLYGON") for value in rest]
    vertices = [point.constant for point in points]
    known = tuple(vertex for vertex in vertices if vertex is not None)
    if len(known) < len(vertices):
        raise QueryError("The vertices of POLYGON must be constants", node.at)
    return _polygon_value(known, node)


def _polygon_value(vertices: tuple[tuple[float, float], ...], node: tree.Call) -> Value:
    if len(vertices) > 1000:
        raise QueryError("The polygon has more than 1000 vertices", node.at)
    if any(abs(lat) > 90 for _, lat in vertices):
        raise QueryError("The polygon has declinations beyond 90 degrees", node.at)
    try:
        convex_parts(vertices)
    except ValueError as error:
        raise QueryError(f"The polygon cannot be used: {error}", node.at) from error
    return _shape(Polygon(vertices), node)


def _region(_: _Arguments, node: tree.Call, __: bool) -> Value:
    raise QueryError("REGION is not available", node.at, "use CIRCLE, POLYGON or BOX")


def _contains(arguments: _Arguments, node: tree.Call, prune: bool) -> Value:
    return _tested(contains, arguments, node, prune)


def _intersects(arguments: _Arguments, node: tree.Call, prune: bool) -> Value:
    return _tested(intersects, arguments, node, prune)


def _tested(test: _Test, arguments: _Arguments, node: tree.Call, prune: bool) -> Value:
    one, other = (_require_shape(value, node.function.upper()) for value in arguments)
    try:
        truth = test(one, other, prune=prune)
    except UnsupportedShapeError as error:
        raise QueryError(f"{node.function.upper()} is not available for these shapes", node.at, str(error)) from error
    point, region = (one, other) if isinstance(one, Point) else (other, one)
    near = None
    if isinstance(point, Point) and isinstance(region, Circle) and region.constant is not None:
        moving = point.constant is None and region.center.constant is None
        near = (point, region.center, region.constant) if moving else None
    return Value(cast_to(truth, "INTEGER"), numeric_facts("int"), "number", node.at, truth=truth, near=near)


def _distance(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    if len(arguments) == 4:
        one = point_of_numbers(arguments[0], arguments[1], "DISTANCE")
        other = point_of_numbers(arguments[2], arguments[3], "DISTANCE")
    elif len(arguments) == 2:
        one, other = (_require_point(value, "DISTANCE") for value in arguments)
    else:
        raise QueryError("DISTANCE takes two points, or four coordinates", node.at)
    facts = numeric_facts("double", "deg", "pos.angDistance")
    return Value(distance(one, other), facts, "number", node.at, separation=(one, other))


def _area(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    shape = _require_shape(arguments[0], "AREA")
    sql: exp.Expr = number(0.0)
    if isinstance(shape, Polygon):
        sql = number(area(shape.vertices))
    elif isinstance(shape, Circle):
        # The cap 4 pi sin^2(r/2), which keeps its digits for small circles, in square degrees.
        half = call("sin", compare(call("radians", shape.radius), "/", number(2.0)))
        scale = number(4 * math.pi * math.degrees(1) ** 2)
        sql = compare(compare(half, "*", half), "*", scale)
    return Value(sql, numeric_facts("double", "deg**2", "phys.angArea"), "number", node.at)


def _centroid(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    shape = _require_shape(arguments[0], "CENTROID")
    if isinstance(shape, Polygon):
        middle = centroid(shape.vertices)
        return _shape(Point(number(middle[0]), number(middle[1]), middle), node)
    return _shape(shape.center if isinstance(shape, Circle) else shape, node)


def _coord1(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    point = _require_point(arguments[0], "COORD1")
    return Value(cast_to(point.lon, "DOUBLE"), numeric_facts("double", "deg", "pos.eq.ra"), "number", node.at)


def _coord2(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    point = _require_point(arguments[0], "COORD2")
    return Value(cast_to(point.lat, "DOUBLE"), numeric_facts("double", "deg", "pos.eq.dec"), "number", node.at)


def _coordsys(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    shape = _require_shape(arguments[0], "COORDSYS")
    sql: exp.Expr = string("ICRS")
    if not isinstance(shape, Polygon):
        point = shape if isinstance(shape, Point) else shape.center
        sql = case_null([point.lon, point.lat], sql)
    return Value(sql, Column("", "unicodeChar", "*"), "text", node.at)


def _shape(shape: Shape, node: tree.Call) -> Value:
    sql, size, xtype = array_of(shape)
    facts = Column("", "double", size, xtype=xtype, unit="deg", ucd="pos.eq" if xtype == "point" else "pos.outline")
    return Value(sql, facts, "shape", node.at, shape=shape)


def _is_system(value: Value) -> bool:
    return value.kind in {"text", "null"}


def _require_system(value: Value) -> None:
    if value.kind == "null" or (value.text is not None and value.text.strip().upper() in _SYSTEMS):
        return
    raise QueryError(f"The coordinate system {value.text!r} is not available", value.at, "positions are ICRS")


def _without_system(arguments: _Arguments, *counts: int) -> _Arguments:
    """Drop the deprecated first argument, the name of the coordinate system."""
    if _is_system(arguments[0]) and len(arguments) - 1 in counts:
        _require_system(arguments[0])
        return arguments[1:]
    return arguments


def _center(arguments: _Arguments, node: tree.Call) -> tuple[Point, _Arguments]:
    what = node.function.upper()
    if _as_shape(arguments[0]) is not None:
        return _require_point(arguments[0], what), arguments[1:]
    if len(arguments) < 3:
        raise QueryError(f"{what} was given too few arguments", node.at)
    return point_of_numbers(arguments[0], arguments[1], what), arguments[2:]


def _as_shape(value: Value) -> Shape | None:
    """Give the shape of a value: one that was made here, or one that a column holds."""
    if value.shape is not None:
        return value.shape
    if value.facts.xtype not in {"point", "circle"} or value.kind != "array":
        return None
    parts = [call("array_extract", value.sql, number(i)) for i in range(1, 4)]
    point = Point(parts[0], parts[1])
    return point if value.facts.xtype == "point" else Circle(point, parts[2])


def _require_shape(value: Value, what: str) -> Shape:
    shape = _as_shape(value)
    if shape is None:
        advice = "columns of polygons cannot be tested yet" if value.facts.xtype else "use POINT, CIRCLE or POLYGON"
        raise QueryError(f"{what} takes geometry", value.at, advice)
    return shape


def _require_point(value: Value, what: str) -> Point:
    shape = _require_shape(value, what)
    if not isinstance(shape, Point):
        raise QueryError(f"{what} takes a point here", value.at)
    return shape


GEOMETRIC: Mapping[str, Callable[[_Arguments, tree.Call, bool], Value]] = {
    "AREA": _area,
    "BOX": _box,
    "CENTROID": _centroid,
    "CIRCLE": _circle,
    "CONTAINS": _contains,
    "COORD1": _coord1,
    "COORD2": _coord2,
    "COORDSYS": _coordsys,
    "DISTANCE": _distance,
    "INTERSECTS": _intersects,
    "POINT": _point,
    "POLYGON": _polygon,
    "REGION": _region,
}
