"""SQL of operations that are undefined for some values: NULL for a row outside their domain, never an error.

An error of one row would end the whole query, and ADQL has no way to evaluate conditions in an order, so a user could
not guard against it. Domains are tested rather than errors caught, so that a query is as fast when most rows are
outside; integer overflows, which are rare, are caught by the engine's TRY, which then repeats the work row by row.

No expression is written twice unless it is small, or nested calls would double the text at every level: a large one is
evaluated once, as an element of a list to which a lambda is applied.
"""

from collections.abc import Callable

from sqlglot import exp

from tap.adql.sqltree import all_of, any_of, call, cast_to, compare, identifier, negate, number

__all__ = [
    "AGGREGATE_NAMES",
    "applied",
    "attempted",
    "defined",
    "is_pure",
    "joined",
    "null_if",
    "power",
    "truncated",
]

#: Aggregate functions of the engine that are called by name.
AGGREGATE_NAMES = frozenset(
    {
        "corr",
        "covar_pop",
        "covar_samp",
        "histogram",
        "mad",
        "median",
        "quantile_cont",
        "quantile_disc",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "var_pop",
        "var_samp",
    }
)

_MOST_NODES = 12
_Builder = Callable[[exp.Expr], exp.Expr]
_Joiner = Callable[[exp.Expr, exp.Expr], exp.Expr]


def applied(argument: exp.Expr, result: _Builder) -> exp.Expr:
    """Return a function of an argument that may use it more than once."""
    if _is_small(argument):
        return result(argument)
    value = identifier("v")
    each = exp.Lambda(this=result(value), expressions=[value.copy()])
    return call("list_extract", call("list_transform", call("list_value", argument), each), number(1))


def defined(argument: exp.Expr, condition: _Builder, result: _Builder) -> exp.Expr:
    """Return a function of an argument where a condition of the argument is true, else NULL."""
    return applied(argument, lambda value: exp.Case(ifs=[exp.If(this=condition(value), true=result(value))]))


def joined(one: exp.Expr, other: exp.Expr, result: _Joiner) -> exp.Expr:
    """Return a function of two arguments of one type that may use each of them more than once."""
    if _is_small(one) and _is_small(other):
        return result(one, other)
    names = identifier("v"), identifier("w")
    each = exp.Lambda(this=result(*names), expressions=[name.copy() for name in names])
    return call("list_reduce", call("list_value", one, other), each)


def attempted(one: exp.Expr, operator: str, other: exp.Expr) -> exp.Expr:
    """Return an arithmetic operation on two integers of one type, with NULL for a result that does not fit the type."""
    if is_pure(one) and is_pure(other):
        return call("try", compare(one, operator, other))
    names = identifier("v"), identifier("w")
    body = call("try", compare(names[0], operator, names[1]))
    each = exp.Lambda(this=body, expressions=[name.copy() for name in names])
    return call("list_reduce", call("list_value", one, other), each)


def null_if(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Return the first of two values of one type, or NULL when they are equal.

    The engine's NULLIF is a macro that writes its first argument twice.
    """

    def result(value: exp.Expr, absent: exp.Expr) -> exp.Expr:
        return exp.Case(ifs=[exp.If(this=compare(value, "=", absent), true=exp.Null())], default=_free(value))

    return joined(one, other, result)


def power(base: exp.Expr, exponent: exp.Expr) -> exp.Expr:
    """Return a power: NULL for a negative base with a fraction as exponent, and for zero with a negative exponent."""

    def result(base: exp.Expr, exponent: exp.Expr) -> exp.Expr:
        at_zero = all_of([compare(base, "=", number(0)), compare(exponent, "<", number(0))])
        fraction = compare(exponent, "<>", call("trunc", exponent))
        undefined = any_of([at_zero, all_of([compare(base, "<", number(0)), fraction])])
        return exp.Case(ifs=[exp.If(this=negate(undefined), true=call("pow", base, exponent))])

    return joined(cast_to(base, "DOUBLE"), cast_to(exponent, "DOUBLE"), result)


def truncated(argument: exp.Expr, digits: exp.Expr) -> exp.Expr:
    """Return a number without further decimals.

    The engine multiplies by a power of ten, which makes 434.99999 of 4.35; a number that has no further decimals, which
    rounding shows, stays as it is.
    """

    def result(value: exp.Expr) -> exp.Expr:
        kept = exp.If(this=compare(call("round", value, digits), "=", value), true=_free(value))
        return exp.Case(ifs=[kept], default=call("trunc", value, digits))

    return applied(argument, result)


def is_pure(node: exp.Expr) -> bool:
    """Return whether an expression has no aggregate, no subquery and no random number, as TRY requires."""
    for part in node.walk():
        if isinstance(part, exp.AggFunc | exp.Query | exp.Subquery):
            return False
        if isinstance(part, exp.Anonymous) and (part.name in AGGREGATE_NAMES or part.name == "random"):
            return False
    return True


def _is_small(node: exp.Expr) -> bool:
    """Return whether an expression may be written twice: it is short, and gives the same value again."""
    return is_pure(node) and sum(1 for _ in node.walk()) <= _MOST_NODES


def _free(node: exp.Expr) -> exp.Expr:
    return node.copy() if node.parent is not None else node
