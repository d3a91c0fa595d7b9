"""Declarations of functions: name, arguments, result, and what compiles a call (TAPRegExt 1.0 §2.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from tap.adql import tree
from tap.adql.sqltree import cast_to
from tap.adql.values import Value, require_array

__all__ = ["MANY", "Compile", "Cost", "Function", "Group", "Parameter", "function_of", "udf"]

Group = Literal["math", "string", "aggregate", "geometry", "conditional", "unit", "udf"]

#: What a call counts against `tap.adql.limits`: a test of two points, a test of two shapes, a coverage map.
Cost = Literal["distance", "shapes", "map"]

#: Makes the value of a call from its compiled arguments, the call, and whether hidden columns may be tested.
Compile: TypeAlias = Callable[[Sequence[Value], tree.Call, bool], Value]

#: More arguments than any call has.
MANY = 10_000

_ARRAYS = frozenset({"DOUBLE[]", "REAL[]"})
_TYPES = _ARRAYS | {"ANY", "BIGINT", "DOUBLE", "INTEGER", "POINT", "REGION", "TIMESTAMP", "VARCHAR"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument, with the type that capabilities show.

    Functions check arguments of other types themselves, because many of them take alternatives (a POINT for two
    numbers). An array (``DOUBLE[]``, ``REAL[]``) is checked and cast to its type before the function compiles it.
    """

    name: str
    type: str

    def __post_init__(self) -> None:
        if self.type not in _TYPES:
            message = f"{self.type} is no type of an argument; use one of {', '.join(sorted(_TYPES))}"
            raise ValueError(message)

    @property
    def is_array(self) -> bool:
        """Whether it takes an array of numbers."""
        return self.type in _ARRAYS


@dataclass(frozen=True, slots=True)
class Function:
    """A function of ADQL: everything that the parser, the compiler and the capabilities know of it.

    Parameters
    ----------
    parameters
        The longest list of arguments; those after the first ``required`` may be left out.
    result
        Type of the result as capabilities show it; ``SAME`` for that of the first argument.
    compile
        Makes the value of a call.
    unit
        Unit of the result; none when it has none, or when ``compile`` takes it from the arguments.
    description
        What capabilities show of user-defined functions.
    aggregate
        Whether it takes the values of all rows of a group.
    cost
        What a call counts against the limits of a translation.
    """

    name: str
    group: Group
    parameters: tuple[Parameter, ...]
    result: str
    required: int
    most: int
    compile: Compile
    unit: str | None = None
    description: str | None = None
    aggregate: bool = False
    cost: Cost | None = None

    @property
    def form(self) -> str:
        """The signature, as TAPRegExt 1.0 §2.3 writes it."""
        arguments = ", ".join(f"{parameter.name} {parameter.type}" for parameter in self.parameters)
        return f"{self.name}({arguments}) -> {self.result}"

    def value(self, arguments: Sequence[Value], node: tree.Call, *, prune: bool = False) -> Value:
        """Compile a call: arrays are checked and cast to their declared type, the result has the declared unit.

        Parameters
        ----------
        prune
            Whether hidden columns may be tested where the call stands.

        Raises
        ------
        QueryError
            An argument is not what the function takes.
        """
        value = self.compile(self._with_arrays(arguments, node), node, prune)
        return value if self.unit is None else replace(value, facts=replace(value.facts, unit=self.unit))

    def _with_arrays(self, arguments: Sequence[Value], node: tree.Call) -> Sequence[Value]:
        if not any(parameter.is_array for parameter in self.parameters):
            return arguments
        checked = list(arguments)
        for i, parameter in enumerate(self.parameters[: len(arguments)]):
            if parameter.is_array:
                array = require_array(arguments[i], node.function)
                checked[i] = replace(array, sql=cast_to(array.sql, parameter.type))
        return checked


def function_of(
    name: str,
    group: Group,
    arguments: str,
    result: str,
    compile: Compile,  # noqa: A002 - the name of the field
    *,
    required: int | None = None,
    most: int | None = None,
    unit: str | None = None,
    description: str | None = None,
    aggregate: bool = False,
    cost: Cost | None = None,
) -> Function:
    """Declare a function by its arguments as capabilities show them: ``x DOUBLE, y DOUBLE``."""
    pairs = (argument.split() for argument in arguments.split(",") if argument.strip())
    parameters = tuple(Parameter(pair[0], pair[1]) for pair in pairs)
    return Function(
        name,
        group,
        parameters,
        result,
        len(parameters) if required is None else required,
        most or len(parameters),
        compile,
        unit=unit,
        description=description,
        aggregate=aggregate,
        cost=cost,
    )


def udf(
    name: str,
    arguments: str,
    result: str,
    compile: Compile,  # noqa: A002 - the name of the field
    description: str,
    *,
    required: int | None = None,
    most: int | None = None,
    unit: str | None = None,
    aggregate: bool = False,
    cost: Cost | None = None,
) -> Function:
    """Declare a user-defined function, which capabilities list with its description."""
    return function_of(
        name,
        "udf",
        arguments,
        result,
        compile,
        required=required,
        most=most,
        unit=unit,
        description=description,
        aggregate=aggregate,
        cost=cost,
    )
