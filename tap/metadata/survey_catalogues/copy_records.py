"""Records of the copies of partitions: what is copied of which version, in a file that processes lock."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

__all__ = ["CopyRecord", "Marks", "disk_bytes", "locked_record", "removed_copy"]

#: Time after which an original is asked again whether it is the one that was copied.
_FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Marks:
    """What is copied: the version of the original, when it was last asked for it, and the columns."""

    version: str = ""
    asked: float = 0.0
    columns: frozenset[str] = frozenset()

    def is_fresh(self) -> bool:
        """Tell whether the original need not be asked for its version."""
        return 0 <= time.time() - self.asked < _FRESH_SECONDS


class CopyRecord:
    """The marks of a copy in their file, which is locked."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def read(self) -> Marks:
        """Return the marks; those of no copy, when the process that wrote them was killed or of an earlier release."""
        self._file.seek(0)
        try:
            version, asked, columns = json.loads(self._file.read())
        except ValueError:
            return Marks()
        return Marks(version, asked, frozenset(columns))

    def write(self, marks: Marks) -> None:
        """Store the marks."""
        self._file.truncate(0)
        self._file.write(json.dumps([marks.version, marks.asked, sorted(marks.columns)]))
        self._file.flush()


@contextmanager
def locked_record(marks: Path) -> Iterator[CopyRecord]:
    """Lock the record of a copy among all processes."""
    with _open_locked(marks) as file:
        yield CopyRecord(file)


def _open_locked(marks: Path) -> TextIO:
    """Open and lock the record of a copy; when it is removed while this waits for the lock, there is a new one."""
    while True:
        file = marks.open("a+")
        fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), marks.stat()):
                return file
        file.close()


def disk_bytes(status: os.stat_result) -> int:
    """Return the disk that a sparse file takes."""
    return status.st_blocks * 512  # of any file system: stat(2)


def removed_copy(marks: Path) -> int:
    """Remove a copy that nobody uses, and return the disk that it took; nothing when another process has removed it."""
    copy = marks.with_suffix(".parquet")
    with suppress(FileNotFoundError, BlockingIOError), marks.open("r") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), marks.stat()):  # another copy, which was made since
            return 0
        size = disk_bytes(copy.stat()) if copy.exists() else 0
        copy.unlink(missing_ok=True)
        marks.unlink(missing_ok=True)
        return size
    return 0
