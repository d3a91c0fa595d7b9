"""Mathematical, string and unit functions of ADQL 2.1 (§2.3, §4)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.domains import applied, attempted, defined, power, truncated
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Function, function_of
from tap.adql.functions.units import UnknownUnitError, conversion
from tap.adql.sqltree import all_of, attachable, call, cast_to, compare, number
from tap.adql.values import Value, integer, integer_type, numeric_column, promoted, require_number, require_text

__all__ = ["STANDARD_FUNCTIONS"]

_Arguments = Sequence[Value]
_Domain = Callable[[exp.Expr], exp.Expr]


def _math(name: str, engine: str, *, domain: _Domain | None = None, keeps_unit: bool = False) -> Function:
    """Return a function of one number whose result is a double, with the unit of its argument or none.

    Parameters
    ----------
    domain
        The condition of an argument for which the function is defined; the result of others is NULL.
    """

    def compiled(values: _Arguments, node: tree.Call, _: bool) -> Value:
        value = require_number(values[0], name)
        column = numeric_column("double", *((value.column.unit, value.column.ucd) if keeps_unit else ()))
        argument = cast_to(value.sql, "DOUBLE")
        sql = call(engine, argument) if domain is None else defined(argument, domain, lambda v: call(engine, v))
        return Value(sql, column, "number", node.at)

    return function_of(name, "math", "x DOUBLE", "DOUBLE", compiled)


def _rounding(name: str, with_digits: Callable[[exp.Expr, exp.Expr], exp.Expr], engine: str) -> Function:
    """Return a function that rounds to a constant number of decimals; it keeps the unit."""

    def compiled(values: _Arguments, node: tree.Call, _: bool) -> Value:
        _require_numbers(values, name)
        argument = cast_to(values[0].sql, "DOUBLE")
        sql = with_digits(argument, _digits(values[1], name)) if len(values) == 2 else call(engine, argument)
        column = numeric_column("double", values[0].column.unit, values[0].column.ucd)
        return Value(sql, column, "number", node.at)

    return function_of(name, "math", "x DOUBLE, digits INTEGER", "DOUBLE", compiled, required=1)


def _positive(value: exp.Expr) -> exp.Expr:
    return compare(value, ">", number(0))


def _not_negative(value: exp.Expr) -> exp.Expr:
    return compare(value, ">=", number(0))


def _sine(value: exp.Expr) -> exp.Expr:
    return compare(call("abs", value), "<=", number(1))


def _finite(value: exp.Expr) -> exp.Expr:
    return call("isfinite", value)


def _not_zero(value: exp.Expr) -> exp.Expr:
    return all_of([_finite(value), compare(value, "<>", number(0))])


def _require_numbers(values: _Arguments, name: str) -> None:
    for value in values:
        require_number(value, name)


def _digits(value: Value, name: str) -> exp.Expr:
    if value.constant is None or not value.constant.is_integer() or abs(value.constant) > 300:
        raise QueryError(f"{name} takes a whole number of digits", value.at)
    return number(int(value.constant))


def _abs(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value = require_number(arguments[0], "ABS")
    column = numeric_column(promoted(value.column), value.column.unit, value.column.ucd)
    if integer_type(value.column) is None:
        return Value(call("abs", value.sql), column, "number", node.at)
    # The absolute value of the least integer is no integer of its type.

    def positive(magnitude: exp.Expr) -> exp.Expr:
        negated = exp.If(this=compare(magnitude, "<", number(0)), true=attempted(number(0), "-", magnitude))
        return exp.Case(ifs=[negated], default=attachable(magnitude))

    return Value(applied(integer(value), positive), column, "number", node.at)


def _mod(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    _require_numbers(arguments, "MOD")
    column = numeric_column(promoted(*(argument.column for argument in arguments)), arguments[0].column.unit)
    return Value(call("mod", *(integer(argument) for argument in arguments)), column, "number", node.at)


def _power(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    base, exponent = (require_number(argument, "POWER") for argument in arguments)
    fixed = exponent.constant
    if (base.constant or 0) > 0 or (fixed is not None and fixed >= 0 and fixed.is_integer()):
        sql: exp.Expr = call("pow", base.sql, exponent.sql)
    else:
        sql = power(base.sql, exponent.sql)
    return Value(sql, numeric_column("double"), "number", node.at)


def _atan2(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    _require_numbers(arguments, "ATAN2")
    return Value(call("atan2", *(value.sql for value in arguments)), numeric_column("double"), "number", node.at)


def _pi(_: _Arguments, node: tree.Call, __: bool) -> Value:
    return Value(call("pi"), numeric_column("double"), "number", node.at, constant=math.pi)


def _rand(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    _require_numbers(arguments, "RAND")  # the engine ignores the seed
    return Value(call("random"), numeric_column("double"), "number", node.at)


def _text(name: str, engine: str) -> Function:
    """Return a function from text to text."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        text = require_text(arguments[0], name)
        return Value(call(engine, text.sql), Column("", "unicodeChar", "*", ucd=text.column.ucd), "text", node.at)

    return function_of(name, "string", "text VARCHAR", "VARCHAR", compiled)


