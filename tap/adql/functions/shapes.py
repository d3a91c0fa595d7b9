"""Constructors of shapes: POINT, CIRCLE, BOX, POLYGON, REGION and MOC (ADQL 2.1 §4.2)."""

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlglot import exp

from core.sky.mocs import ranges_of_map
from tap.adql import tree
from tap.adql.errors import Position, QueryError
from tap.adql.functions.signatures import MANY, Function, function_of, udf
from tap.adql.geometry.coverage import map_of
from tap.adql.geometry.shape_arrays import array_of_numbers
from tap.adql.geometry.shapes import (
    as_shape,
    degrees,
    point_of_numbers,
    point_of_value,
    polygon_of,
    require_shape,
    shape_value,
    without_system,
)
from tap.adql.sqltree import number
from tap.adql.values import Box, Circle, Computed, Coverage, Point, Shape, Value, require_number

__all__ = ["COVERAGE_FUNCTIONS", "SHAPE_FUNCTIONS", "shape_of_text"]

_Arguments = Sequence[Value]
_NO_REFERENCE = {"", "ICRS", "UNKNOWNREFPOS", "GEOCENTER", "BARYCENTER", "TOPOCENTER", "SPHERICAL2", "UNKNOWNFRAME"}
_Word = Literal["POINT", "CIRCLE", "POLYGON", "BOX"]


