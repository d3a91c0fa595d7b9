"""Calls of functions: the limits of a translation are counted, and each function compiles its call."""

from collections.abc import Sequence

from tap.adql import tree
from tap.adql.functions.signatures import Function
from tap.adql.limits import Limits
from tap.adql.values import Value

__all__ = ["compile_call"]


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

    Raises
    ------
    QueryError
        An argument is not what the function takes, or the query has too many of such calls.
    """
    if function.cost == "map" or (function.cost == "shapes" and any(_is_map(argument) for argument in arguments)):
        limits.count_map(node.at)
    if function.cost in {"distance", "shapes"}:
        limits.count_test(node.at)
    if function.cost == "shapes":
        prune = prune and limits.may_cover()
    return function.value(arguments, node, prune=prune)


def _is_map(value: Value) -> bool:
    return value.facts.xtype == "moc"
