"""Source of the rows of RegTAP: the current records in blocks, each of which is made anew when one of its records is.

A block has the records with neighbouring numbers in the order of harvests. It is small, because all its records are
made anew after a change of one of them.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Protocol

from sqlalchemy import select

from core.database import Database
from registry.models import ResourceRecord, Window
from registry.regtap.rows import registry_rows
from registry.schema import RegistryRow
from registry.service import RecordService

__all__ = ["BLOCK_RECORDS", "AllTableSources", "RegistryTableSource", "TableBlock"]

#: Records of a block, with those that are deleted.
BLOCK_RECORDS = 25

#: Blocks whose records are kept: queries read several tables of the same block.
_KEPT = 8


@dataclass(frozen=True)
class TableBlock:
    """The records with the numbers of a block.

    Parameters
    ----------
    key
        Digest of the numbers and the versions of the records.
    records
        Returns them.
    """

    key: str
    records: Callable[[], Sequence[ResourceRecord]]

    def rows(self, table: str) -> Iterator[Mapping[str, object]]:
        """Yield the rows of a table of ``rr`` for the records."""
        for record in self.records():
            yield from registry_rows(table, record)


class TableRows(Protocol):
    """Some records as rows; the key is another whenever one of them is another."""

    @property
    def key(self) -> str:
        """A text that names the records and their versions."""

    def rows(self, table: str) -> Iterator[Mapping[str, object]]:
        """Yield the rows of a table of ``rr`` for the records."""


class TableSource(Protocol):
    """Records in blocks."""

    def blocks(self) -> Sequence[TableRows]:
        """Return the blocks of the current records, in their order."""


class AllTableSources:
    """The records of several sources, one after the other."""

    def __init__(self, sources: Sequence[TableSource]) -> None:
        self._sources = sources

    def blocks(self) -> Sequence[TableRows]:
        """Return the blocks of all current records."""
        return [block for source in self._sources for block in source.blocks()]


class RegistryTableSource:
    """The records of a service in blocks.

    Parameters
    ----------
    database
        Where the service keeps the published identifiers.
    stamp
        Returns what changes with the catalogue, by which the service finds changes as well.
    """

    def __init__(self, database: Database, records: RecordService, stamp: Callable[[], object]) -> None:
        self._database = database
        self._service = records
        self._stamp = stamp
        self._current: tuple[object, Sequence[TableBlock]] | None = None
        self._records: OrderedDict[str, Sequence[ResourceRecord]] = OrderedDict()
        self._lock = Lock()
        # What was read of the rows of the registry: versions by number and block, the blocks, and the last change.
        self._versions: dict[int, dict[int, str]] = {}
        self._blocks: dict[int, TableBlock] = {}
        self._last: datetime | None = None
        self._reading = Lock()

    def blocks(self) -> Sequence[TableBlock]:
        """Return the blocks of the current records, in their order."""
        # It is taken first: what is read afterwards has at least the changes up to it.
        stamp, current = self._stamp(), self._current
        if current is None or current[0] != stamp:
            self._service.refresh()
            with self._reading:
                self._current = current = (stamp, self._read())
        return current[1]

    def _read(self) -> Sequence[TableBlock]:
        """Return the blocks, after what has changed since the last time was read."""
        columns = (RegistryRow.id, RegistryRow.version, RegistryRow.changed_at, RegistryRow.is_deleted)
        query = select(*columns).order_by(RegistryRow.id)
        if self._last is not None:  # no change is ever stored with an earlier time than those before it
            query = query.where(RegistryRow.changed_at >= self._last)
        changed: set[int] = set()
        with self._database.read() as session:
            for number, version, time, is_deleted in session.execute(query):
                block = (number - 1) // BLOCK_RECORDS
                records = self._versions.setdefault(block, {})
                found = None if is_deleted else f"{version} {time.isoformat()}"
                if records.get(number) != found:
                    changed.add(block)
                if found is None:
                    records.pop(number, None)
                else:
                    records[number] = found
                self._last = time if self._last is None else max(self._last, time)
        for number in changed:
            records = self._versions[number]
            if records:
                self._blocks[number] = self._block(number, repr((number, sorted(records.items()))))
            else:
                self._blocks.pop(number, None)
        return [self._blocks[number] for number in sorted(self._blocks)]

    def _block(self, number: int, versions: str) -> TableBlock:
        key = hashlib.sha256(versions.encode()).hexdigest()
        return TableBlock(key, lambda: self._of(number, key))

    def _of(self, number: int, key: str) -> Sequence[ResourceRecord]:
        with self._lock:
            known = self._records.get(key)
        if known is not None:
            return known
        first = number * BLOCK_RECORDS
        entries = self._service.page(Window(), first, BLOCK_RECORDS).entries
        found = [
            entry.record for entry in entries if entry.record is not None and entry.number <= first + BLOCK_RECORDS
        ]
        with self._lock:
            self._records[key] = found
            while len(self._records) > _KEPT:
                self._records.popitem(last=False)
        return found
