"""Calls of user-defined functions, from the IVOA's catalogue of UDFs 1.2."""

import re
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from core.columns import HEALPIX_COLUMN
from tap.adql import syntax as tree
from tap.adql.errors import QueryError
from tap.adql.geometric_calls import point_of_numbers
from tap.adql.sqltree import call, cast_to, column, number, string, wrap
from tap.adql.values import Point, Value, numeric_facts, require_text

__all__ = ["USER_FUNCTIONS"]

_Arguments = Sequence[Value]


def _hasword(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    haystack, needle = (require_text(argument, node.function) for argument in arguments)
    if not needle.text:
        raise QueryError(f"{node.function} takes a constant, non-empty word", needle.at)
    pattern = rf"(?i)(^|\W){re.escape(needle.text)}(\W|$)"
    return _flag(call("regexp_matches", haystack.sql, string(pattern)), node)


def _nocasematch(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    value, pattern = (require_text(argument, node.function) for argument in arguments)
    return _flag(exp.ILike(this=wrap(value.sql), expression=wrap(pattern.sql)), node)


def _hashlist_has(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    words, item = (require_text(argument, node.function) for argument in arguments)
    parts = call("string_split", call("lower", words.sql), string("#"))
    return _flag(call("list_contains", parts, item.sql), node)


def _healpix_index(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    order, *position = arguments
    if order.constant is None or not order.constant.is_integer() or not 0 <= order.constant <= 29:
        raise QueryError(f"{node.function} takes a constant order from 0 to 29", order.at)
    point = position[0].shape if len(position) == 1 else point_of_numbers(position[0], position[1], node.function)
    if not isinstance(point, Point) or point.table is None:
        raise QueryError(
            f"{node.function} is available for the position of a table's row only",
            position[0].at,
            "name the columns of right ascension and declination by which the table is sorted",
        )
    cell = column(HEALPIX_COLUMN, point.table.alias)
    sql = exp.BitwiseRightShift(this=cell, expression=number(2 * (29 - int(order.constant))))
    return Value(exp.Paren(this=sql), numeric_facts("long", ucd="pos.healpix"), "number", node.at)


def _flag(truth: exp.Expr, node: tree.Call) -> Value:
    return Value(cast_to(truth, "INTEGER"), numeric_facts("int"), "number", node.at, truth=truth)


USER_FUNCTIONS: Mapping[str, Callable[[_Arguments, tree.Call, bool], Value]] = {
    "ivo_hasword": _hasword,
    "ivo_hashlist_has": _hashlist_has,
    "ivo_healpix_index": _healpix_index,
    "ivo_nocasematch": _nocasematch,
}
