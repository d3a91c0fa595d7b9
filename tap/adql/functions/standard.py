"""Mathematical, string, conditional and unit functions of ADQL 2.1 (§2.3, §4)."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import MANY, Function, function_of
from tap.adql.functions.units import UnknownUnitError, conversion
from tap.adql.sqltree import call, cast_to, compare, number
from tap.adql.values import Value, kind_of, numeric_column, promoted, require_number, require_text

__all__ = ["STANDARD_FUNCTIONS"]

_Arguments = Sequence[Value]


def _math(
    name: str, engine: str, arguments: str = "x DOUBLE", *, required: int | None = None, keeps_unit: bool = False
) -> Function:
    """Return a function whose result is a double, with the unit of its argument or none."""

    def compiled(values: _Arguments, node: tree.Call, _: bool) -> Value:
        _require_numbers(values, name)
        sqls = [value.sql for value in values]
        if len(values) == 2 and name in {"ROUND", "TRUNCATE"}:
            sqls[1] = _digits(values[1], name)
        column = numeric_column("double")
        if keeps_unit:
            # Rounding returns a double for every type of column.
            sqls[0] = cast_to(sqls[0], "DOUBLE")
            column = numeric_column("double", values[0].column.unit, values[0].column.ucd)
        return Value(call(engine, *sqls), column, "number", node.at)

    return function_of(name, "math", arguments, "DOUBLE", compiled, required=required)


def _require_numbers(values: _Arguments, name: str) -> None:
    for value in values:
        require_number(value, name)


def _digits(value: Value, name: str) -> exp.Expr:
    if value.constant is None or not value.constant.is_integer() or abs(value.constant) > 300:
        raise QueryError(f"{name} takes a whole number of digits", value.at)
    return number(int(value.constant))


def _abs(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    _require_numbers(arguments, "ABS")
    first = arguments[0].column
    column = numeric_column(promoted(first), first.unit, first.ucd)
    return Value(call("abs", arguments[0].sql), column, "number", node.at)


def _mod(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    _require_numbers(arguments, "MOD")
    column = numeric_column(promoted(*(argument.column for argument in arguments)), arguments[0].column.unit)
    return Value(call("mod", *(argument.sql for argument in arguments)), column, "number", node.at)


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


def _coalesce(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    known = [argument for argument in arguments if argument.kind != "null"]
    kinds = {argument.kind for argument in known}
    if kinds & {"shape", "array"} or len(kinds - {"timestamp"}) > 1:
        raise QueryError("The arguments of COALESCE are not of the same kind", node.at)
    first = known[0] if known else arguments[0]
    column = first.column
    columns = [argument.column for argument in known if argument.constant is None and argument.text is None]
    for name in ("unit", "ucd", "utype", "xtype", "description"):
        agreed = {getattr(column, name) for column in columns}
        changes: dict[str, Any] = {name: agreed.pop() if len(agreed) == 1 else None}
        column = replace(column, **changes)  # Any: the names are those of fields, whose types differ
    if first.kind == "number":
        column = replace(column, datatype=promoted(*(argument.column for argument in known)))
    rest = [argument.sql.copy() for argument in arguments[1:]]
    return Value(exp.Coalesce(this=arguments[0].sql.copy(), expressions=rest), column, kind_of(column), node.at)


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


#: Mathematical, string, conditional and unit functions.
STANDARD_FUNCTIONS: tuple[Function, ...] = (
    function_of("ABS", "math", "x DOUBLE", "SAME", _abs),
    _math("CEILING", "ceil", keeps_unit=True),
    _math("DEGREES", "degrees"),
    _math("EXP", "exp"),
    _math("FLOOR", "floor", keeps_unit=True),
    _math("LOG", "ln"),
    _math("LOG10", "log10"),
    function_of("MOD", "math", "x DOUBLE, y DOUBLE", "SAME", _mod),
    function_of("PI", "math", "", "DOUBLE", _pi),
    _math("POWER", "pow", "x DOUBLE, y DOUBLE"),
    _math("RADIANS", "radians"),
    function_of("RAND", "math", "seed INTEGER", "DOUBLE", _rand, required=0),
    _math("ROUND", "round", "x DOUBLE, digits INTEGER", required=1, keeps_unit=True),
    _math("SQRT", "sqrt"),
    _math("TRUNCATE", "trunc", "x DOUBLE, digits INTEGER", required=1, keeps_unit=True),
    _math("ACOS", "acos"),
    _math("ASIN", "asin"),
    _math("ATAN", "atan"),
    _math("ATAN2", "atan2", "y DOUBLE, x DOUBLE"),
    _math("COS", "cos"),
    _math("COT", "cot"),
    _math("SIN", "sin"),
    _math("TAN", "tan"),
    _text("LOWER", "lower"),
    _text("UPPER", "upper"),
    function_of("COALESCE", "conditional", "x ANY", "SAME", _coalesce, required=1, most=MANY),
    function_of("IN_UNIT", "unit", "x DOUBLE, unit VARCHAR", "DOUBLE", _in_unit),
)
