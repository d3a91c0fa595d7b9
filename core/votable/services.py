"""Service descriptors of a VOTable (DataLink 1.1 §4)."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ServiceDescriptor", "ServiceInput"]


@dataclass(frozen=True, slots=True)
class ServiceInput:
    """An input parameter of a service.

    Parameters
    ----------
    value
        The value, when it is fixed.
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
    """A service descriptor: address, standard and input parameters.

    Parameters
    ----------
    id
        Name by which rows of a table of links refer to it.
    standard_id
        Identifier of its standard.
    """

    access_url: str
    inputs: tuple[ServiceInput, ...]
    id: str | None = None
    standard_id: str | None = None
    description: str | None = None

    @property
    def columns(self) -> Iterable[int]:
        """The columns whose values are input parameters."""
        return [item.column for item in self.inputs if item.column is not None]
