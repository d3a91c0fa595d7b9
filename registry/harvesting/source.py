"""Source of the rows of RegTAP for the records of other registries, in blocks that change one by one."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from lxml import etree

from registry.harvesting.rows import harvested_rows
from registry.harvesting.storage import HarvestStorage

__all__ = ["HarvestedTableSource"]

_Element = Any  # lxml ships no types

#: Records of a block. They change together, when their registry is harvested.
_BLOCK_RECORDS = 250


@dataclass(frozen=True, slots=True)
class _Block:
    """Records with neighbouring numbers."""

    key: str
    resources: Callable[[], Sequence[_Element]]

    def rows(self, table: str) -> Iterator[Mapping[str, object]]:
        """Yield the rows of a table of ``rr`` for the records."""
        for resource in self.resources():
            yield from harvested_rows(table, resource)


class HarvestedTableSource:
    """The records of the registries that are harvested.

    Parameters
    ----------
    addresses
        The registries; records of others are not shown.
    """

    def __init__(self, storage: HarvestStorage, addresses: Sequence[str]) -> None:
        self._storage = storage
        self._addresses = tuple(addresses)
        self._current: tuple[Mapping[str, int], Sequence[_Block]] = ({}, ())
        # The rows of all tables are made of a block, one table after the other.
        self._parsed: tuple[str, Sequence[_Element]] = ("", ())

    def blocks(self) -> Sequence[_Block]:
        """Return the blocks of the current records, in their order."""
        if not self._addresses:
            return ()
        # They are read first: the records read afterwards have at least the changes up to them.
        revisions = self._storage.revisions(self._addresses)
        known, blocks = self._current
        if known != revisions:
            blocks = self._read()
            self._current = (revisions, blocks)
        return blocks

    def _read(self) -> Sequence[_Block]:
        grouped = groupby(self._storage.digests(self._addresses), lambda item: (item[0] - 1) // _BLOCK_RECORDS)
        return [self._block(list(items)) for _, items in grouped]

    def _block(self, items: Sequence[tuple[int, str]]) -> _Block:
        key = hashlib.sha256(repr(items).encode()).hexdigest()
        numbers = [number for number, _ in items]
        return _Block(key, lambda: self._resources(key, numbers))

    def _resources(self, key: str, numbers: Sequence[int]) -> Sequence[_Element]:
        known, found = self._parsed
        if known != key:
            found = [etree.fromstring(document) for document in self._storage.documents(numbers)]
            self._parsed = (key, found)
        return found
