"""Geometric predicates of ADQL as SQL arithmetic on the sphere (ADQL 2.1 §4.2).

Circles are tested by haversines, about the antipode when they are larger than a hemisphere, so that the test is precise
for arcseconds and for 180 degrees; distances are computed by Vincenty's formula, as in astropy; polygons are tested by
the great circles of their edges. Other shapes that differ from row to row are tested by the kernels of
`core.sky.regions` in the query process. A missing coordinate makes the result NULL.
"""

import math

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from core.sky.boxes import Box as SkyBox
from core.sky.polygons import convex_parts, edge_normals
from tap.adql.geometry import coverage
from tap.adql.geometry.healpix_ranges import ranges_of_box, ranges_of_cone, ranges_of_polygon
from tap.adql.geometry.pruning import in_ranges
from tap.adql.geometry.shape_arrays import kernel_arguments
from tap.adql.sqltree import all_of, any_of, call, case_null, compare, number
from tap.adql.values import Box, Circle, Coverage, Point, Polygon, Shape

__all__ = ["contains", "distance", "intersects", "within"]

_REVERSED = {"<": ">", "<=": ">="}
# Rounding error of a dot product of unit vectors, far below a nanoarcsecond; it includes the edge.
_RIM = 4e-16
#: Above this number of convex parts the kernel is faster than SQL.
_MOST_PARTS = 24


def distance(one: Point, other: Point) -> exp.Expr:
    """Return the angle between two points, in degrees (Vincenty 1975)."""
    sin_one, cos_one = _sin(one.lat), _cos(one.lat)
    sin_other, cos_other = _sin(other.lat), _cos(other.lat)
    step = compare(other.lon, "-", one.lon)
    sin_step, cos_step = _sin(step), _cos(step)
    across = compare(cos_other, "*", sin_step)
    along = compare(compare(cos_one, "*", sin_other), "-", _product(sin_one, cos_other, cos_step))
    up = compare(compare(sin_one, "*", sin_other), "+", _product(cos_one, cos_other, cos_step))
    side = call("sqrt", compare(_product(across, across), "+", _product(along, along)))
    return call("degrees", call("atan2", side, up))


def within(point: Point, circle: Circle, operator: str = "<=", *, prune: bool = False) -> exp.Expr:
    """Return the condition that a point is within a circle.

    Parameters
    ----------
    operator
        ``<=`` or ``<``.
    prune
        Whether the hidden HEALPix column may be tested, as in WHERE and ON.
    """
    center, radius = circle.center, circle.constant
    if center.constant is None and point.constant is not None:
        point, center = center, point
    if radius is None:
        return compare(distance(point, center), operator, circle.radius)
    if radius < 0:
        return compare(_haversine(point, center), "<", number(0))
    if radius > 180:
        return compare(_haversine(point, center), ">=", number(0))
    if radius > 90:
        limit = math.sin(math.radians(180 - radius) / 2) ** 2
        return compare(_haversine(point, _antipode(center)), _REVERSED[operator], number(limit))
    limit = math.sin(math.radians(radius) / 2) ** 2
    tests = [compare(_haversine(point, center), operator, number(limit))]
    if center.constant is not None:
        tests = [*_band(point, center.constant[1], radius), *tests]
        if prune and point.table is not None:
            tests = [*in_ranges(point, ranges_of_cone(*center.constant, radius)), *tests]
    return all_of(tests)


def contains(inner: Shape, outer: Shape, *, prune: bool = False) -> exp.Expr:
    """Return the condition that one shape is within another, edges included."""
    if isinstance(inner, Coverage) or isinstance(outer, Coverage):
        return coverage.contains(inner, outer, prune=prune)
    if isinstance(inner, Point) and isinstance(outer, Circle):
        return within(inner, outer, prune=prune)
    if isinstance(inner, Point) and isinstance(outer, Box):
        return _in_box(inner, outer, prune=prune)
    if isinstance(inner, Point) and isinstance(outer, Polygon):
        return _in_polygon(inner, outer, prune=prune)
    if isinstance(inner, Point) and isinstance(outer, Point):
        return compare(_haversine(inner, outer), "=", number(0))
    if isinstance(inner, Circle) and isinstance(outer, Circle):
        reach = compare(distance(inner.center, outer.center), "+", inner.radius)
        known = case_null([inner.center.lon, inner.center.lat, inner.radius], compare(outer.radius, ">=", number(180)))
        return any_of([compare(reach, "<=", outer.radius), known])
    return call("sky_contains", *kernel_arguments(inner), *kernel_arguments(outer))


