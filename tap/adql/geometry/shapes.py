"""Conversion between values and shapes (ADQL 2.1 §4.2)."""

from collections.abc import Sequence

from sqlglot import exp

from core.columns import Column
from core.sky.polygons import convex_parts
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.geometry.shape_arrays import array_of
from tap.adql.sqltree import call, number
from tap.adql.values import Circle, Computed, Coverage, Point, Polygon, Shape, Value, require_number

__all__ = [
    "as_shape",
    "degrees",
    "point_of_numbers",
    "point_of_value",
    "point_value",
    "polygon_of",
    "require_shape",
    "shape_value",
    "without_system",
]

_SYSTEMS = {"", "ICRS"}
_MOST_VERTICES = 1000
_UCDS = {"point": "pos.eq", "moc": "pos.outline"}


def point_of_numbers(lon: Value, lat: Value, what: str) -> Point:
    """Return a point of two values in degrees, with its table when rows are sorted by it."""
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
    return Point(degrees(lon), degrees(lat), constant, table)


def degrees(value: Value) -> exp.Expr:
    """Return a value as a floating-point number."""
    return number(float(value.constant)) if value.constant is not None else value.sql


def point_of_value(value: Value, what: str) -> Point:
    """Return the point of a value.

    Raises
    ------
    QueryError
        The value is not a point.
    """
    shape = require_shape(value, what)
    if not isinstance(shape, Point):
        raise QueryError(f"{what} takes a point here", value.at)
    return shape


def point_value(array: exp.Expr, node: tree.Call | tree.Cast) -> Value:
    """Return the value of a point, given an array of two numbers."""
    return shape_value(Point(call("array_extract", array, number(1)), call("array_extract", array, number(2))), node)


def polygon_of(vertices: tuple[tuple[float, float], ...], at: tuple[int, int]) -> Polygon:
    """Return a polygon with constant vertices.

    Raises
    ------
    QueryError
        The edges cross, the area is 0, or the polygon does not fit into a hemisphere.
    """
    if len(vertices) > _MOST_VERTICES:
        raise QueryError(f"The polygon has more than {_MOST_VERTICES} vertices", at)
    if any(abs(lat) > 90 for _, lat in vertices):
        raise QueryError("The polygon has declinations beyond 90 degrees", at)
    try:
        convex_parts(vertices)
    except ValueError as error:
        raise QueryError(f"The polygon cannot be used: {error}", at) from error
    return Polygon(vertices)


def shape_value(shape: Shape, node: tree.Call | tree.Cast) -> Value:
    """Return the value of a shape, with the metadata of DALI 1.1 §3.3."""
    sql, size, xtype = array_of(shape)
    if xtype == "moc":
        column = Column("", "char", size, xtype=xtype, ucd=_UCDS[xtype])
    else:
        column = Column("", "double", size, xtype=xtype, unit="deg", ucd=_UCDS.get(xtype, "pos.outline"))
    return Value(sql, column, "shape", node.at, shape=shape)


def as_shape(value: Value) -> Shape | None:
    """Return the shape of a value, whether constructed or from a column; None when it is not a shape."""
    if value.shape is not None:
        return value.shape
    xtype = value.column.xtype
    if xtype == "moc" and value.kind == "text":
        return Coverage(value.sql)
    if value.kind != "array" or value.column.datatype not in {"float", "double"}:
        return None
    if xtype == "polygon":
        return Computed("polygon", value.sql)
    if xtype not in {"point", "circle"}:
        return None
    parts = [call("array_extract", value.sql, number(i)) for i in range(1, 4)]
    point = Point(parts[0], parts[1])
    return point if xtype == "point" else Circle(point, parts[2])


def require_shape(value: Value, what: str) -> Shape:
    """Return the shape of a value; raise QueryError when it is not a shape."""
    shape = as_shape(value)
    if shape is None:
        raise QueryError(f"{what} takes geometry", value.at, "use POINT, CIRCLE, POLYGON or a column of shapes")
    return shape


def without_system(arguments: Sequence[Value], *counts: int) -> Sequence[Value]:
    """Return the arguments without the deprecated first one, the name of the coordinate system."""
    first = arguments[0]
    if first.kind not in {"text", "null"} or as_shape(first) is not None or len(arguments) - 1 not in counts:
        return arguments
    if first.kind != "null" and (first.text is None or first.text.strip().upper() not in _SYSTEMS):
        raise QueryError(f"The coordinate system {first.text!r} is not available", first.at, "positions are ICRS")
    return arguments[1:]
