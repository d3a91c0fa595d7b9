"""Parquet files of the rows of TAP_SCHEMA and ``photoz``, each made once for what its rows are made from."""

import contextlib
import hashlib
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING

from core.processes import ProcessIdentity
from tap.metadata.stored_segments import StoredSegments, linked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MetadataFiles"]

_PREFIX = "metadata."

#: Time for which a file is kept after its last use: longer than a query that reads it.
_KEPT_SECONDS = 2 * 3600.0

#: Rows that are read, or skipped, together: a query of one table of thousands reads few of the columns of all.
_ROW_GROUP = 16384


class MetadataFiles:
    """Files of rows in a private folder of this process, found by a key.

    A key names the products and their versions that the rows describe, and so who may read them: whoever may read the
    same products gets the same file. A file never changes, and the engine keeps an instance for a set of files.

    Parameters
    ----------
    folder
        Folder in which the private folder is made when the first file is; it is created if it does not exist.
    stored
        Where the rows that everybody may read outlive this process.
    """

    def __init__(self, folder: Path, stored: StoredSegments | None = None) -> None:
        self.stored = stored
        #: Returns whether the process ends: then no more rows are made.
        self.is_stopping: Callable[[], bool] = lambda: False
        self._parent = folder
        self._folder: Path | None = None
        self._used: dict[Path, float] = {}
        self._lock = Lock()

    def file(self, table: str, key: str, rows: Callable[[], "pa.Table"]) -> Path:
        """Return the file of a table for a key, which is written when it is first used.

        Parameters
        ----------
        table
            Full name of the metadata table.
        rows
            Returns the rows, the same ones for each key.
        """
        with self._lock:  # others wait: they would make the same rows of the same interpreter's time
            path = self._private() / f"{hashlib.sha256(f'{table} {key}'.encode()).hexdigest()}.parquet"
            if path not in self._used or not path.exists():  # whoever cleans the folder removes no answers
                path.parent.mkdir(exist_ok=True)
                self._remove_unused()
                _write(path, rows())
            self._used[path] = time.monotonic()
            return path

    def store(self, rows: "pa.Table") -> Path:
        """Write rows to a new file."""
        return self._new(lambda path: _write(path, rows))

    def adopt(self, file: Path) -> Path:
        """Return a new name of a file, which never changes and which others may remove.

        Raises
        ------
        OSError
            The file is not there any more, or cannot be copied.
        """
        return self._new(lambda path: linked(file, path))

    def use(self, *paths: Path) -> bool:
        """Return whether files are still there, which are then kept for another while."""
        with self._lock:
            if not all(path in self._used and path.exists() for path in paths):
                return False
            self._used.update(dict.fromkeys(paths, time.monotonic()))
            return True

    def close(self) -> None:
        """Remove all files."""
        with self._lock:
            self._used.clear()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def _new(self, make: Callable[[Path], None]) -> Path:
        with self._lock:
            path = self._private() / f"{secrets.token_hex(16)}.parquet"
            path.parent.mkdir(exist_ok=True)
            self._remove_unused()
            make(path)
            self._used[path] = time.monotonic()
            return path

    def _private(self) -> Path:
        if self._folder is None:
            self._parent.mkdir(parents=True, exist_ok=True)
            _remove_stale_folders(self._parent)
            name = f"{_PREFIX}{ProcessIdentity.current()}."
            self._folder = Path(mkdtemp(prefix=name, dir=self._parent)).resolve()
        return self._folder

    def _remove_unused(self) -> None:
        oldest = time.monotonic() - _KEPT_SECONDS
        for path in [path for path, used in self._used.items() if used < oldest]:
            del self._used[path]
            path.unlink(missing_ok=True)


def _write(path: Path, rows: "pa.Table") -> None:
    # Imported when the first file is written: most processes have no queries.
    import pyarrow.parquet as pq

    staged = path.with_suffix(".part")
    pq.write_table(rows, staged, compression="zstd", row_group_size=_ROW_GROUP)
    staged.replace(path)


def _remove_stale_folders(parent: Path) -> None:
    """Remove the folders of processes that ended without closing."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(ValueError):
            owner = ProcessIdentity.parse(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
            if owner.alive is False:
                shutil.rmtree(folder, ignore_errors=True)