def intersects(one: Shape, other: Shape, *, prune: bool = False) -> exp.Expr:
    """Return the condition that two shapes have a position in common."""
    if isinstance(one, Point):
        return contains(one, other, prune=prune)
    if isinstance(other, Point):
        return contains(other, one, prune=prune)
    if isinstance(one, Coverage) or isinstance(other, Coverage):
        return coverage.intersects(one, other)
    if isinstance(one, Circle) and isinstance(other, Circle):
        reach = compare(one.radius, "+", other.radius)
        return compare(distance(one.center, other.center), "<=", reach)
    return call("sky_intersects", *kernel_arguments(one), *kernel_arguments(other))


def _in_box(point: Point, box: Box, *, prune: bool) -> exp.Expr:
    """Return the condition that a point is within a box, edges included; the poles are at every right ascension."""
    margin = number(1e-13)
    half = [compare(compare(size, "/", number(2.0)), "+", margin) for size in (box.width, box.height)]
    step = compare(point.lon, "-", box.center.lon)
    turns = call("floor", compare(compare(step, "+", number(180.0)), "/", number(360.0)))
    across = compare(call("abs", compare(step, "-", compare(number(360.0), "*", turns))), "<=", half[0])
    if box.center.constant is None or box.constant is None:
        at_pole = compare(call("abs", point.lat), ">=", number(90.0))
        along = compare(call("abs", compare(point.lat, "-", box.center.lat)), "<=", half[1])
        return all_of([along, any_of([across, at_pole])])
    region = SkyBox.about(*box.center.constant, *box.constant)
    if region.south == -90 or region.north == 90:
        across = any_of([across, compare(call("abs", point.lat), ">=", number(90.0))])
    tests = [
        compare(point.lat, ">=", number(float(region.south - 1e-13))),
        compare(point.lat, "<=", number(float(region.north + 1e-13))),
        across,
    ]
    if prune and point.table is not None:
        tests = [*in_ranges(point, ranges_of_box(region)), *tests]
    return all_of(tests)


def _in_polygon(point: Point, polygon: Polygon, *, prune: bool) -> exp.Expr:
    parts = convex_parts(polygon.vertices)
    insides = []
    for part in parts if len(parts) <= _MOST_PARTS else ():
        sides = [compare(_dot(normal, point), ">=", number(-_RIM)) for normal in edge_normals(part)]
        insides.append(all_of(sides))
    tests = [any_of(insides) if insides else call("sky_contains", *kernel_arguments(point), *kernel_arguments(polygon))]
    if prune and point.table is not None:
        tests = [*in_ranges(point, ranges_of_polygon(polygon.vertices)), *tests]
    return all_of(tests)


def _band(point: Point, lat: float, radius: float) -> list[exp.Expr]:
    """Return bounds of the declination: cheap, and row groups in another order may be pruned by them."""
    margin = 1e-9
    return [
        compare(point.lat, ">=", number(float(lat - radius - margin))),
        compare(point.lat, "<=", number(float(lat + radius + margin))),
    ]


def _haversine(one: Point, other: Point) -> exp.Expr:
    up = call("sin", compare(compare(_radians(one.lat), "-", _radians(other.lat)), "/", number(2.0)))
    across = call("sin", compare(compare(_radians(one.lon), "-", _radians(other.lon)), "/", number(2.0)))
    shrunk = _product(_cos(one.lat), _cos(other.lat), across, across)
    return compare(_product(up, up), "+", shrunk)


def _antipode(point: Point) -> Point:
    if point.constant is not None:
        lon, lat = point.constant
        return _constant_point((lon + 180) % 360, -lat)
    return Point(compare(point.lon, "+", number(180.0)), compare(number(0.0), "-", point.lat))


def _constant_point(lon: float, lat: float) -> Point:
    return Point(number(float(lon)), number(float(lat)), (lon, lat))


def _dot(vector: NDArray[np.float64], point: Point) -> exp.Expr:
    x, y, z = (number(float(component)) for component in vector)
    flat = compare(compare(x, "*", _cos(point.lon)), "+", compare(y, "*", _sin(point.lon)))
    return compare(_product(_cos(point.lat), flat), "+", compare(z, "*", _sin(point.lat)))


def _product(*nodes: exp.Expr) -> exp.Expr:
    result = nodes[0]
    for node in nodes[1:]:
        result = compare(result, "*", node)
    return result


def _radians(node: exp.Expr) -> exp.Expr:
    return call("radians", node)


def _sin(node: exp.Expr) -> exp.Expr:
    return call("sin", _radians(node))


def _cos(node: exp.Expr) -> exp.Expr:
    return call("cos", _radians(node))
