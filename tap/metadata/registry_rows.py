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


class RegistryBlock(Protocol):
    """Some records of the registry."""

    @property
    def key(self) -> str:
        """A text that is another whenever one of the records is another."""

    def rows(self, table: str) -> Iterable[Mapping[str, object]]:
        """Return the rows of a table of ``rr`` for the records, by the names of columns; what is missing is null."""


class BlockRows:
    """Rows of blocks, kept for the tables that have not been read yet.

    Parameters
    ----------
    many
        Bytes of rows above which they had better be written to files.
    most
        Bytes of rows above which the oldest ones are forgotten.
    """

    def __init__(self, many: int = 16 << 20, most: int = 256 << 20) -> None:
        self._many, self._most = many, most
        self._kept: OrderedDict[str, dict[str, pa.Table]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def has_many(self) -> bool:
        """Whether many rows wait."""
        return self._bytes > self._many

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
            while self._bytes > self._most:
                self._drop(next(iter(self._kept)))
        return found

    def clear(self) -> None:
        """Forget the rows that nobody has taken, such as those of blocks that have changed since."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _drop(self, key: str) -> None:
        self._bytes -= _size(self._kept.pop(key, {}))


def _size(made: Mapping[str, "pa.Table"]) -> int:
    return sum(rows.nbytes for rows in made.values())
