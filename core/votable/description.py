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

    @property
    def info_texts(self) -> dict[str, str]:
        """The values of the INFO elements by name; those of one name are joined by semicolons."""
        texts: dict[str, str] = {}
        for info in self.infos:
            texts[info.name] = f"{texts[info.name]}; {info.value}" if info.name in texts else info.value
        return texts