def _in_unit(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value, wanted = require_number(arguments[0], "IN_UNIT"), arguments[1]
    if not wanted.text:
        raise QueryError("IN_UNIT takes the unit as a text in single quotes", wanted.at)
    if not value.column.unit:
        raise QueryError("The value of IN_UNIT has no unit", value.at, "use a column that declares its unit")
    try:
        factor = conversion(value.column.unit, wanted.text)
    except UnknownUnitError as e:
        raise QueryError(f"IN_UNIT does not know the unit {wanted.text!r} or {value.column.unit!r}", wanted.at) from e
    if factor is None:
        raise QueryError(f"The unit {value.column.unit!r} cannot be converted to {wanted.text!r}", wanted.at)
    constant = None if value.constant is None else value.constant * factor
    sql = compare(cast_to(value.sql, "DOUBLE"), "*", number(factor))
    column = replace(value.column, datatype="double", unit=wanted.text, utype=None)
    return Value(sql, column, "number", node.at, constant=constant)


#: Mathematical, string and unit functions.
STANDARD_FUNCTIONS: tuple[Function, ...] = (
    function_of("ABS", "math", "x DOUBLE", "SAME", _abs),
    _math("CEILING", "ceil", keeps_unit=True),
    _math("DEGREES", "degrees"),
    _math("EXP", "exp"),
    _math("FLOOR", "floor", keeps_unit=True),
    _math("LOG", "ln", domain=_positive),
    _math("LOG10", "log10", domain=_positive),
    function_of("MOD", "math", "x DOUBLE, y DOUBLE", "SAME", _mod),
    function_of("PI", "math", "", "DOUBLE", _pi),
    function_of("POWER", "math", "x DOUBLE, y DOUBLE", "DOUBLE", _power),
    _math("RADIANS", "radians"),
    function_of("RAND", "math", "seed INTEGER", "DOUBLE", _rand, required=0),
    _rounding("ROUND", partial(call, "round"), "round"),
    _math("SQRT", "sqrt", domain=_not_negative),
    _rounding("TRUNCATE", truncated, "trunc"),
    _math("ACOS", "acos", domain=_sine),
    _math("ASIN", "asin", domain=_sine),
    _math("ATAN", "atan"),
    function_of("ATAN2", "math", "y DOUBLE, x DOUBLE", "DOUBLE", _atan2),
    _math("COS", "cos", domain=_finite),
    _math("COT", "cot", domain=_not_zero),
    _math("SIN", "sin", domain=_finite),
    _math("TAN", "tan", domain=_finite),
    _text("LOWER", "lower"),
    _text("UPPER", "upper"),
    function_of("IN_UNIT", "unit", "x DOUBLE, unit VARCHAR", "DOUBLE", _in_unit),
)
