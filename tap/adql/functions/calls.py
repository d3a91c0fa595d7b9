"""Calls of functions: checks of names and argument counts, and compilation within the limits of a translation."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Function
from tap.adql.limits import Limits
from tap.adql.values import Value

__all__ = ["check_calls", "compile_call"]

_TESTS = frozenset({"distance", "shapes"})


def check_calls(query: tree.Query, functions: Mapping[str, Function]) -> None:
    """Check that each call in a query names a function and has a valid number of arguments.

    A query with more geometric tests or coverage maps than the limits is refused here, before anything is compiled.

    Parameters
    ----------
    functions
        The functions that may be called, by upper-case name.

    Raises
    ------
    QueryError
        A function does not exist, a call has too few or too many arguments, or a limit is exceeded.
    """
    limits = Limits()
    for call in sorted(_calls(query), key=lambda call: call.at):
        function = functions.get(call.function.upper())
        count = len(call.arguments)
        if function is None:
            near = difflib.get_close_matches(call.function.upper(), functions, n=1)
            advice = f"did you mean {near[0]}?" if near else None
            raise QueryError(f"The function {call.function} is not available", call.at, advice)
        if not function.required <= count <= function.most:
            raise QueryError(f"{function.name} was given {count} arguments", call.at, f"it is {function.form}")
        if function.cost == "map":
            limits.count_map(call.at)
        elif function.cost in _TESTS:
            limits.count_test(call.at)


def compile_call(
    limits: Limits, function: Function, arguments: Sequence[Value], node: tree.Call, *, prune: bool
) -> Value:
    """Compile a call of a non-aggregate function, given its compiled arguments.

    Parameters
    ----------
    limits
        Counters of the translation.
    prune
        Whether the hidden HEALPix column may be tested, as in WHERE and ON.

    Raises
    ------
    QueryError
        An argument has a kind that the function does not accept, or a limit is exceeded.
    """
    if function.cost == "map" or (function.cost == "shapes" and any(_is_map(argument) for argument in arguments)):
        limits.count_map(node.at)
    if function.cost in _TESTS:
        limits.count_test(node.at)
    if function.cost == "shapes":
        prune = prune and limits.may_cover()
    return function.value(arguments, node, prune=prune)


def _calls(query: tree.Query) -> Iterator[tree.Call]:
    """Yield every call of a function in a query, in no particular order."""
    pending: list[object] = [query]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Call):
            yield node
        if isinstance(node, tuple):
            pending.extend(node)
        elif is_dataclass(node):
            pending.extend(getattr(node, field.name) for field in fields(node))


def _is_map(value: Value) -> bool:
    return value.column.xtype == "moc"
