"""Builders of sqlglot trees.

Operands are put in parentheses where precedence could change their meaning, and a node that already has a parent is
copied, so that no node is in two places.
"""

from collections.abc import Sequence

from sqlglot import exp

__all__ = [
    "all_of",
    "any_of",
    "attachable",
    "call",
    "case_null",
    "cast_to",
    "column",
    "compare",
    "false",
    "identifier",
    "negate",
    "number",
    "string",
    "wrap",
]

_ATOMIC = (exp.Literal, exp.Column, exp.Anonymous, exp.Paren, exp.Cast, exp.Null, exp.Boolean, exp.Case, exp.Coalesce)
_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "/": exp.Div,
}


def wrap(node: exp.Expr) -> exp.Expr:
    """Return a node as an operand: in parentheses unless it is atomic."""
    return attachable(node) if isinstance(node, _ATOMIC) else exp.Paren(this=attachable(node))


def attachable(node: exp.Expr) -> exp.Expr:
    """Return a node without a parent: the node itself, or a copy."""
    return node if node.parent is None else node.copy()


def identifier(name: str) -> exp.Identifier:
    """Return a quoted identifier."""
    return exp.Identifier(this=name, quoted=True)


def column(name: str, table: str) -> exp.Column:
    """Return a column of a table of the query."""
    return exp.Column(this=identifier(name), table=identifier(table))


def number(value: float) -> exp.Expr:
    """Return a numeric literal: an integer, or a double; never a decimal."""
    text = str(abs(value)) if isinstance(value, int) else repr(abs(value))
    if isinstance(value, float) and "e" not in text:
        text += "e0"
    literal = exp.Literal.number(text)
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def string(value: str) -> exp.Literal:
    """Return a string literal."""
    return exp.Literal.string(value)


def false() -> exp.Boolean:
    """Return the constant FALSE."""
    return exp.Boolean(this=False)


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Return a call of a function of the engine."""
    return exp.Anonymous(this=name, expressions=[attachable(argument) for argument in arguments])


def cast_to(node: exp.Expr, type_name: str) -> exp.Cast:
    """Return a cast to a type of the engine."""
    return exp.Cast(this=attachable(node), to=exp.DataType.build(type_name, dialect="duckdb"))


def compare(left: exp.Expr, operator: str, right: exp.Expr) -> exp.Expr:
    """Return a comparison or an arithmetic operation of two values."""
    return _COMPARISONS[operator](this=wrap(left), expression=wrap(right))


def negate(condition: exp.Expr) -> exp.Expr:
    """Return the negation of a condition."""
    return exp.Not(this=wrap(condition))


def all_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    """Return the conjunction of conditions, as a balanced tree so that ten thousand of them do not nest as deep."""
    return _balanced(exp.And, conditions)


def any_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    """Return the disjunction of conditions, as a balanced tree."""
    return _balanced(exp.Or, conditions)


def case_null(nodes: Sequence[exp.Expr], otherwise: exp.Expr) -> exp.Expr:
    """Return NULL when any of the nodes is NULL, else another value."""
    missing = any_of([exp.Is(this=wrap(node), expression=exp.Null()) for node in nodes])
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=attachable(otherwise))


def _balanced(connector: type[exp.Connector], conditions: Sequence[exp.Expr]) -> exp.Expr:
    level = [wrap(condition) for condition in conditions]
    while len(level) > 1:
        pairs = [connector(this=one, expression=other) for one, other in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]
