"""Functions of shapes: predicates, measures and coordinates (ADQL 2.1 §4.2)."""

import math
from collections.abc import Callable, Sequence

from sqlglot import exp

from core.columns import Column
from core.sky.polygons import area, centroid
from core.sky.regions import region_center
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Function, function_of
from tap.adql.geometry.predicates import contains, distance, intersects
from tap.adql.geometry.shape_arrays import array_of, constant_region, kernel_arguments
from tap.adql.geometry.shapes import point_of_numbers, point_of_value, point_value, require_shape, shape_value
from tap.adql.sqltree import call, case_null, cast_to, compare, number, string
from tap.adql.values import Box, Circle, Computed, Coverage, Near, Point, Polygon, Value, numeric_column

__all__ = ["GEOMETRIC_FUNCTIONS"]

_Arguments = Sequence[Value]
_Test = Callable[..., exp.Expr]


def _contains(arguments: _Arguments, node: tree.Call, prune: bool) -> Value:
    return _tested(contains, arguments, node, prune)


def _intersects(arguments: _Arguments, node: tree.Call, prune: bool) -> Value:
    return _tested(intersects, arguments, node, prune)


def _tested(test: _Test, arguments: _Arguments, node: tree.Call, prune: bool) -> Value:
    one, other = (require_shape(value, node.function.upper()) for value in arguments)
    try:
        truth = test(one, other, prune=prune)
    except ValueError as error:  # a shape that has no coverage map
        raise QueryError(f"{node.function.upper()} cannot test these shapes", node.at, str(error)) from error
    point, region = (one, other) if isinstance(one, Point) else (other, one)
    near = None
    if isinstance(point, Point) and isinstance(region, Circle):
        moving = point.constant is None and region.center.constant is None
        near = Near(point, region.center, region.radius, region.constant) if moving else None
    return Value(cast_to(truth, "INTEGER"), numeric_column("int"), "number", node.at, truth=truth, near=near)


def _distance(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    if len(arguments) == 4:
        one = point_of_numbers(arguments[0], arguments[1], "DISTANCE")
        other = point_of_numbers(arguments[2], arguments[3], "DISTANCE")
    elif len(arguments) == 2:
        one, other = (point_of_value(value, "DISTANCE") for value in arguments)
    else:
        raise QueryError("DISTANCE takes two points, or four coordinates", node.at)
    column = numeric_column("double", ucd="pos.angDistance")
    return Value(distance(one, other), column, "number", node.at, separation=(one, other))


def _area(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    shape = require_shape(arguments[0], "AREA")
    sql: exp.Expr = number(0.0)
    if isinstance(shape, Polygon):
        sql = number(area(shape.vertices))
    elif isinstance(shape, Circle):
        # The area of the cap, 4 pi sin^2(r/2), in square degrees; this form is precise for small circles.
        radius = call("radians", shape.radius if shape.constant is not None else _radius_of_row(shape.radius))
        half = call("sin", compare(radius, "/", number(2.0)))
        scale = number(4 * math.pi * math.degrees(1) ** 2)
        sql = compare(compare(half, "*", half), "*", scale)
    elif isinstance(shape, Box | Computed):
        sql = call("sky_area", *kernel_arguments(shape))
    elif isinstance(shape, Coverage):
        sql = call("sky_map_area", shape.sql)
    else:
        sql = case_null([shape.lon, shape.lat], sql)
    return Value(sql, numeric_column("double", ucd="phys.angArea"), "number", node.at)


def _radius_of_row(radius: exp.Expr) -> exp.Expr:
    """Return a radius limited to 180 degrees, which is the whole sky; NULL for a missing one."""
    return case_null([radius], call("least", radius, number(180.0)))


def _centroid(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    shape = require_shape(arguments[0], "CENTROID")
    if isinstance(shape, Coverage):
        raise QueryError("CENTROID takes no coverage map", arguments[0].at, "use a point, a circle or a polygon")
    region = constant_region(shape) if isinstance(shape, Box) else None
    if region is not None:
        lon, lat = region_center(region) or (0.0, 0.0)
        return shape_value(Point(number(lon), number(lat), (lon, lat)), node)
    if isinstance(shape, Box | Computed):
        return point_value(call("sky_center", *kernel_arguments(shape)), node)
    if isinstance(shape, Polygon):
        middle = centroid(shape.vertices)
        return shape_value(Point(number(middle[0]), number(middle[1]), middle), node)
    return shape_value(shape.center if isinstance(shape, Circle) else shape, node)


def _coord1(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    point = point_of_value(arguments[0], "COORD1")
    return Value(cast_to(point.lon, "DOUBLE"), numeric_column("double", ucd="pos.eq.ra"), "number", node.at)


def _coord2(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    point = point_of_value(arguments[0], "COORD2")
    return Value(cast_to(point.lat, "DOUBLE"), numeric_column("double", ucd="pos.eq.dec"), "number", node.at)


def _coordsys(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    shape = require_shape(arguments[0], "COORDSYS")
    sql: exp.Expr = string("ICRS")
    if not isinstance(shape, Polygon):
        point = shape.center if isinstance(shape, Circle | Box) else shape
        parts = [point.lon, point.lat] if isinstance(point, Point) else [array_of(shape)[0]]
        sql = case_null(parts, sql)
    return Value(sql, Column("", "unicodeChar", "*"), "text", node.at)


#: Functions of shapes.
GEOMETRIC_FUNCTIONS: tuple[Function, ...] = (
    function_of("AREA", "geometry", "region REGION", "DOUBLE", _area, unit="deg**2"),
    function_of("CENTROID", "geometry", "region REGION", "POINT", _centroid),
    function_of("CONTAINS", "geometry", "inner REGION, outer REGION", "INTEGER", _contains, cost="shapes"),
    function_of("COORD1", "geometry", "position POINT", "DOUBLE", _coord1, unit="deg"),
    function_of("COORD2", "geometry", "position POINT", "DOUBLE", _coord2, unit="deg"),
    function_of("COORDSYS", "geometry", "region REGION", "VARCHAR", _coordsys),
    function_of(
        "DISTANCE",
        "geometry",
        "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE, dec2 DOUBLE",
        "DOUBLE",
        _distance,
        required=2,
        unit="deg",
        cost="distance",
    ),
    function_of("INTERSECTS", "geometry", "one REGION, other REGION", "INTEGER", _intersects, cost="shapes"),
)
