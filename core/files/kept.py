"""Files that a server writes and keeps under names of its own, such as the rows of tables: `KeptFiles`, and a folder.

A file is written whole, kept, and named by the database only then. It never changes under its name. Who reads one holds
it, so that its local path stays valid.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self
from weakref import finalize

from core.errors import NotFoundError

__all__ = ["HeldFiles", "KeptFiles", "KeptFolder"]

_CHUNK = 1 << 20


class HeldFiles:
    """Local paths that stay valid while this object is referenced, until it is released.

    Parameters
    ----------
    release
        Called once, when the files are no longer held.
    """

    def __init__(self, paths: Iterable[Path], release: Callable[[], object] | None = None) -> None:
        self.paths = tuple(paths)
        self._release = None if release is None else finalize(self, release)

    @property
    def path(self) -> Path:
        """The path of the first file."""
        return self.paths[0]

    def release(self) -> None:
        """Hold the files no longer."""
        if self._release is not None:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class KeptFiles(Protocol):
    """Protocol of places of kept files; thread-safe, and used by several processes at once.

    Attributes
    ----------
    has_copies
        Whether local paths are those of copies, which other machines do not see.
    """

    has_copies: bool

    def new(self, name: str) -> Path:
        """Return the path at which a file is to be written, for `keep`."""

    def keep(self, path: Path, name: str) -> None:
        """Store a complete local file under a name; the file at the path is moved.

        Raises
        ------
        core.errors.ServiceBusyError
            The place does not answer; nothing is stored.
        """

    def hold(self, *names: str) -> HeldFiles:
        """Return local files for reading.

        Raises
        ------
        core.errors.NotFoundError
            A file is missing. A place that is a folder leaves that to whoever opens the file.
        core.errors.DamagedFileError
            The bytes of a file are not those that were stored.
        core.errors.ServiceBusyError, core.errors.StorageFullError
            The place does not answer, or there is no room for a copy.
        """

    def local(self, name: str) -> Path:
        """Return the path that a file has on this machine when it is held; it names the file, and may not exist."""

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``; NotFoundError when the file is missing."""

    def names(self) -> set[str]:
        """Return the names of all files."""

    def changed(self, name: str) -> int | None:
        """Return a number that differs when the bytes of a file were replaced, or None where that cannot be."""

    def delete(self, *names: str) -> None:
        """Delete files, as far as they exist; who holds one can read on."""

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Delete files of unknown names that are older than so many seconds; return their number."""

    def check(self) -> None:
        """Raise ServiceBusyError when the place does not answer."""


class KeptFolder:
    """`KeptFiles` in a folder of this machine, or of a file system that all machines share."""

    has_copies = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> Path:
        """Return the path at which a file is to be written: its own."""
        path = self.local(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, path: Path, name: str) -> None:
        """Move a file to its name."""
        target = self.new(name)
        if path != target:
            path.rename(target)

    def hold(self, *names: str) -> HeldFiles:
        """Return the files."""
        return HeldFiles(map(self.local, names))

    def local(self, name: str) -> Path:
        """Return the path of a file."""
        return self._folder / name

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        try:
            file = self.local(name).open("rb")
        except FileNotFoundError as e:
            message = f"The bytes of {self._folder.name}/{name} are missing. Tell the operator of this server."
            raise NotFoundError(message) from e
        with file:
            file.seek(start)
            left = os.fstat(file.fileno()).st_size - start if end is None else end - start
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def names(self) -> set[str]:
        """Return the names of all files."""
        return {str(path.relative_to(self._folder)) for path in self._files()}

    def changed(self, name: str) -> int | None:
        """Return the time of the last change of a file, in nanoseconds."""
        try:
            return self.local(name).stat().st_mtime_ns
        except OSError as e:
            raise NotFoundError(f"{self._folder.name}/{name} is missing.") from e

    def delete(self, *names: str) -> None:
        """Delete files, and the subfolders that are empty then."""
        for name in names:
            path = self.local(name)
            path.unlink(missing_ok=True)
            if path.parent != self._folder:
                with suppress(OSError):  # not empty, or not there
                    path.parent.rmdir()

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Delete old files of unknown names; return their number."""
        horizon, orphans = time.time() - older_than, []
        for path in self._files():
            name = str(path.relative_to(self._folder))
            with suppress(FileNotFoundError):
                if name not in known and path.stat().st_mtime < horizon:
                    orphans.append(name)
        self.delete(*orphans)
        return len(orphans)

    def check(self) -> None:
        """Do nothing: the check of the file store has written into the data folder."""

    def _files(self) -> list[Path]:
        found = self._folder.rglob("*") if self._folder.is_dir() else iter(())
        return [path for path in found if path.is_file()]
