"""Metadata of the table of a VOTable: columns, description, INFO elements, service descriptors."""

from dataclasses import dataclass

from core.columns import Column
from core.votable.services import ServiceDescriptor

__all__ = ["Info", "TableDescription"]


@dataclass(frozen=True, slots=True)
class Info:
    """An INFO element: name, value and text."""

    name: str
    value: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class TableDescription:
    """Metadata of a table. The columns are those of `votable_columns` for the schema of the rows.

    Parameters
    ----------
    services
        Service descriptors of the table.
    """

    columns: tuple[Column, ...]
    name: str | None = None
    description: str | None = None
    infos: tuple[Info, ...] = ()
    services: tuple[ServiceDescriptor, ...] = ()
