"""User-defined functions of frames, motions, intervals and spectra of the IVOA's catalogue of UDFs."""

from collections.abc import Sequence

from tap.adql import tree
from tap.adql.domains import defined
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Function, udf
from tap.adql.functions.units import UnknownUnitError, spectral_conversion
from tap.adql.geometry.shape_arrays import kernel_arguments
from tap.adql.geometry.shapes import point_value, require_shape, shape_value
from tap.adql.sqltree import all_of, call, cast_to, compare, number, string
from tap.adql.values import (
    Box,
    Circle,
    Computed,
    Coverage,
    Point,
    Value,
    numeric_column,
    require_array,
    require_number,
    require_text,
)

__all__ = ["FRAME_FUNCTIONS"]

_Arguments = Sequence[Value]

_MILLIARCSECONDS = 3_600_000.0
_FRAMES = ("ICRS", "FK5", "GALACTIC", "SUPER_GALACTIC")


def _apply_pm(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    lon, lat, motion_lon, motion_lat, years = (
        cast_to(require_number(argument, node.function).sql, "DOUBLE") for argument in arguments
    )
    scaled = (compare(motion, "*", number(_MILLIARCSECONDS)) for motion in (motion_lon, motion_lat))
    nothing = number(0.0)
    return point_value(call("sky_epoch_prop", lon, lat, nothing, *scaled, nothing, nothing, years), node)


def _interval_has(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value = require_number(arguments[0], node.function).sql
    interval = require_array(arguments[1], node.function).sql
    low, high = (call("list_extract", interval, number(place)) for place in (1, 2))
    truth = all_of([compare(low, "<=", value), compare(value, "<=", high)])
    return Value(cast_to(truth, "INTEGER"), numeric_column("int"), "number", node.at, truth=truth)


def _specconv(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value, *units = require_number(arguments[0], node.function), *arguments[1:]
    names = [require_text(unit, node.function).text for unit in units]
    source, wanted = (value.column.unit, names[0]) if len(names) == 1 else names
    if source is None or wanted is None:
        raise QueryError(f"The unit of {node.function} is not known", value.at, "give both units as texts")
    try:
        found = spectral_conversion(source, wanted)
    except UnknownUnitError as e:
        raise QueryError(f"{node.function} does not know the unit {source!r} or {wanted!r}", units[-1].at) from e
    if found is None:
        raise QueryError(f"The unit {source!r} is not spectral like {wanted!r}", units[-1].at)
    factor, inverse = found
    plain = cast_to(value.sql, "DOUBLE")
    if inverse:
        sql = defined(plain, lambda v: compare(v, "<>", number(0)), lambda v: compare(number(factor), "/", v))
    else:
        sql = compare(plain, "*", number(factor))
    return Value(sql, numeric_column("double", wanted), "number", node.at)


def _transform(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    frames = [require_text(argument, node.function).text for argument in arguments[:2]]
    for frame, argument in zip(frames, arguments, strict=False):
        if frame not in _FRAMES:
            advice = f"as constant texts, {', '.join(_FRAMES)} are available"
            raise QueryError(f"The frame {frame!r} of {node.function} is not available", argument.at, advice)
    shape = require_shape(arguments[2], node.function)
    if isinstance(shape, Coverage | Box):
        raise QueryError(f"{node.function} takes a POINT, CIRCLE or POLYGON", arguments[2].at)
    kind, numbers = kernel_arguments(shape)
    moved = call("sky_transform", string(frames[0] or ""), string(frames[1] or ""), kind, numbers)
    if isinstance(shape, Point):
        return point_value(moved, node)
    if isinstance(shape, Circle):
        parts = [call("list_extract", moved, number(place)) for place in (1, 2, 3)]
        return shape_value(Circle(Point(parts[0], parts[1]), parts[2]), node)
    return shape_value(Computed("polygon", moved), node)


#: Functions of frames, motions, intervals and spectra, in the order of capabilities.
FRAME_FUNCTIONS: tuple[Function, ...] = (
    udf(
        "ivo_apply_pm",
        "ra DOUBLE, dec DOUBLE, pmra DOUBLE, pmdec DOUBLE, epdiff DOUBLE",
        "POINT",
        _apply_pm,
        "The position after epdiff Julian years; proper motions are in degrees per year, that of ra with the cosine of "
        "dec. ivo_epoch_prop_pos takes mas/yr.",
    ),
    udf(
        "ivo_interval_has",
        "val DOUBLE, interval INTERVAL",
        "INTEGER",
        _interval_has,
        "1 when the interval, an array of its two ends, contains the value, its ends included, else 0.",
    ),
    udf(
        "ivo_specconv",
        "val DOUBLE, from_unit VARCHAR, to_unit VARCHAR",
        "DOUBLE",
        _specconv,
        "A spectral value in another unit, between wavelengths, frequencies, wavenumbers and energies; from_unit may "
        "be left out for a column that declares its unit.",
        required=2,
    ),
    udf(
        "ivo_geom_transform",
        "from_sys VARCHAR, to_sys VARCHAR, geo REGION",
        "REGION",
        _transform,
        "A POINT, CIRCLE or POLYGON in another reference frame: ICRS, FK5 (J2000), GALACTIC or SUPER_GALACTIC.",
    ),
)
