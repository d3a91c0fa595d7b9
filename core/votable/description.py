"""What a VOTable says about its table, besides the rows."""

from dataclasses import dataclass

from core.columns import Column
from core.votable.services import ServiceDescriptor

__all__ = ["Info", "TableDescription"]


@dataclass(frozen=True, slots=True)
class Info:
    """An INFO element: a name, a value, and text for people."""

    name: str
    value: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table without its rows. The columns are those that `votable_columns` gives for the rows' schema.

    Parameters
    ----------
    services
        Services that know more about the rows.
    """

    columns: tuple[Column, ...]
    name: str | None = None
    description: str | None = None
    infos: tuple[Info, ...] = ()
    services: tuple[ServiceDescriptor, ...] = ()
