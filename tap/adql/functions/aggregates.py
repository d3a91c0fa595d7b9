"""Aggregate functions: those of ADQL, histograms, quantiles and concatenation."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Compile, Function, function_of
from tap.adql.sqltree import call, cast_to, compare, identifier, number
from tap.adql.values import Value, numeric_column, require_number, require_text

__all__ = [
    "AGGREGATES",
    "compile_aggregate",
    "group_statistic",
    "histogram",
    "median",
    "nmad",
    "quantile",
    "string_agg",
]

_WHOLE_TYPES = {"unsignedByte", "short", "int", "long"}
_MOST_BINS = 10_000
#: The median absolute deviation of a normal distribution, times this, is its standard deviation.
_NORMAL = 1.4826

_Arguments = Sequence[Value]


def compile_aggregate(function: Function, arguments: _Arguments, node: tree.Call) -> Value:
    """Compile a call of an aggregate function, given its compiled arguments: none for ``COUNT(*)``."""
    if node.star:
        return Value(exp.Count(this=exp.Star()), numeric_column("long", ucd="meta.number"), "number", node.at)
    if not arguments:
        raise QueryError(f"{function.name} was given 0 arguments", node.at, f"it is {function.form}")
    return function.value(arguments, node)


def _standard(aggregate: Callable[[exp.Expr, Value, tree.Call], Value]) -> Compile:
    """Return the compiler of a standard aggregate function, which may have DISTINCT."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        value, name = arguments[0], node.function.upper()
        if value.kind == "shape" or (value.kind == "array" and name != "COUNT"):
            raise QueryError(f"{name} takes no geometry and no arrays", value.at)
        inner = value.sql.copy()
        if node.quantifier == "DISTINCT":
            inner = exp.Distinct(expressions=[inner])
        return aggregate(inner, value, node)

    return compiled


def _count(inner: exp.Expr, _: Value, node: tree.Call) -> Value:
    return Value(exp.Count(this=inner), numeric_column("long", ucd="meta.number"), "number", node.at)


def _sum(inner: exp.Expr, value: Value, node: tree.Call) -> Value:
    require_number(value, "SUM")
    # The engine sums integers in 128 bits, a type that results do not have; a sum beyond 64 bits is NULL.
    whole = value.column.datatype in _WHOLE_TYPES
    total = exp.Sum(this=inner)
    sql = exp.TryCast(this=total, to=exp.DataType.build("BIGINT", dialect="duckdb")) if whole else total
    return Value(sql, numeric_column("long" if whole else "double", value.column.unit), "number", node.at)


def _average(inner: exp.Expr, value: Value, node: tree.Call) -> Value:
    require_number(value, "AVG")
    column = numeric_column("double", value.column.unit, _statistic(value.column.ucd, "stat.mean"))
    return Value(exp.Avg(this=inner), column, "number", node.at)


def _least(inner: exp.Expr, value: Value, node: tree.Call) -> Value:
    column = replace(value.column, ucd=_statistic(value.column.ucd, "stat.min"), utype=None)
    return Value(exp.Min(this=inner), column, value.kind, node.at)


def _most(inner: exp.Expr, value: Value, node: tree.Call) -> Value:
    column = replace(value.column, ucd=_statistic(value.column.ucd, "stat.max"), utype=None)
    return Value(exp.Max(this=inner), column, value.kind, node.at)


def _statistic(ucd: str | None, word: str) -> str | None:
    # These words of the controlled vocabulary are secondary, so they follow.
    return f"{ucd};{word}" if ucd else None


def string_agg(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``ivo_string_agg``."""
    texts = [require_text(argument, node.function) for argument in arguments]
    sql = call("string_agg", *(text.sql for text in texts))
    return Value(sql, Column("", "unicodeChar", "*"), "text", node.at)


def histogram(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``ivo_histogram``: count values by bin number, then list the counts of all bins."""
    value = require_number(arguments[0], node.function)
    lower, upper, bins = (require_number(argument, node.function).constant for argument in arguments[1:])
    if lower is None or upper is None or bins is None or not bins.is_integer() or not 1 <= bins <= _MOST_BINS:
        advice = f"the limits are constants, the number of bins is a constant from 1 to {_MOST_BINS}"
        raise QueryError(f"The bins of {node.function} are not valid", arguments[1].at, advice)
    if not lower < upper:
        raise QueryError(f"{node.function} takes a lower limit below the upper one", arguments[1].at)
    count = int(bins)
    step = compare(compare(value.sql, "-", number(lower)), "/", number((upper - lower) / count))
    inside = call("least", number(count), compare(cast_to(call("floor", step), "BIGINT"), "+", number(1)))
    cases = [
        exp.If(this=exp.Is(this=_double(value), expression=exp.Null()), true=exp.Null()),
        exp.If(this=compare(_double(value), "<", number(lower)), true=number(0)),
        exp.If(this=compare(_double(value), ">=", number(upper)), true=number(count + 1)),
    ]
    counts = call("histogram", exp.Case(ifs=cases, default=inside))
    bin_name = identifier("bin")
    found = call("map_extract_value", counts, bin_name.copy())
    each = exp.Lambda(this=exp.Coalesce(this=found, expressions=[number(0)]), expressions=[bin_name])
    sql = cast_to(call("list_transform", call("range", number(0), number(count + 2)), each), f"INTEGER[{count + 2}]")
    column = Column("", "int", str(count + 2), ucd="meta.number")
    return Value(sql, column, "array", node.at)


def median(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_median``."""
    return group_statistic(call("median", _double(arguments[0])), arguments, node, "stat.median")


def quantile(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_quantile``: the interpolated quantile at a constant fraction."""
    fraction = require_number(arguments[1], node.function).constant
    if fraction is None or not 0 <= fraction <= 1:
        raise QueryError(f"{node.function} takes a constant fraction from 0 to 1", arguments[1].at)
    return group_statistic(
        call("quantile_cont", _double(arguments[0]), number(float(fraction))), arguments, node, "stat.value"
    )


def nmad(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_nmad``: the normalised median absolute deviation."""
    scaled = compare(call("mad", _double(arguments[0])), "*", number(_NORMAL))
    return group_statistic(scaled, arguments, node, "stat.stdev")


def group_statistic(sql: exp.Expr, arguments: _Arguments, node: tree.Call, word: str) -> Value:
    """Return a statistic of a group with the unit of its first argument, and its UCD with a word of statistics."""
    value = require_number(arguments[0], node.function)
    return Value(
        sql, numeric_column("double", value.column.unit, _statistic(value.column.ucd, word)), "number", node.at
    )


def _double(value: Value) -> exp.Expr:
    return cast_to(value.sql, "DOUBLE")


#: Aggregate functions of the standard; user-defined ones are declared in `ivoa` and `photoz`.
AGGREGATES: tuple[Function, ...] = (
    function_of("AVG", "aggregate", "x DOUBLE", "DOUBLE", _standard(_average), aggregate=True),
    function_of("COUNT", "aggregate", "x ANY", "BIGINT", _standard(_count), required=0, aggregate=True),
    function_of("MAX", "aggregate", "x ANY", "SAME", _standard(_most), aggregate=True),
    function_of("MIN", "aggregate", "x ANY", "SAME", _standard(_least), aggregate=True),
    function_of("SUM", "aggregate", "x DOUBLE", "SAME", _standard(_sum), aggregate=True),
)
