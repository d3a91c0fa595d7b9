"""`KeptFiles` in an object store, with copies of those that are read on the disk of this machine.

The objects are what counts: a file is stored before the database names it, and a copy can be lost at any time.
"""

import logging
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from core.database import utc_now
from core.errors import DamagedFileError, NotFoundError
from core.files.checksums import file_sha256
from core.files.copies import LocalCopies
from core.files.kept import HeldFiles
from core.files.objects import ObjectPrefix

__all__ = ["KeptObjects"]

_ATTEMPTS = 2

_log = logging.getLogger(__name__)


class KeptObjects:
    """Kept files that are objects below a prefix.

    Parameters
    ----------
    objects
        The objects, by the names of the files.
    copies
        The copies on this machine, of all places together.
    place
        Name of the place among these.
    checksum
        Returns the SHA-256 that a file should have, in hexadecimal, or None when that is not known; it is asked when a
        copy has been fetched.
    """

    has_copies = True

    def __init__(
        self,
        objects: ObjectPrefix,
        copies: LocalCopies,
        place: str,
        checksum: Callable[[str], str | None] = lambda _name: None,
    ) -> None:
        self._objects = objects
        self._copies = copies
        self._place = place
        self._checksum = checksum

    def new(self, name: str) -> Path:
        """Return the path at which a file is to be written, beside the copies."""
        return self._copies.new(self._place, name)

    def keep(self, path: Path, name: str) -> None:
        """Store a file as an object; the local file becomes its copy."""
        self._objects.put(path, name)
        self._copies.adopt(path, self._place, name)

    def hold(self, *names: str) -> HeldFiles:
        """Return copies of files, which are not removed while they are held."""
        descriptors: list[int] = []
        try:
            descriptors.extend(map(self._opened, names))
        except BaseException:
            _close(descriptors)
            raise
        return HeldFiles(map(self.local, names), lambda: _close(descriptors))

    def local(self, name: str) -> Path:
        """Return the path of the copy of a file."""
        return self._copies.path(self._place, name)

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes of an object from ``start`` up to, not including, ``end``."""
        yield from self._objects.read(name, start, end)

    def names(self) -> set[str]:
        """Return the names of all objects."""
        return set(self._objects.changes())

    def changed(self, _name: str) -> int | None:
        """Return None: objects never change under their names."""
        return None

    def delete(self, *names: str) -> None:
        """Delete objects and their copies."""
        for name in names:
            self._copies.remove(self._place, name)
            self.new(name).unlink(missing_ok=True)
            self._objects.delete(name)

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Delete old objects of unknown names, and their copies; return the number of objects."""
        horizon = utc_now() - timedelta(seconds=older_than)
        orphans = [name for name, at in self._objects.changes().items() if name not in known and at < horizon]
        self.delete(*orphans)
        self._copies.sweep(self._place, known, older_than=older_than)
        return len(orphans)

    def check(self) -> None:
        """Raise ServiceBusyError when the object store does not answer."""
        self._objects.check()

    def _opened(self, name: str) -> int:
        return self._copies.opened(self._place, name, lambda: self._size(name), lambda path: self._fetch(name, path))

    def _size(self, name: str) -> int:
        try:
            return self._objects.size(name)
        except NotFoundError as e:
            message = f"The file {self._place}/{name} is missing, or was replaced in this moment. Try again."
            raise NotFoundError(message) from e

    def _fetch(self, name: str, path: Path) -> None:
        """Copy an object, and compare it with the checksum of its file; a broken transfer is repeated once."""
        for _ in range(_ATTEMPTS):
            self._objects.get(name, path)
            expected = self._checksum(name)
            if expected in {None, file_sha256(path)}:
                return
            _log.error("an object is not what was stored", extra={"place": self._place, "file": name})
        raise DamagedFileError(
            f"The file {self._place}/{name} is damaged in the file store. Tell the operator of this server."
        )


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())
