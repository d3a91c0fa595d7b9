"""User-defined functions of the IVOA's catalogue of UDFs 1.2."""

from collections.abc import Sequence

from sqlglot import exp

from core.columns import HEALPIX_COLUMN, Column
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.aggregates import histogram, string_agg
from tap.adql.functions.signatures import Function, udf
from tap.adql.geometry.shapes import point_of_numbers, point_of_value, point_value
from tap.adql.sqltree import all_of, attachable, call, cast_to, column, compare, number, string, wrap
from tap.adql.values import Point, Value, numeric_column, require_number, require_text

__all__ = ["IVOA_FUNCTIONS"]

_Arguments = Sequence[Value]

_FINEST_ORDER = 29
_UNIX_EPOCH_JD = 2440587.5
_UNIX_EPOCH_MJD = 40587.0
# Separators of words: ASCII characters other than letters, digits and underscores. Other characters belong to words.
_BETWEEN_WORDS = r"[\x00-/:-@\[-\^`{-\x7f]+"
_EPOCH = (
    "ra DOUBLE, dec DOUBLE, parallax DOUBLE, pmra DOUBLE, pmdec DOUBLE, radial_velocity DOUBLE, ref_epoch DOUBLE, "
    "out_epoch DOUBLE"
)
_EPOCH_UNITS = (
    "Positions are in degrees, parallaxes in mas, proper motions in mas/yr (that of ra with the cosine of dec), "
    "velocities in km/s, epochs in Julian years. Missing parallaxes, motions and velocities count as 0"
)


