"""Local copies of objects, within a budget of disk that all processes of a machine share.

Each copy is fetched once, however many ask for it at the same moment, and renamed to its name when it is complete. Who
reads a copy has it open with a shared lock (flock), which the system ends with the process: a copy that somebody holds
is never removed. Of the others the ones that were used longest ago go first.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from core.errors import ServiceBusyError, StorageFullError
from core.files.listing import listed

__all__ = ["LocalCopies"]

_PART, _NEW = ".part", ".new"

#: Writes a copy to a path, and raises an error when its bytes are not those that it should have.
Fetch = Callable[[Path], None]


class LocalCopies:
    """Folder of copies, in subfolders of their places.

    Parameters
    ----------
    max_bytes
        Disk that the copies may take.
    min_free
        Free bytes of the disk below which nothing is copied.
    """

    def __init__(self, folder: Path, *, max_bytes: int, min_free: int = 0) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._min_free = min_free
        self._lock = Lock()
        self._fetching: dict[Path, Future[None]] = {}
        self._pending = 0

    def path(self, place: str, name: str) -> Path:
        """Return the path of a copy, which may not exist."""
        return self._folder / place / name.replace("/", "~")

    def new(self, place: str, name: str) -> Path:
        """Return the path at which a file is written that is to be stored, and to be its own copy then."""
        path = self.path(place, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(f".{path.name}{_NEW}")

    def adopt(self, path: Path, place: str, name: str) -> None:
        """Move a stored file to the copies, and remove others when the budget is exceeded."""
        target = self.path(place, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o444)
        path.rename(target)
        self._trim(self._max_bytes)

    def opened(self, place: str, name: str, size: Callable[[], int], fetch: Fetch) -> int:
        """Return the open descriptor of a copy, locked against removal; it is fetched if it is not there.

        Parameters
        ----------
        size
            Returns the size of the copy in bytes, before it is fetched.

        Raises
        ------
        ServiceBusyError
            Copies that are in use take the whole budget.
        StorageFullError
            The copy is larger than the budget, or the disk is full.
        """
        path = self.path(place, name)
        while (descriptor := _opened(path)) is None:
            self._fetch_once(path, size, fetch)
        return descriptor

    def remove(self, place: str, name: str) -> None:
        """Remove a copy if it exists; who has it open can read on."""
        self.path(place, name).unlink(missing_ok=True)

    def sweep(self, place: str, known: frozenset[str], *, older_than: float) -> None:
        """Remove copies of other files, and what killed processes left, that nobody has used for so many seconds."""
        horizon = time.time() - older_than
        kept = {self.path(place, name).name for name in known}
        for path, status in listed(self._folder / place):
            if path.name not in kept and max(status.st_atime, status.st_mtime) < horizon:
                _remove_unused(path)

    def _fetch_once(self, path: Path, size: Callable[[], int], fetch: Fetch) -> None:
        """Fetch a copy, or wait for the thread of this process that fetches it, and raise its error."""
        with self._lock:
            running = self._fetching.get(path)
            if running is None:
                own = self._fetching[path] = Future[None]()
        if running is not None:
            running.result()
            return
        try:
            self._fetch(path, size, fetch)
        except BaseException as e:
            own.set_exception(e)
            raise
        else:
            own.set_result(None)
        finally:
            with self._lock:
                del self._fetching[path]

    def _fetch(self, path: Path, size: Callable[[], int], fetch: Fetch) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}{_PART}")
        with _locked(part):  # other processes wait here
            if path.exists():
                part.unlink(missing_ok=True)
                return
            try:
                with self._reserved(size()):
                    fetch(part)
                    with part.open("rb") as file:
                        os.fsync(file.fileno())
                    part.chmod(0o444)
                    part.rename(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise

    @contextmanager
    def _reserved(self, size: int) -> Iterator[None]:
        """Make room for a copy."""
        if size > self._max_bytes:
            raise StorageFullError(
                f"These rows take {size} bytes, and the copies of this server at most {self._max_bytes}. "
                "Ask its operator to raise PHOTOZ_ROW_CACHE_BYTES."
            )
        with self._lock:
            self._pending += size
            pending = self._pending
        try:
            if self._trim(self._max_bytes - pending) > self._max_bytes - pending:
                raise ServiceBusyError(
                    f"The copies of rows on this server may take {self._max_bytes} bytes, which running queries use. "
                    "Try again in a minute."
                )
            if shutil.disk_usage(self._folder).free < size + self._min_free:
                raise StorageFullError("The disk of the server is full. Contact its operator.")
            yield
        finally:
            with self._lock:
                self._pending -= size

    def _trim(self, most: int) -> int:
        """Remove the copies that were used longest ago until all take at most so many bytes; return what they take."""
        copies = [
            (status.st_atime_ns, status.st_size, path)
            for path, status in listed(self._folder, "*/*")
            if not path.name.endswith((_PART, _NEW))
        ]
        used = sum(size for _, size, _ in copies)
        for _, size, path in sorted(copies):
            if used <= most:
                break
            if _remove_unused(path):
                used -= size
        return used


def _opened(path: Path) -> int | None:
    """Open and lock a copy, and note that it is used; None when it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        status = os.fstat(descriptor)
        if status.st_nlink:
            # The time of the last change stays, by which the engine knows that a file is the same.
            os.utime(descriptor, ns=(time.time_ns(), status.st_mtime_ns))
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)  # it was removed while this waited for the lock
    return None


def _remove_unused(path: Path) -> bool:
    """Remove a file that nobody holds, and return whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):  # not another one since
                path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


@contextmanager
def _locked(part: Path) -> Iterator[None]:
    """Make a file and lock it among all processes; when it is gone after the wait for the lock, make a new one."""
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(descriptor, part):
                yield
                return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
