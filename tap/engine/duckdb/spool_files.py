"""Temporary files of one query's rows, without names, removed as soon as their rows are read."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tap.engine.duckdb.spool_budget import SpoolBudget
from tap.engine.errors import QueryCrashedError

__all__ = ["SpoolFiles", "Stored"]

#: Size at which the next file is begun: disk is released in such steps while a slow reader goes on.
_FILE_BYTES = 64_000_000


@dataclass(slots=True)
class _File:
    file: IO[bytes]
    written: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """Place of one content in a file."""

    file: _File
    offset: int
    length: int


class SpoolFiles:
    """Temporary files in a folder, within a budget; not thread-safe.

    The files have no names, so that nothing is left of them when the server is killed.
    """

    def __init__(self, folder: Path, budget: SpoolBudget) -> None:
        self._folder = folder
        self._budget = budget
        self._open: list[_File] = []
        self._bytes = 0

    def write(self, content: bytearray) -> Stored | None:
        """Write one content, and return its place, or None when the budget or the disk is full."""
        count = len(content)
        if self._bytes + count > self._budget.limits.disk_bytes or not self._budget.take_disk(count):
            return None
        try:
            file = self._last()
            _write(file, content)
        except OSError:  # the disk is full, or the engine is closed: what was written is overwritten
            self._budget.free_disk(count)
            return None
        stored = Stored(file, file.written, count)
        file.written += count
        file.unread += 1
        self._bytes += count
        return stored

    def read(self, stored: Stored) -> bytearray:
        """Return a content, once; a file whose contents are all read is removed.

        Raises
        ------
        QueryCrashedError
            The file cannot be read.
        """
        content = bytearray(stored.length)
        view, filled = memoryview(content), 0
        try:
            while filled < stored.length:
                filled += _read(stored, view[filled:], filled)
        except OSError as e:
            raise QueryCrashedError("Rows that waited on disk cannot be read. Try again later.") from e
        stored.file.unread -= 1
        if not stored.file.unread:
            self._remove(stored.file)
        return content

    def close(self) -> None:
        """Remove all files."""
        for file in list(self._open):
            self._remove(file)

    def _last(self) -> _File:
        if self._open and self._open[-1].written < _FILE_BYTES:
            return self._open[-1]
        if shutil.disk_usage(self._folder).free < self._budget.limits.min_free:
            message = "the file system has too little free space"
            raise OSError(message)
        file = _File(tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115 - closed when it is read
        self._open.append(file)
        return file

    def _remove(self, file: _File) -> None:
        self._open.remove(file)
        file.file.close()
        self._bytes -= file.written
        self._budget.free_disk(file.written)


def _write(file: _File, content: bytearray) -> None:
    view, offset = memoryview(content), file.written
    while view:
        count = os.pwrite(file.file.fileno(), view, offset)
        view, offset = view[count:], offset + count


def _read(stored: Stored, view: memoryview, skipped: int) -> int:
    count = os.preadv(stored.file.file.fileno(), [view], stored.offset + skipped)
    if not count:
        message = "the file is shorter than what was written to it"
        raise OSError(message)
    return count
