"""Predicates of coverage maps: containment and intersection (MOC 2.0, DALI 1.2 §3.3)."""

from sqlglot import exp

from core.sky.mocs import map_of_region
from tap.adql.geometry.healpix_ranges import ranges_of_map
from tap.adql.geometry.pruning import in_ranges
from tap.adql.geometry.shape_arrays import constant_region, kernel_arguments
from tap.adql.sqltree import all_of, call, case_null, cast_to, false, number, string
from tap.adql.values import Coverage, Point, Shape

__all__ = ["contains", "intersects", "map_of"]


def contains(inner: Shape, outer: Shape, *, prune: bool) -> exp.Expr:
    """Return the condition that one shape is within another, at least one of which is a map."""
    if isinstance(inner, Point) and isinstance(outer, Coverage):
        return _holds(inner, outer, prune=prune)
    if isinstance(outer, Point):
        return case_null([outer.lon, outer.lat], false())
    return call("sky_map_within", map_of(inner), map_of(outer))


def intersects(one: Shape, other: Shape) -> exp.Expr:
    """Return the condition that two shapes, at least one of which is a map, have a cell in common."""
    return call("sky_map_meets", map_of(one), map_of(other))


def map_of(shape: Shape, order: int | None = None) -> exp.Expr:
    """Return the map of a shape; the map of a constant shape is computed at compile time.

    Raises
    ------
    ValueError
        The shape has no coverage map.
    """
    if isinstance(shape, Coverage):
        return shape.sql
    region = constant_region(shape)
    if region is not None:
        return string(map_of_region(region, order))
    return call("sky_map_of", *kernel_arguments(shape), number(-1 if order is None else order))


def _holds(point: Point, coverage: Coverage, *, prune: bool) -> exp.Expr:
    exact = call("sky_in_map", cast_to(point.lon, "DOUBLE"), cast_to(point.lat, "DOUBLE"), coverage.sql)
    if coverage.text is None or point.table is None or not prune:
        return exact
    ranges, is_exact = ranges_of_map(coverage.text)
    if not ranges:
        return case_null([point.lon, point.lat], false())
    tests = in_ranges(point, ranges)
    return all_of(tests if is_exact and point.table.has_cells else [*tests, exact])
