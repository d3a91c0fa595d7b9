"""Compiler of arithmetic (ADQL 2.1 §2.3.4): types of results, and NULL where an operation is undefined.

Integers are computed as the declared type of their column, at least 32 bits wide: the engine would compute 8 bits wide
with a column of bytes. A result that does not fit, and a division by zero, are NULL; doubles follow IEEE 754.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from tap.adql import tree
from tap.adql.domains import attempted, is_pure
from tap.adql.errors import QueryError
from tap.adql.sqltree import call, cast_to, compare, number, wrap
from tap.adql.values import Value, integer, integer_type, numeric_column, promoted, require_number

__all__ = ["compile_arithmetic", "compile_signed"]

_OVERFLOW = 2.0**63
_INT = 2.0**31


def compile_arithmetic(operands: Sequence[Value], node: tree.Arithmetic) -> Value:
    """Compile a chain of additions and subtractions, or of multiplications and divisions, from left to right."""
    numbers = [require_number(operand, "Arithmetic") for operand in operands]
    together = all(is_pure(operand.sql) for operand in numbers)
    result, attempt = numbers[0], False
    for operator, operand in zip(node.operators, numbers[1:], strict=True):
        whole = integer_type(result.column) is not None and integer_type(operand.column) is not None
        attempt |= whole
        result = _joined(result, operator, operand, node, whole and not together)
    if not (attempt and together) or result.constant is not None:
        return _scaled(result, numbers, node.operators)
    return Value(call("try", result.sql), result.column, "number", node.at)


def compile_signed(inner: Value, node: tree.Signed) -> Value:
    """Compile a sign before a number."""
    column = numeric_column(inner.column.datatype, inner.column.unit)
    if inner.constant is None and integer_type(inner.column) is not None:
        sql = attempted(number(0), "-", integer(inner))
        return Value(sql, numeric_column(promoted(column), column.unit), "number", node.at)
    constant = None if inner.constant is None else -inner.constant
    return Value(exp.Paren(this=exp.Neg(this=wrap(inner.sql))), column, "number", node.at, constant=constant)


def _scaled(result: Value, operands: Sequence[Value], operators: Sequence[str]) -> Value:
    """Return a product with the separation of its only operand that is not constant, if that has one."""
    scale, separation = 1.0, None
    for operator, operand in zip(["*", *operators], operands, strict=True):
        if operator not in "*/" or (operand.separation is not None and (separation is not None or operator == "/")):
            return result
        if operand.separation is not None:
            separation, factor = operand.separation, operand.scale
        elif operand.constant is not None and operand.constant > 0:
            factor = operand.constant
        else:
            return result
        scale = scale * factor if operator == "*" else scale / factor
    return replace(result, separation=separation, scale=scale) if separation and 0 < scale < math.inf else result


def _joined(one: Value, operator: str, other: Value, node: tree.Arithmetic, attempt: bool) -> Value:
    constant = _folded(one, operator, other)
    unit = one.column.unit if operator in "+-" and one.column.unit == other.column.unit else None
    column = numeric_column(promoted(one.column, other.column), unit)
    left, right = integer(one), integer(other)
    if constant is not None and integer_type(column) is not None and abs(constant) >= _INT:
        if abs(constant) > _OVERFLOW:
            raise QueryError("The result is larger than a BIGINT", node.at, "write one of the numbers with a point")
        column, left = numeric_column("long", unit), cast_to(left, "BIGINT")
    if attempt:
        engine_type = integer_type(column) or "BIGINT"
        sql = attempted(cast_to(left, engine_type), operator, cast_to(right, engine_type))
    else:
        sql = compare(left, operator, right)
    return Value(sql, column, "number", node.at, constant=constant)


def _folded(one: Value, operator: str, other: Value) -> float | None:
    left, right = one.constant, other.constant
    if left is None or right is None:
        return None
    if operator == "/":
        if right == 0:
            return None
        whole = integer_type(one.column) is not None and integer_type(other.column) is not None
        return float(math.trunc(left / right)) if whole else left / right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]
