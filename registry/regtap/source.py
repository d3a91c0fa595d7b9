"""Source of the rows of RegTAP: the current records in blocks, each of which is made anew when one of its records is.

A block has the records with neighbouring numbers in the order of harvests, as many as a page of a harvest.
"""

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select

from core.database import Database
from registry.models import ResourceRecord, Window
from registry.regtap.rows import registry_rows
from registry.schema import RegistryRow
from registry.service import RecordService

__all__ = ["RegistryTableSource", "TableBlock"]

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

    def blocks(self) -> Sequence[TableBlock]:
        """Return the blocks of the current records, in their order."""
        # It is taken first: what is read afterwards has at least the changes up to it.
        stamp, current = self._stamp(), self._current
        if current is None or current[0] != stamp:
            self._service.refresh()
            self._current = current = (stamp, self._read())
        return current[1]

    def _read(self) -> Sequence[TableBlock]:
        size = self._service.page_size
        query = select(RegistryRow.id, RegistryRow.version, RegistryRow.changed_at).where(
            RegistryRow.is_deleted.is_(False)
        )
        versions: defaultdict[int, list[object]] = defaultdict(list)
        with self._database.read() as session:
            for row in session.execute(query.order_by(RegistryRow.id)):
                versions[(row.id - 1) // size].append((row.id, row.version, row.changed_at.isoformat()))
        return [self._block(number, repr((number, rows))) for number, rows in versions.items()]

    def _block(self, number: int, versions: str) -> TableBlock:
        key = hashlib.sha256(versions.encode()).hexdigest()
        return TableBlock(key, lambda: self._of(number, key))

    def _of(self, number: int, key: str) -> Sequence[ResourceRecord]:
        with self._lock:
            known = self._records.get(key)
        if known is not None:
            return known
        size = self._service.page_size
        entries = self._service.page(Window(), number * size).entries
        found = [entry.record for entry in entries if entry.record is not None and entry.number <= (number + 1) * size]
        with self._lock:
            self._records[key] = found
            while len(self._records) > _KEPT:
                self._records.popitem(last=False)
        return found