def _hasword(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Return whether all words of the needle are words of the haystack."""
    return _flag(call("list_has_all", *(_words(require_text(argument, node.function)) for argument in arguments)), node)


def _words(text: Value) -> exp.Expr:
    # The space at the end gives every list an empty word, as a separator at the beginning of a needle would.
    marked = exp.DPipe(this=call("lower", text.sql), expression=string(" "))
    return call("regexp_split_to_array", marked, string(_BETWEEN_WORDS))


def _nocasematch(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value, pattern = (require_text(argument, node.function) for argument in arguments)
    return _flag(exp.ILike(this=wrap(value.sql), expression=wrap(pattern.sql)), node)


def _hashlist_has(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    words, item = (require_text(argument, node.function) for argument in arguments)
    parts = call("string_split", call("lower", words.sql), string("#"))
    return _flag(call("list_contains", parts, call("lower", item.sql)), node)


def _interval_overlaps(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    low, high, other_low, other_high = (require_number(argument, node.function).sql for argument in arguments)
    pairs = ((low, high), (other_low, other_high), (low, other_high), (other_low, high))
    return _flag(all_of([compare(one, "<=", other) for one, other in pairs]), node)


def _healpix_index(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    order, *position = arguments
    _require_order(order, node)
    point = (
        point_of_value(position[0], node.function)
        if len(position) == 1
        else point_of_numbers(position[0], position[1], node.function)
    )
    described = numeric_column("long", ucd="pos.healpix")
    if point.table is not None and point.table.has_cells and order.constant is not None:
        cell = column(HEALPIX_COLUMN, point.table.alias)
        shifted = exp.BitwiseRightShift(this=cell, expression=number(2 * (_FINEST_ORDER - int(order.constant))))
        return Value(exp.Paren(this=shifted), described, "number", node.at)
    sql = call("sky_healpix_index", _order(order), *_coordinates(point))
    return Value(sql, described, "number", node.at)


def _healpix_center(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    order, index = arguments
    _require_order(order, node)
    if require_number(index, node.function).column.datatype in {"float", "double"}:
        raise QueryError(f"{node.function} takes a whole number as index", index.at)
    sql = call("sky_healpix_center", _order(order), cast_to(index.sql, "BIGINT"))
    return point_value(sql, node)


def _order(order: Value) -> exp.Expr:
    return exp.TryCast(this=attachable(order.sql), to=exp.DataType.build("INTEGER", dialect="duckdb"))


def _require_order(order: Value, node: tree.Call) -> None:
    require_number(order, node.function)
    constant = order.constant
    if constant is not None and not (constant.is_integer() and 0 <= constant <= _FINEST_ORDER):
        raise QueryError(f"{node.function} takes an order from 0 to {_FINEST_ORDER}", order.at)


def _to_jd(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    return _days(arguments[0], node, _UNIX_EPOCH_JD)


def _to_mjd(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    return _days(arguments[0], node, _UNIX_EPOCH_MJD)


def _days(value: Value, node: tree.Call, origin: float) -> Value:
    if value.kind not in {"timestamp", "text", "null"}:
        raise QueryError(f"{node.function} takes a timestamp", value.at, "CAST it to TIMESTAMP")
    # A text that is not a time gives NULL; an error would fail the whole query.
    zoned = exp.TryCast(this=attachable(value.sql), to=exp.DataType.build("TIMESTAMPTZ", dialect="duckdb"))
    time = exp.TryCast(this=zoned, to=exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    seconds = call("epoch", time)
    days = compare(compare(seconds, "/", number(86400.0)), "+", number(origin))
    return Value(days, numeric_column("double", ucd="time.epoch"), "number", node.at)


def _normal_random(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile a normal random number from two uniform ones (Box and Muller 1958); 1 - random() is never 0."""
    mean, width = (require_number(argument, node.function) for argument in arguments)
    logarithm = call("ln", compare(number(1.0), "-", call("random")))
    radius = call("sqrt", compare(number(-2.0), "*", logarithm))
    angle = call("cos", compare(compare(number(2.0), "*", call("pi")), "*", call("random")))
    sql = compare(mean.sql, "+", compare(width.sql, "*", compare(radius, "*", angle)))
    return Value(cast_to(sql, "DOUBLE"), numeric_column("double", mean.column.unit), "number", node.at)


def _epoch_prop(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    return Value(_propagated(arguments, node), Column("", "double", "6"), "array", node.at)


def _epoch_prop_pos(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    return point_value(_propagated(arguments, node), node)


def _propagated(arguments: _Arguments, node: tree.Call) -> exp.Expr:
    numbers = (require_number(argument, node.function) for argument in arguments)
    return call("sky_epoch_prop", *(cast_to(value.sql, "DOUBLE") for value in numbers))


def _coordinates(point: Point) -> tuple[exp.Expr, exp.Expr]:
    return cast_to(point.lon, "DOUBLE"), cast_to(point.lat, "DOUBLE")


def _flag(truth: exp.Expr, node: tree.Call) -> Value:
    return Value(cast_to(truth, "INTEGER"), numeric_column("int"), "number", node.at, truth=truth)


#: Functions of the IVOA catalogue, in the order of capabilities.
IVOA_FUNCTIONS: tuple[Function, ...] = (
    udf(
        "ivo_hasword",
        "haystack VARCHAR, needle VARCHAR",
        "INTEGER",
        _hasword,
        "1 when every word of the needle is a word of the haystack, in any case, else 0.",
    ),
    udf(
        "ivo_hashlist_has",
        "hashlist VARCHAR, item VARCHAR",
        "INTEGER",
        _hashlist_has,
        "1 when the item is one of the words of a list separated by #, in any case, else 0.",
    ),
    udf(
        "ivo_nocasematch",
        "value VARCHAR, pattern VARCHAR",
        "INTEGER",
        _nocasematch,
        "1 when the value is LIKE the pattern in any case, else 0.",
    ),
    udf(
        "ivo_string_agg",
        "expression VARCHAR, delimiter VARCHAR",
        "VARCHAR",
        string_agg,
        "The values of all rows of a group, with the delimiter between them.",
        aggregate=True,
    ),
    udf(
        "ivo_healpix_index",
        "hpxOrder INTEGER, ra DOUBLE, dec DOUBLE",
        "BIGINT",
        _healpix_index,
        "Index of the HEALPix cell, NESTED, of an order from 0 to 29 in which a position lies; a POINT may stand for "
        "ra and dec. For the position by which a table is sorted it is read, not computed.",
        required=2,
    ),
    udf(
        "ivo_healpix_center",
        "hpxOrder INTEGER, hpxIndex BIGINT",
        "POINT",
        _healpix_center,
        "The centre of the HEALPix cell, NESTED, with this index at this order.",
    ),
    udf(
        "ivo_interval_overlaps",
        "l1 DOUBLE, h1 DOUBLE, l2 DOUBLE, h2 DOUBLE",
        "INTEGER",
        _interval_overlaps,
        "1 when the intervals [l1, h1] and [l2, h2] have a value in common, their ends included, else 0.",
    ),
    udf(
        "ivo_histogram",
        "val DOUBLE, lower DOUBLE, upper DOUBLE, nbins INTEGER",
        "INTEGER",
        histogram,
        "Counts, as an array of nbins + 2 whole numbers, of the values of a group: those below lower, those in each of "
        "nbins equal bins, and those not below upper. The last three arguments are constants.",
        aggregate=True,
    ),
    udf(
        "ivo_to_jd", "d TIMESTAMP", "DOUBLE", _to_jd, "The Julian date of a timestamp, in its own time scale.", unit="d"
    ),
    udf(
        "ivo_to_mjd",
        "d TIMESTAMP",
        "DOUBLE",
        _to_mjd,
        "The modified Julian date of a timestamp, in its own time scale.",
        unit="d",
    ),
    udf(
        "ivo_normal_random",
        "mu DOUBLE, sigma DOUBLE",
        "DOUBLE",
        _normal_random,
        "A random number from the normal distribution with this mean and this standard deviation.",
    ),
    udf(
        "ivo_epoch_prop",
        _EPOCH,
        "DOUBLE",
        _epoch_prop,
        f"An array of the first six arguments as they are at out_epoch, for uniform motion in space. {_EPOCH_UNITS}, "
        "and are missing in the result.",
    ),
    udf(
        "ivo_epoch_prop_pos",
        _EPOCH,
        "POINT",
        _epoch_prop_pos,
        f"The position at out_epoch, for uniform motion in space. {_EPOCH_UNITS}.",
    ),
)
