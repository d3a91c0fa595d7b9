"""Statistics of groups under the names that SQL databases give them."""

from collections.abc import Sequence

from sqlglot import exp

from tap.adql import tree
from tap.adql.domains import defined
from tap.adql.errors import QueryError
from tap.adql.functions.aggregates import group_statistic, median, quantile
from tap.adql.functions.signatures import Compile, Function, udf
from tap.adql.sqltree import call, cast_to, negate, number
from tap.adql.values import Value, numeric_column, require_number

__all__ = ["STATISTIC_FUNCTIONS"]

_Arguments = Sequence[Value]


def _deviation(engine: str, word: str | None) -> Compile:
    """Return the compiler of a standard deviation (with the unit of its argument) or a variance (without unit)."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        value = require_number(arguments[0], node.function)
        sql = _known(call(engine, cast_to(value.sql, "DOUBLE")))
        if word is None:
            return Value(sql, numeric_column("double", ucd="stat.variance"), "number", node.at)
        return group_statistic(sql, arguments, node, word)

    return compiled


def _pair(engine: str, ucd: str) -> Compile:
    """Return the compiler of a statistic of pairs of values."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        numbers = (cast_to(require_number(value, node.function).sql, "DOUBLE") for value in arguments)
        return Value(_known(call(engine, *numbers)), numeric_column("double", ucd=ucd), "number", node.at)

    return compiled


def _percentile_disc(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    fraction = require_number(arguments[1], node.function).constant
    if fraction is None or not 0 <= fraction <= 1:
        raise QueryError(f"{node.function} takes a constant fraction from 0 to 1", arguments[1].at)
    values = cast_to(require_number(arguments[0], node.function).sql, "DOUBLE")
    return group_statistic(call("quantile_disc", values, number(float(fraction))), arguments, node, "stat.value")


def _known(sql: exp.Expr) -> exp.Expr:
    """Return a statistic; NULL where it is undefined, as the correlation with a constant is."""
    return defined(sql, lambda value: negate(call("isnan", value)), lambda value: value)


def _of_values(name: str, compiled: Compile, description: str, more: str = "") -> Function:
    return udf(name, f"x DOUBLE{more}", "DOUBLE", compiled, description, aggregate=True)


_SAMPLE = "of the values of a group, with n - 1; missing for a group of one"
_POPULATION = "of the values of a group, with n"
_FRACTION = ", fraction DOUBLE"

#: Statistics of groups, in the order of capabilities.
STATISTIC_FUNCTIONS: tuple[Function, ...] = (
    _of_values("STDDEV", _deviation("stddev_samp", "stat.stdev"), f"Standard deviation {_SAMPLE}."),
    _of_values("STDDEV_SAMP", _deviation("stddev_samp", "stat.stdev"), f"Standard deviation {_SAMPLE}."),
    _of_values("STDDEV_POP", _deviation("stddev_pop", "stat.stdev"), f"Standard deviation {_POPULATION}."),
    _of_values("VARIANCE", _deviation("var_samp", None), f"Variance {_SAMPLE}."),
    _of_values("VAR_SAMP", _deviation("var_samp", None), f"Variance {_SAMPLE}."),
    _of_values("VAR_POP", _deviation("var_pop", None), f"Variance {_POPULATION}."),
    _of_values(
        "CORR",
        _pair("corr", "stat.correlation"),
        "Pearson's correlation coefficient of the pairs of values of a group; missing when one of them is constant.",
        ", y DOUBLE",
    ),
    _of_values("COVAR_SAMP", _pair("covar_samp", "stat.covariance"), "Covariance of pairs, with n - 1.", ", y DOUBLE"),
    _of_values("COVAR_POP", _pair("covar_pop", "stat.covariance"), "Covariance of pairs, with n.", ", y DOUBLE"),
    _of_values("MEDIAN", median, "Median of the values of a group."),
    _of_values(
        "PERCENTILE_CONT",
        quantile,
        "Quantile of the values of a group at a constant fraction from 0 to 1, between two values by interpolation.",
        _FRACTION,
    ),
    _of_values(
        "PERCENTILE_DISC",
        _percentile_disc,
        "The first value of a group, in order, below which lies at least this constant fraction of the values.",
        _FRACTION,
    ),
)
