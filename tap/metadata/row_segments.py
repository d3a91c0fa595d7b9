"""Rows of metadata tables in few files, of which some blocks of rows are hidden: a log-structured merge tree.

The rows of a table come in blocks that change one by one. What has changed is written to a new file, the segment; in
older segments the blocks that are out of date, or that this identity may not read, are hidden by their numbers. Small
segments are merged when there are many, so that a query opens few files, however many blocks there are.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from core.auth.models import ANONYMOUS, Identity
from core.errors import ServiceBusyError
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.stored_segments import FEW_BLOCKS, Segment, StoredSegments
from tap.models import RowFiles

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RowBlock", "RowSegments", "reader_of"]

_log = logging.getLogger(__name__)

_BLOCK_COLUMN = "@block"

_MOST_SEGMENTS = 8
_KEPT_LARGE = 2
_MOST_READERS = 512
#: Hidden blocks for which it is not worth to merge.
_FEW_HIDDEN = 64


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some rows of a table: a text that is another whenever the rows are others, and a function that makes them."""

    key: str
    rows: Callable[[], "pa.Table"]


@dataclass(frozen=True, slots=True)
class _Located:
    keys: tuple[str, ...]
    segments: tuple[Segment, ...]
    files: RowFiles


def reader_of(identity: Identity) -> object:
    """Return a value that is the same for identities that may read the same."""
    return (identity.user_id, identity.acts_as_admin, tuple(sorted(identity.groups)), identity.linked_product)


#: The reader whose segments all others may read as well.
_EVERYBODY = reader_of(ANONYMOUS)


