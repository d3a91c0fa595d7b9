"""Declarations of functions: name, arguments, result and compiler (TAPRegExt 1.0 §2.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from tap.adql import tree
from tap.adql.sqltree import cast_to
from tap.adql.values import Value, require_array, require_density

__all__ = ["MANY", "Compile", "Cost", "Function", "Group", "Parameter", "function_of", "udf"]

Group = Literal["math", "string", "aggregate", "geometry", "conditional", "unit", "udf"]

#: Limit of `tap.adql.limits` against which a call is counted: a test of points, a test of shapes, a coverage map, a
#: stack of densities.
Cost = Literal["distance", "shapes", "map", "stack"]

#: Compiles a call from its compiled arguments, its node, and whether the hidden HEALPix column may be tested.
Compile: TypeAlias = Callable[[Sequence[Value], tree.Call, bool], Value]

#: Maximum number of arguments of functions that take any number.
MANY = 10_000

#: Types of arrays, with those of the engine. Clients with the parser of vollt, as TOPCAT and STILTS, refuse functions
#: whose declaration has brackets, and take any word.
_ARRAYS: Mapping[str, str] = {"ARRAY": "DOUBLE[]", "DOUBLE[]": "DOUBLE[]", "PDF": "DOUBLE[]", "REAL[]": "REAL[]"}
_TYPES = _ARRAYS.keys() | {"ANY", "BIGINT", "DOUBLE", "INTEGER", "INTERVAL", "POINT", "REGION", "TIMESTAMP", "VARCHAR"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function, with its type as declared in the capabilities.

    Functions check arguments of other types themselves, because many of them take alternatives (a POINT for two
    numbers). An array of numbers (``ARRAY``, ``DOUBLE[]``, ``REAL[]``) and a column of densities, whose metadata have
    their form (``PDF``), are checked and cast to the type of the engine before the function compiles them.
    """

    name: str
    type: str

    def __post_init__(self) -> None:
        if self.type not in _TYPES:
            message = f"{self.type} is not a type of arguments; use one of {', '.join(sorted(_TYPES))}"
            raise ValueError(message)

    @property
    def is_array(self) -> bool:
        """Whether the argument is an array of numbers."""
        return self.type in _ARRAYS


@dataclass(frozen=True, slots=True)
class Function:
    """A function of ADQL: its declaration for the checks, the compiler and the capabilities.

    Parameters
    ----------
    parameters
        All arguments; those after the first ``required`` are optional.
    result
        Type of the result in the capabilities; ``SAME`` for that of the first argument.
    compile
        Compiles a call.
    unit
        Unit of the result; None when it has none or when ``compile`` derives it from the arguments.
    description
        Description of a user-defined function in the capabilities.
    aggregate
        Whether it is an aggregate function.
    cost
        The limit of a translation against which a call is counted.
    of_arrays
        For aggregate functions: the function of each row that a call means if its first argument is an array.
    shorter
        Whether the capabilities have a second declaration without the optional arguments, which parsers of clients
        need: TAPRegExt has no optional arguments.
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
    of_arrays: "Function | None" = None
    shorter: bool = False

    @property
    def form(self) -> str:
        """The signature in the form of TAPRegExt 1.0 §2.3."""
        return self._form(len(self.parameters))

    @property
    def forms(self) -> tuple[str, ...]:
        """The signatures that the capabilities list."""
        return (self.form, self._form(self.required)) if self.shorter else (self.form,)

    def value(self, arguments: Sequence[Value], node: tree.Call, *, prune: bool = False) -> Value:
        """Compile a call: check and cast arrays to their declared type, and set the declared unit.

        Parameters
        ----------
        prune
            Whether the hidden HEALPix column may be tested in the clause of the call.

        Raises
        ------
        QueryError
            An argument has a kind that the function does not accept.
        """
        value = self.compile(self._with_arrays(arguments, node), node, prune)
        return value if self.unit is None else replace(value, column=replace(value.column, unit=self.unit))

    def _form(self, count: int) -> str:
        arguments = ", ".join(f"{parameter.name} {parameter.type}" for parameter in self.parameters[:count])
        return f"{self.name}({arguments}) -> {self.result}"

    def _with_arrays(self, arguments: Sequence[Value], node: tree.Call) -> Sequence[Value]:
        if not any(parameter.is_array for parameter in self.parameters):
            return arguments
        checked = list(arguments)
        for i, parameter in enumerate(self.parameters[: len(arguments)]):
            if parameter.is_array:
                require = require_density if parameter.type == "PDF" else require_array
                array = require(arguments[i], node.function)
                checked[i] = replace(array, sql=cast_to(array.sql, _ARRAYS[parameter.type]))
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
    of_arrays: Function | None = None,
    shorter: bool = False,
) -> Function:
    """Return a function, given its arguments as in the capabilities: ``x DOUBLE, y DOUBLE``."""
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
        of_arrays=of_arrays,
        shorter=shorter,
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
    of_arrays: Function | None = None,
    shorter: bool = False,
) -> Function:
    """Return a user-defined function, which the capabilities list with its description."""
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
        of_arrays=of_arrays,
        shorter=shorter,
    )
