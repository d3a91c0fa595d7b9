"""Local copies of the partitions of remote catalogues: of each file the bytes of the columns that queries read.

The engine has no access to the network. A copy is a sparse file of the size of the original with the same bytes in the
same places, but for columns that no query has read so far, which take no disk. What lies between the columns (page
indexes, Bloom filters, the footer) is always there. All bytes of a copy are of one version of the original: it is asked
for its version before columns are added, and now and then; when it is another one, a new copy takes the place.
"""

import hashlib
import logging
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ServiceBusyError, UnreadableFileError
from core.files.column_chunks import column_chunks
from core.files.listing import listed
from tap.metadata.survey_catalogues.copy_records import Marks, disk_bytes, locked_record, removed_copy
from tap.metadata.survey_catalogues.footers import footer_file
from tap.metadata.survey_catalogues.places import CatalogueFolder

__all__ = ["PartitionCopies"]

_log = logging.getLogger(__name__)

_AT_ONCE = 4
_THREADS = 8
_BUSY_SECONDS = 60.0
#: A copy that a query may still read is not removed: queries are started some time after their files were copied.
_IN_USE_SECONDS = 3600.0
_PAGE = 4096

_Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Footer:
    """Footer of a Parquet file: the size of the file, and where the chunks of each column are."""

    size: int
    chunks: dict[str, _Spans]


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Bytes of a file of some size, with their places in it."""

    size: int
    starts: list[int]
    contents: list[bytes]


class PartitionCopies:
    """Copies of partitions in a folder, within a budget of disk.

    Parameters
    ----------
    folder
        Folder of the copies.
    max_bytes
        Disk that they may take.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._slots = BoundedSemaphore(_AT_ONCE)
        self._counting = Lock()
        self._used = 0

    def paths(self, root: CatalogueFolder, names: Sequence[str], columns: Collection[str]) -> tuple[Path, ...]:
        """Return the copies of files, with the bytes of some columns.

        Raises
        ------
        ServiceBusyError
            Too many files are copied at the moment, the disk for copies is full, the place does not respond, or a file
            is replaced while it is copied.
        UnreadableFileError
            A file is no Parquet file, or another one than when the catalogue was registered.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._slots.acquire(timeout=_BUSY_SECONDS):
            raise ServiceBusyError("Other partitions of remote catalogues are being copied. Try again in a minute.")
        try:
            self._used = self.used_bytes()
            with ThreadPoolExecutor(_THREADS, "partition-copies") as pool:
                found = tuple(pool.map(lambda name: self._path(root, name, columns), names))
        except OSError as e:
            raise ServiceBusyError("The place of the survey catalogue does not respond. Try again in a minute.") from e
        finally:
            self._slots.release()
        return found

    def used_bytes(self) -> int:
        """Return the disk that the copies take."""
        return sum(disk_bytes(status) for _, status in listed(self._folder, "*.parquet"))

    def sweep(self, needed: int = 0) -> int:
        """Remove the copies that were not read for longest, until the budget has free bytes; return how many.

        Parameters
        ----------
        needed
            The free bytes.
        """
        horizon = time.time() - _IN_USE_SECONDS
        for staged, status in listed(self._folder, "*.part"):
            if status.st_mtime < horizon:
                staged.unlink(missing_ok=True)
        used, removed = self.used_bytes(), 0
        found = [(status.st_mtime, path) for path, status in listed(self._folder, "*.columns")]
        for changed, marks in sorted(found):
            if used + needed <= self._max_bytes or changed > horizon:
                break
            freed = removed_copy(marks)
            used -= freed
            removed += freed > 0
        return removed

    def _path(self, root: CatalogueFolder, name: str, columns: Collection[str]) -> Path:
        key = hashlib.sha256(root.address(name).encode()).hexdigest()[:40]
        copy, marks = self._folder / f"{key}.parquet", self._folder / f"{key}.columns"
        with locked_record(marks) as record:
            known = record.read() if copy.exists() else Marks()
            if not known.is_fresh() or not known.columns.issuperset(columns):
                version, asked = self._version(root, name, known, columns), time.time()
                copied = known.columns if known.version == version else None
                wanted = known.columns.union(columns)  # queries that will read the copy may need what it had
                if copied != wanted:
                    fetched = self._fetched(root, name, copied, wanted)
                    if root.version(name) != version:
                        raise ServiceBusyError(f"The partition {name[:200]} is being replaced. Try again in a minute.")
                    record.write(Marks())  # so that nobody trusts the copy if this is killed
                    _store(fetched, copy, is_new=copied is None)
                known = Marks(version, asked, wanted)
            record.write(known)  # also a sign of use: copies that were not read for longest go first
        return copy

    def _version(self, root: CatalogueFolder, name: str, known: Marks, columns: Collection[str]) -> str:
        """Return the version of a file; that of its copy, which can serve, while its place does not respond."""
        try:
            return root.version(name)
        except OSError:
            if not known.version or not known.columns.issuperset(columns):
                raise
            _log.warning("%s does not respond: copies serve queries", root.address(name), exc_info=True)
            return known.version

    def _fetched(
        self, root: CatalogueFolder, name: str, copied: frozenset[str] | None, wanted: frozenset[str]
    ) -> _Fetched:
        """Fetch the bytes of columns that are not copied, with what belongs to none when there is no copy."""
        footer = _read_footer(root, name, self._folder)
        spans = _outside(footer) if copied is None else []
        spans += [span for column in wanted - (copied or set()) for span in footer.chunks.get(column, ())]
        merged = _merged(spans)
        self._reserve(sum((end // _PAGE - start // _PAGE + 1) * _PAGE for start, end in merged))
        return _Fetched(footer.size, [start for start, _ in merged], root.ranges(name, merged))

    def _reserve(self, size: int) -> None:
        with self._counting:
            if self._used + size > self._max_bytes:
                self.sweep(size)
                self._used = self.used_bytes()
            if self._used + size > self._max_bytes:
                raise ServiceBusyError(
                    f"The copies of remote catalogues may take {self._max_bytes} bytes, which are used by the queries "
                    "of the last hour. Try again later, or read a smaller region or fewer columns."
                )
            self._used += size


def _store(fetched: _Fetched, copy: Path, *, is_new: bool) -> None:
    """Write bytes into a copy, or a new copy in its place."""
    written = copy.with_suffix(".part") if is_new else copy
    with written.open("wb" if is_new else "r+b") as target:
        target.truncate(fetched.size)
        for start, content in zip(fetched.starts, fetched.contents, strict=True):
            target.seek(start)
            target.write(content)
    written.rename(copy)


def _read_footer(root: CatalogueFolder, name: str, folder: Path) -> _Footer:
    try:
        with footer_file(root, name, folder) as (path, size):
            schema = pq.read_metadata(path).schema
            found = list(column_chunks(path))
    except (pa.ArrowException, OSError) as e:
        raise UnreadableFileError(f"The partition {name[:200]} cannot be read. Refresh the catalogue.") from e
    chunks: dict[str, _Spans] = {}
    for chunk in found:
        first = min(filter(None, (chunk.dictionary_offset, chunk.data_offset)))
        column = schema.column(chunk.column).path.split(".")[0]
        chunks.setdefault(column, []).append((first, first + chunk.compressed_bytes))
    return _Footer(size, chunks)


def _outside(footer: _Footer) -> _Spans:
    """Return the spans of a file that belong to no column."""
    spans, start = [], 0
    for first, end in sorted(span for found in footer.chunks.values() for span in found):
        if first > start:
            spans.append((start, first))
        start = max(start, end)
    return [*spans, (start, footer.size)]


def _merged(spans: _Spans) -> _Spans:
    merged: _Spans = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
