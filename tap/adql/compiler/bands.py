"""Bounds that a condition on differences implies: the engine joins sorted ranges instead of comparing all pairs.

``POWER(a.x - b.x, 2) + POWER(a.y - b.y, 2) < r`` requires each difference to be small, however the others are written
(``COS(RADIANS(b.y))`` in one of them, for example). A range of ``a.y`` about ``b.y`` is a join that engines know.
"""

from sqlglot import exp

from tap.adql import tree
from tap.adql.compiler.expressions import Expressions
from tap.adql.sqltree import call, compare, number
from tap.adql.values import Value

__all__ = ["implied_bands"]

#: Above the rounding errors of squares of degrees, and far below what positions are known to.
_MARGIN = 1e-9


def implied_bands(compiler: Expressions, condition: tree.Comparison) -> list[exp.Expr]:
    """Return bounds on one difference of columns of two tables; none when the condition implies no such bound."""
    low, high = condition.left, condition.right
    if condition.operator in {">", ">="}:
        low, high = high, low
    elif condition.operator not in {"<", "<="}:
        return []
    differences, is_square = _differences(compiler, low)
    for difference in differences:
        one, other = (compiler.value(operand) for operand in difference.operands)
        limit = compiler.value(high)
        if _is_join(one, other) and limit.kind == "number" and not limit.sql.find(exp.Column, exp.Query, exp.AggFunc):
            width = call("sqrt", limit.sql) if is_square else limit.sql
            generous = compare(compare(width, "*", number(1 + _MARGIN)), "+", number(_MARGIN))
            return [
                compare(one.sql, ">=", compare(other.sql, "-", generous)),
                compare(one.sql, "<=", compare(other.sql, "+", generous)),
            ]
    return []


def _differences(compiler: Expressions, node: tree.Expression) -> tuple[list[tree.Arithmetic], bool]:
    """Return the differences that a sum of squares, its root or an absolute value bounds; whether by their squares."""
    node = _bare(node)
    is_root = False
    if isinstance(node, tree.Call) and len(node.arguments) == 1:
        inner = _bare(node.arguments[0])
        if node.function.upper() == "ABS":
            return ([inner] if _is_difference(inner) else []), False  # type: ignore[list-item]  # as tested
        is_root = node.function.upper() == "SQRT"
        node = inner if is_root else node
    terms = node.operands if isinstance(node, tree.Arithmetic) and set(node.operators) == {"+"} else (node,)
    bases = [_squared(compiler, _bare(term)) for term in terms]
    if not all(bases):  # another term may be negative
        return [], False
    return [base for base in bases if isinstance(base, tree.Arithmetic) and _is_difference(base)], not is_root


def _squared(compiler: Expressions, node: tree.Expression) -> tree.Expression | None:
    """Return what is squared; None when the node is no square."""
    if isinstance(node, tree.Call) and node.function.upper() == "POWER" and len(node.arguments) == 2:
        base, exponent = (_bare(argument) for argument in node.arguments)
        return base if isinstance(exponent, tree.Number) and float(exponent.text) == 2 else None
    if isinstance(node, tree.Arithmetic) and node.operators == ("*",):
        one, other = (_bare(operand) for operand in node.operands)
        return one if compiler.value(one).sql == compiler.value(other).sql else None
    return None


def _is_difference(node: tree.Expression) -> bool:
    return isinstance(node, tree.Arithmetic) and node.operators == ("-",)


def _is_join(one: Value, other: Value) -> bool:
    """Return whether each of two numbers is computed from columns of one table, and not of the same."""
    tables = [{column.table for column in value.sql.find_all(exp.Column)} for value in (one, other)]
    numbers = one.kind == other.kind == "number"
    return numbers and all(len(names) == 1 for names in tables) and tables[0] != tables[1]


def _bare(node: tree.Expression) -> tree.Expression:
    while isinstance(node, tree.Parentheses):
        node = node.inner
    return node
