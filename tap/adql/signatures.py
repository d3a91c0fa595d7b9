"""How functions are described: name, arguments, result, and the form that capabilities show (TAPRegExt 1.0 §2.3)."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["MANY", "Function", "Group", "Parameter", "function_of"]

Group = Literal["math", "string", "aggregate", "geometry", "conditional", "unit", "udf"]

#: More arguments than any call has.
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument, with the type that capabilities show."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of ADQL.

    Parameters
    ----------
    parameters
        The longest list of arguments; those after the first ``required`` may be left out.
    result
        Type of the result as capabilities show it; ``SAME`` for that of the first argument.
    engine
        The engine's function when it takes the same arguments; the rest is written out in `tap.adql.calls`.
    keeps_unit
        Whether the result has the unit of the first argument.
    aggregate
        Whether it takes the values of all rows of a group.
    """

    name: str
    group: Group
    parameters: tuple[Parameter, ...]
    result: str
    required: int
    most: int
    engine: str | None = None
    keeps_unit: bool = False
    description: str | None = None
    aggregate: bool = False

    @property
    def form(self) -> str:
        """The signature, as TAPRegExt 1.0 §2.3 writes it."""
        arguments = ", ".join(f"{parameter.name} {parameter.type}" for parameter in self.parameters)
        return f"{self.name}({arguments}) -> {self.result}"


def function_of(
    name: str,
    group: Group,
    arguments: str,
    result: str,
    *,
    required: int | None = None,
    most: int | None = None,
    engine: str | None = None,
    description: str | None = None,
    aggregate: bool = False,
) -> Function:
    """Describe a function by its arguments as capabilities show them: ``x DOUBLE, y DOUBLE``."""
    pairs = (argument.split() for argument in arguments.split(",") if argument.strip())
    parameters = tuple(Parameter(pair[0], pair[1]) for pair in pairs)
    least = len(parameters) if required is None else required
    return Function(
        name,
        group,
        parameters,
        result,
        least,
        most or len(parameters),
        engine=engine,
        description=description,
        aggregate=aggregate,
    )