class RowSegments:
    """Segments of the tables that each reader has read.

    Segments that were made for one reader are read by others only if they have exactly the blocks that are wanted;
    those of the anonymous reader are read by all, and what has changed since is hidden.

    Parameters
    ----------
    stored
        Where the segments of the anonymous reader outlive this process.
    """

    def __init__(self, files: MetadataFiles, stored: StoredSegments | None = None) -> None:
        self._files = files
        self._stored = stored
        self._stored_keys: dict[str, frozenset[str]] = {}
        self._located: OrderedDict[tuple[str, object], _Located] = OrderedDict()
        self._made: OrderedDict[tuple[str, tuple[str, ...]], Segment] = OrderedDict()
        self._lock = Lock()

    def files(self, table: str, reader: object, blocks: Sequence[RowBlock]) -> RowFiles:
        """Return the files with the rows of some blocks; rows are made of the blocks that no file has.

        Parameters
        ----------
        table
            Full name of the table.
        reader
            Who reads, as `reader_of` returns it.
        """
        keys = tuple(block.key for block in blocks)
        with self._lock:  # others wait: they would make the same rows of the same interpreter's time
            known = self._located.get((table, reader)) or self._located.get((table, _EVERYBODY))
            kept = known is not None and self._files.use(*(segment.path for segment in known.segments))
            if known is None or not kept:
                known = _Located((), self._loaded(table), RowFiles(()))
            if known.keys != keys or not known.segments:
                known = self._brought_up_to_date(table, known.segments, blocks)
                if reader == _EVERYBODY:
                    self._store(table, known)
            self._located[table, reader] = known
            self._located.move_to_end((table, reader))
            while len(self._located) > _MOST_READERS:
                self._located.popitem(last=False)
            return known.files

    def _loaded(self, table: str) -> tuple[Segment, ...]:
        """Return the segments that this process, or another one, has stored."""
        if self._stored is None:
            return ()
        found = self._stored.load(table)
        try:
            adopted = tuple(Segment(self._files.adopt(segment.path), segment.numbers) for segment in found)
        except OSError:  # another process has stored new ones meanwhile, or the disk is full
            return ()
        self._stored_keys[table] = frozenset(key for segment in found for key in segment.numbers)
        return adopted

    def _store(self, table: str, known: _Located) -> None:
        """Store segments when it would take long to make the rows again that are not stored."""
        if self._stored is None:
            return
        there = self._stored_keys.get(table, frozenset())
        if sum(key not in there for key in known.keys) <= max(FEW_BLOCKS, len(known.keys) // 50):
            return
        try:
            is_stored = self._stored.store(table, known.segments)
        except OSError as e:
            _log.warning("rows of %s are not stored for the next start: %s", table, e)
        else:
            if is_stored:
                self._stored_keys[table] = frozenset(known.keys)

    def _brought_up_to_date(self, table: str, segments: Iterable[Segment], blocks: Sequence[RowBlock]) -> _Located:
        wanted = {block.key: block for block in blocks}
        current = [segment for segment in segments if not wanted.keys().isdisjoint(segment.numbers)]
        there = {key for segment in current for key in segment.numbers}
        missing = [block for key, block in wanted.items() if key not in there]
        if missing or not current:
            current.append(self._made_of(table, missing or blocks))
        current = self._merged(current, wanted.keys())
        hidden = (number for segment in current for key, number in segment.numbers.items() if key not in wanted)
        files = RowFiles(tuple(segment.path for segment in current), _BLOCK_COLUMN, tuple(sorted(hidden)))
        return _Located(tuple(block.key for block in blocks), tuple(current), files)

    def _made_of(self, table: str, blocks: Sequence[RowBlock]) -> Segment:
        """Return a segment of exactly these blocks."""
        keys = tuple(block.key for block in blocks)
        known = self._made.get((table, keys))
        if known is not None and self._files.use(known.path):
            return known
        numbers = {key: secrets.randbits(62) for key in keys}  # segments of other processes have others
        parts = [_numbered(self._rows_of(block), numbers[block.key]) for block in blocks]
        segment = Segment(self._files.store(_joined(parts)), numbers)
        self._made[table, keys] = segment
        while len(self._made) > _MOST_READERS:
            self._made.popitem(last=False)
        return segment

    def _rows_of(self, block: RowBlock) -> "pa.Table":
        if self._files.is_stopping():
            message = "The server stops; send the query again in a few seconds."
            raise ServiceBusyError(message)
        return block.rows()

    def _merged(self, segments: list[Segment], wanted: Iterable[str]) -> list[Segment]:
        """Return the segments, the smaller ones of many merged into one without the blocks that are hidden."""
        live = {segment.path: [key for key in segment.numbers if key in wanted] for segment in segments}
        total, shown = (sum(map(len, each)) for each in ([s.numbers for s in segments], live.values()))
        many_hidden = total - shown > max(shown, _FEW_HIDDEN)
        if len(segments) <= _MOST_SEGMENTS and not many_hidden:
            return segments
        chosen: list[Segment] = []
        size = 0
        for segment in sorted(segments, key=lambda segment: len(live[segment.path])):
            if many_hidden or len(segments) - len(chosen) > _KEPT_LARGE or len(live[segment.path]) <= size:
                chosen.append(segment)
                size += len(live[segment.path])
        numbers = {key: segment.numbers[key] for segment in chosen for key in live[segment.path]}
        path = self._files.store(_joined([_shown(segment.path, numbers.values()) for segment in chosen]))
        rest = [segment for segment in segments if segment not in chosen]
        return [*rest, Segment(path, numbers)]


def _numbered(rows: "pa.Table", number: int) -> "pa.Table":
    import pyarrow as pa

    return rows.append_column(_BLOCK_COLUMN, pa.repeat(pa.scalar(number, pa.int64()), rows.num_rows))


def _joined(parts: Sequence["pa.Table"]) -> "pa.Table":
    import pyarrow as pa

    return pa.concat_tables(parts)


def _shown(path: Path, numbers: Iterable[int]) -> "pa.Table":
    """Return the rows of a file that are in some blocks."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    rows = pq.read_table(path, memory_map=True)
    return rows.filter(pc.is_in(rows.column(_BLOCK_COLUMN), pa.array(numbers, pa.int64())))
