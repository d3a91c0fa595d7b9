"""Rows of blocks of records in all tables of the registry, made in one pass over the records of a block.

To make the records takes longer than to make their rows, and each table is read on its own.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from tap.metadata.registry_columns import REGISTRY_COLUMNS
from tap.metadata.rows import rows_by_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BlockRows", "RegistryBlock"]

#: Bytes of rows that wait for queries of their tables.
_MOST_BYTES = 256 << 20
_MANY_BYTES = 16 << 20


class RegistryBlock(Protocol):
    """Some records of the registry."""

    @property
    def key(self) -> str:
        """A text that is another whenever one of the records is another."""

    def rows(self, table: str) -> Iterable[Mapping[str, object]]:
        """Return the rows of a table of ``rr`` for the records, by the names of columns; what is missing is null."""


class BlockRows:
    """Rows of blocks, kept for the tables that have not been read yet."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, dict[str, pa.Table]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def has_many(self) -> bool:
        """Whether so many rows wait that they had better be written to files."""
        return self._bytes > _MANY_BYTES

    def take(self, table: str, block: RegistryBlock) -> "pa.Table":
        """Return the rows of a table for a block; those of the other tables are kept until they are taken."""
        with self._lock:
            found = self._kept.get(block.key, {}).pop(table, None)
            if found is not None:
                self._bytes -= found.nbytes
                return found
        made = {name: rows_by_name(columns, block.rows(name)) for name, columns in REGISTRY_COLUMNS.items()}
        found = made.pop(table)
        with self._lock:
            self._drop(block.key)
            self._kept[block.key] = made
            self._bytes += _size(made)
            while self._bytes > _MOST_BYTES:
                self._drop(next(iter(self._kept)))
        return found

    def _drop(self, key: str) -> None:
        self._bytes -= _size(self._kept.pop(key, {}))


def _size(made: Mapping[str, "pa.Table"]) -> int:
    return sum(rows.nbytes for rows in made.values())
