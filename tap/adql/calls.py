"""Calls of functions: arguments are checked, and each function becomes what the engine has for it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from core.columns import Column
from tap.adql import syntax as tree
from tap.adql.errors import QueryError
from tap.adql.functions import Function
from tap.adql.geometric_calls import GEOMETRIC
from tap.adql.limits import Limits
from tap.adql.sqltree import call, cast_to, compare, number
from tap.adql.units import UnknownUnitError, conversion
from tap.adql.user_functions import USER_FUNCTIONS
from tap.adql.values import Value, kind_of, numeric_facts, promoted, require_number, require_text

__all__ = ["compile_call"]

#: Functions that may have to make the coverage map of a shape.
_MAPPED = {"CONTAINS", "INTERSECTS", "MOC"}
_TESTS = {"CONTAINS", "INTERSECTS", "DISTANCE"}


def compile_call(
    limits: Limits, function: Function, arguments: Sequence[Value], node: tree.Call, *, prune: bool
) -> Value:
    """Compile a call of a function that is no aggregate, given its compiled arguments.

    Parameters
    ----------
    limits
        Counters of the translation.
    prune
        Whether hidden columns may be tested here, which is so in WHERE and ON.
    """
    if function.group == "math":
        return _math(function, arguments, node)
    if function.group == "string":
        require_text(arguments[0], function.name)
        sql = call(function.engine or "", arguments[0].sql)
        return Value(sql, Column("", "unicodeChar", "*", ucd=arguments[0].facts.ucd), "text", node.at)
    if function.name in _MAPPED and (function.name == "MOC" or any(_is_map(argument) for argument in arguments)):
        limits.count_map(node.at)
    if function.name in _TESTS:
        limits.count_test(node.at)
    if function.group == "geometry":
        prune = prune and (function.name not in _MAPPED or limits.may_cover())
        return GEOMETRIC[function.name](arguments, node, prune)
    if function.group == "udf":
        known = GEOMETRIC if function.name in GEOMETRIC else USER_FUNCTIONS
        return known[function.name](arguments, node, prune)
    return _OTHERS[function.name](arguments, node)


def _is_map(value: Value) -> bool:
    return value.facts.xtype == "moc"


def _math(function: Function, arguments: Sequence[Value], node: tree.Call) -> Value:
    for argument in arguments:
        require_number(argument, function.name)
    first = arguments[0].facts if arguments else numeric_facts("double")
    sqls = [argument.sql for argument in arguments]
    if function.name == "RAND":
        sqls = []
    if function.name in {"ROUND", "TRUNCATE"} and len(sqls) == 2:
        sqls[1] = _digits(arguments[1], function.name)
    datatype = "double"
    if function.result == "SAME":
        datatype = promoted(*(argument.facts for argument in arguments))
    elif function.keeps_unit:
        # Rounding gives a double whatever comes in, so that the result's type does not hang on the column's.
        sqls[0] = cast_to(sqls[0], "DOUBLE")
    facts = numeric_facts(datatype, first.unit if function.keeps_unit else None)
    if function.keeps_unit and function.name != "MOD":
        facts = replace(facts, ucd=first.ucd)
    constant = math.pi if function.name == "PI" else None
    return Value(call(function.engine or "", *sqls), facts, "number", node.at, constant=constant)


def _digits(value: Value, name: str) -> exp.Expr:
    if value.constant is None or not value.constant.is_integer() or abs(value.constant) > 300:
        raise QueryError(f"{name} takes a whole number of digits", value.at)
    return number(int(value.constant))


def _coalesce(arguments: Sequence[Value], node: tree.Call) -> Value:
    known = [argument for argument in arguments if argument.kind != "null"]
    kinds = {argument.kind for argument in known}
    if kinds & {"shape", "array"} or len(kinds - {"timestamp"}) > 1:
        raise QueryError("The arguments of COALESCE are not all of one kind", node.at)
    first = known[0] if known else arguments[0]
    facts = first.facts
    columns = [argument.facts for argument in known if argument.constant is None and argument.text is None]
    for name in ("unit", "ucd", "utype", "xtype", "description"):
        agreed = {getattr(column, name) for column in columns}
        changes: dict[str, Any] = {name: agreed.pop() if len(agreed) == 1 else None}
        facts = replace(facts, **changes)  # Any: the names are those of fields, whose types differ
    if first.kind == "number":
        facts = replace(facts, datatype=promoted(*(argument.facts for argument in known)))
    rest = [argument.sql.copy() for argument in arguments[1:]]
    return Value(exp.Coalesce(this=arguments[0].sql.copy(), expressions=rest), facts, kind_of(facts), node.at)


def _in_unit(arguments: Sequence[Value], node: tree.Call) -> Value:
    value, wanted = require_number(arguments[0], "IN_UNIT"), arguments[1]
    if not wanted.text:
        raise QueryError("IN_UNIT takes the unit as a text in single quotes", wanted.at)
    if not value.facts.unit:
        raise QueryError("The value of IN_UNIT has no unit", value.at, "units are known for columns that declare one")
    try:
        factor = conversion(value.facts.unit, wanted.text)
    except UnknownUnitError as e:
        raise QueryError(f"IN_UNIT does not know the unit {wanted.text!r} or {value.facts.unit!r}", wanted.at) from e
    if factor is None:
        raise QueryError(f"The unit {value.facts.unit!r} cannot be converted to {wanted.text!r}", wanted.at)
    constant = None if value.constant is None else value.constant * factor
    sql = compare(cast_to(value.sql, "DOUBLE"), "*", number(factor))
    facts = replace(value.facts, datatype="double", unit=wanted.text, utype=None)
    return Value(sql, facts, "number", node.at, constant=constant)


_OTHERS: Mapping[str, Callable[[Sequence[Value], tree.Call], Value]] = {"COALESCE": _coalesce, "IN_UNIT": _in_unit}
