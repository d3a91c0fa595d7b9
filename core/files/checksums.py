"""MD5 and SHA-256 of a stream of bytes."""

import hashlib
from concurrent.futures import Executor, Future
from pathlib import Path

__all__ = ["Checksums", "file_sha256"]

_LARGE = 1 << 18


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Checksums:
    """Incremental MD5 and SHA-256.

    MD5 is what VOSpace's Digest speaks, and the slower one; integrity rests on the SHA-256.

    Parameters
    ----------
    helpers
        Computes the MD5 of large blocks, while the caller goes on to hash, write and fetch; hashlib frees the
        interpreter.
    """

    def __init__(self, helpers: Executor) -> None:
        self._helpers = helpers
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._pending: Future[None] | None = None

    def update(self, chunk: bytes) -> None:
        """Add bytes."""
        self._settle()
        if len(chunk) < _LARGE:
            self._md5.update(chunk)
        else:
            self._pending = self._helpers.submit(self._md5.update, chunk)
        self._sha256.update(chunk)

    def copy(self) -> "Checksums":
        """Return checksums of the same bytes, to which others can be added."""
        self._settle()
        other = Checksums(self._helpers)
        other._md5, other._sha256 = self._md5.copy(), self._sha256.copy()
        return other

    def hexdigests(self) -> tuple[str, str]:
        """Return MD5 and SHA-256 of the bytes so far, in hexadecimal."""
        self._settle()
        return self._md5.hexdigest(), self._sha256.hexdigest()

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None
