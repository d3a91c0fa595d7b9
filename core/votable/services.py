"""Service descriptors: how a table says that a service knows more about its rows (DataLink 1.1 §4)."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ServiceDescriptor", "ServiceInput"]


@dataclass(frozen=True, slots=True)
class ServiceInput:
    """A parameter of a service.

    Parameters
    ----------
    value
        What is sent, when it is fixed.
    column
        Number of the column of the table from which the value is taken, row by row.
    """

    name: str
    datatype: str
    arraysize: str | None = None
    value: str = ""
    column: int | None = None
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceDescriptor:
    """A service, with its parameters.

    Parameters
    ----------
    id
        Name by which rows of a table of links refer to it.
    standard_id
        Identifier of the protocol that it speaks.
    """

    access_url: str
    inputs: tuple[ServiceInput, ...]
    id: str | None = None
    standard_id: str | None = None
    description: str | None = None

    @property
    def columns(self) -> Iterable[int]:
        """The columns from which it takes values."""
        return [item.column for item in self.inputs if item.column is not None]