def _point(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    rest = without_system(arguments, 2)
    if len(rest) != 2:
        raise QueryError("POINT takes right ascension and declination", node.at)
    return shape_value(point_of_numbers(rest[0], rest[1], "POINT"), node)


def _circle(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    center, rest = _center(without_system(arguments, 3, 2), node)
    if len(rest) != 1:
        raise QueryError("CIRCLE takes a centre and a radius", node.at)
    radius = require_number(rest[0], "CIRCLE")
    _require_radius(radius.constant, radius.at)
    return shape_value(Circle(center, degrees(radius), radius.constant), node)


def _box(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile BOX as ranges of right ascension and declination about its centre (ADQL 2.1 §4.2.9)."""
    center, rest = _center(without_system(arguments, 4, 3), node)
    if len(rest) != 2:
        raise QueryError("BOX takes a centre, a width and a height", node.at)
    width, height = (require_number(value, "BOX") for value in rest)
    for name, size in (("width", width), ("height", height)):
        if size.constant is not None and not size.constant >= 0:
            raise QueryError(f"The {name} {size.constant:g} of the BOX is negative", size.at)
    sizes = None if width.constant is None or height.constant is None else (width.constant, height.constant)
    return shape_value(Box(center, degrees(width), degrees(height), sizes), node)


def _polygon(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    rest = without_system(arguments, *range(3, len(arguments)))
    if all(as_shape(value) is None for value in rest):
        if len(rest) < 6 or len(rest) % 2:
            raise QueryError("POLYGON takes at least three pairs of coordinates", node.at)
        points = [point_of_numbers(rest[i], rest[i + 1], "POLYGON") for i in range(0, len(rest), 2)]
    else:
        points = [point_of_value(value, "POLYGON") for value in rest]
    known = tuple(point.constant for point in points if point.constant is not None)
    if len(known) == len(points):
        return shape_value(polygon_of(known, node.at), node)
    nodes = [node for point in points for node in (point.lon, point.lat)]
    return shape_value(Computed("polygon", array_of_numbers(nodes)), node)


def _region(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile REGION: the simple shapes of STC-S, also under their names in DALI."""
    text = arguments[0]
    if text.text is None:
        raise QueryError("REGION takes a constant text", text.at, "such as 'CIRCLE ICRS 10 20 0.5'")
    kind, *words = text.text.upper().split() or [""]
    while words and words[0] in _NO_REFERENCE:
        words = words[1:]
    names: Mapping[str, _Word] = {
        "POSITION": "POINT",
        "POINT": "POINT",
        "CIRCLE": "CIRCLE",
        "POLYGON": "POLYGON",
        "BOX": "BOX",
    }
    if kind not in names:
        raise QueryError(f"REGION does not know the shape {kind!r}", text.at, "use POSITION, CIRCLE, POLYGON or BOX")
    return shape_value(shape_of_text(" ".join(words), names[kind], text.at), node)


def _moc(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile MOC: a map from its text, or the map of a shape at an order."""
    if len(arguments) == 2:
        order = require_number(arguments[0], "MOC").constant
        if order is None or not order.is_integer() or not 0 <= order <= 29:
            raise QueryError("MOC takes a constant order from 0 to 29", arguments[0].at)
        try:
            sql = map_of(require_shape(arguments[1], "MOC"), int(order))
        except ValueError as e:
            raise QueryError(f"This shape has no coverage map: {e}", arguments[1].at) from e
        return shape_value(Coverage(sql, sql.name if isinstance(sql, exp.Literal) else None), node)
    text = arguments[0]
    if as_shape(text) is not None:
        return shape_value(Coverage(map_of(require_shape(text, "MOC"))), node)
    if text.kind != "text":
        raise QueryError("MOC takes a text", text.at, "such as '3/1-4 4/30'")
    if text.text is not None:
        try:
            ranges_of_map(text.text)
        except ValueError as e:
            raise QueryError(f"MOC cannot read {text.text[:40]!r}: {e}", text.at) from e
    return shape_value(Coverage(text.sql, text.text), node)


def shape_of_text(text: str, word: str, at: tuple[int, int]) -> Shape:
    """Parse the numbers of a constant shape.

    Raises
    ------
    QueryError
        They are not numbers, or not as many as the shape needs.
    """
    try:
        numbers = [float(part) for part in text.split()]
    except ValueError as e:
        raise QueryError(f"The numbers of the {word} cannot be read", at, "write them with spaces between them") from e
    counts = {"POINT": (2,), "CIRCLE": (3,), "BOX": (4,), "POLYGON": range(6, 2001, 2)}
    if len(numbers) not in counts[word]:
        raise QueryError(f"A {word} cannot have {len(numbers)} numbers", at)
    if word in {"POINT", "CIRCLE"}:
        lon, lat = numbers[:2]
        if not abs(lat) <= 90 or (word == "CIRCLE" and not 0 <= numbers[2] <= 180):
            raise QueryError(f"The {word} has a declination or radius out of range", at)
        point = Point(number(lon), number(lat), (lon, lat))
        return point if word == "POINT" else Circle(point, number(numbers[2]), numbers[2])
    if word == "BOX":
        lon, lat, width, height = numbers
        if not (abs(lat) <= 90 and width >= 0 and height >= 0):
            raise QueryError("The BOX has a declination, width or height out of range", at)
        return Box(Point(number(lon), number(lat), (lon, lat)), number(width), number(height), (width, height))
    return polygon_of(tuple(zip(numbers[::2], numbers[1::2], strict=True)), at)


def _require_radius(radius: float | None, at: Position) -> None:
    if radius is not None and radius < 0:
        raise QueryError(f"The radius {radius:g} is negative", at)
    if radius is not None and radius > 180:
        raise QueryError(f"The radius {radius:g} is larger than 180 degrees", at, "180 is the whole sky")


def _center(arguments: _Arguments, node: tree.Call) -> tuple[Point, _Arguments]:
    what = node.function.upper()
    if as_shape(arguments[0]) is not None:
        return point_of_value(arguments[0], what), arguments[1:]
    if len(arguments) < 3:
        raise QueryError(f"{what} was given too few arguments", node.at)
    return point_of_numbers(arguments[0], arguments[1], what), arguments[2:]


#: Constructors of the standard.
SHAPE_FUNCTIONS: tuple[Function, ...] = (
    function_of(
        "BOX", "geometry", "ra DOUBLE, dec DOUBLE, width DOUBLE, height DOUBLE", "POLYGON", _box, required=3, most=5
    ),
    function_of("CIRCLE", "geometry", "ra DOUBLE, dec DOUBLE, radius DOUBLE", "CIRCLE", _circle, required=2, most=4),
    function_of("POINT", "geometry", "ra DOUBLE, dec DOUBLE", "POINT", _point, required=2, most=3),
    function_of(
        "POLYGON", "geometry", "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE", "POLYGON", _polygon, required=3, most=MANY
    ),
    function_of("REGION", "geometry", "stcs VARCHAR", "REGION", _region),
)

#: Coverage maps (IVOA catalogue of UDFs 1.2).
COVERAGE_FUNCTIONS: tuple[Function, ...] = (
    udf(
        "MOC",
        "moc VARCHAR",
        "REGION",
        _moc,
        "The coverage map of an ASCII serialization (3/1-4 4/30), for use in CONTAINS and INTERSECTS; MOC(order, "
        "shape) is the map of a shape.",
        most=2,
        cost="map",
    ),
)
