"""Shapes as arrays of numbers (DALI 1.1 §3.3.5 to §3.3.7)."""

from sqlglot import exp

from core.sky.boxes import Box as SkyBox
from core.sky.regions import Region
from tap.adql.sqltree import all_of, call, case_null, cast_to, compare, number, string
from tap.adql.values import Box, Circle, Computed, Coverage, Point, Shape

__all__ = ["array_of", "array_of_numbers", "constant_region", "kernel_arguments", "kind_of_shape"]


def array_of(shape: Shape) -> tuple[exp.Expr, str, str]:
    """Return the array of a shape, its arraysize and its xtype; for a map its text.

    A box is the polygon of its corners, or NULL where that would be another region (see `core.sky.boxes.Box.corners`).
    """
    if isinstance(shape, Point):
        return array_of_numbers([shape.lon, shape.lat]), "2", "point"
    if isinstance(shape, Circle):
        return array_of_numbers([shape.center.lon, shape.center.lat, shape.radius]), "3", "circle"
    if isinstance(shape, Computed):
        return shape.sql, "3" if shape.kind == "circle" else "*", shape.kind
    if isinstance(shape, Coverage):
        return shape.sql, "*", "moc"
    if isinstance(shape, Box):
        return _corners(shape), "8", "polygon"
    flat = [number(float(coordinate)) for vertex in shape.vertices for coordinate in vertex]
    return array_of_numbers(flat), str(len(flat)), "polygon"


def array_of_numbers(nodes: list[exp.Expr]) -> exp.Expr:
    """Return numbers as an array; NULL when one of them is NULL."""
    return case_null(nodes, call("array_value", *(cast_to(node, "DOUBLE") for node in nodes)))


def kernel_arguments(shape: Shape) -> tuple[exp.Expr, exp.Expr]:
    """Return the kind and the numbers of a shape, as kernels take them."""
    if isinstance(shape, Box):
        numbers = array_of_numbers([shape.center.lon, shape.center.lat, shape.width, shape.height])
    else:
        numbers = array_of(shape)[0]
    return string(kind_of_shape(shape)), cast_to(numbers, "DOUBLE[]")


def kind_of_shape(shape: Shape) -> str:
    """Return the name of the kind of a shape."""
    return shape.kind if isinstance(shape, Computed) else type(shape).__name__.lower()


def constant_region(shape: Shape) -> Region | None:
    """Return a constant shape as a region; None for other shapes."""
    if isinstance(shape, Point):
        return None if shape.constant is None else Region("point", shape.constant)
    if isinstance(shape, Circle):
        if shape.center.constant is None or shape.constant is None:
            return None
        return Region("circle", (*shape.center.constant, shape.constant))
    if isinstance(shape, Box):
        if shape.center.constant is None or shape.constant is None:
            return None
        return Region("box", (*shape.center.constant, *shape.constant))
    if isinstance(shape, Computed | Coverage):
        return None
    return Region("polygon", tuple(coordinate for vertex in shape.vertices for coordinate in vertex))


def _corners(box: Box) -> exp.Expr:
    if box.center.constant is not None and box.constant is not None:
        corners = SkyBox.about(*box.center.constant, *box.constant).corners()
        if corners is None:
            return cast_to(exp.Null(), "DOUBLE[8]")
        return array_of_numbers([number(float(coordinate)) for corner in corners for coordinate in corner])
    halves = [compare(size, "/", number(2.0)) for size in (box.width, box.height)]
    nodes: list[exp.Expr] = []
    for east, north in (("-", "-"), ("+", "-"), ("+", "+"), ("-", "+")):
        nodes += [compare(box.center.lon, east, halves[0]), compare(box.center.lat, north, halves[1])]
    reach = compare(call("abs", box.center.lat), "+", halves[1])
    fits = all_of([compare(box.width, "<", number(180.0)), compare(reach, "<", number(90.0))])
    return exp.Case(ifs=[exp.If(this=fits, true=array_of_numbers(nodes))])
