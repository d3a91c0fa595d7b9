"""Stored results of asynchronous queries: of each job the result, the names of its tables, and their checksums."""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from core.errors import NotFoundError, StorageFullError, TooLargeError
from core.files.checksums import file_sha256
from core.files.kept import HeldFiles, KeptFiles

__all__ = ["QUERY_JOB", "RESULT_CHECKSUMS", "ResultFiles", "checksums_of"]

#: Name of the kind of job that runs a query.
QUERY_JOB = "tap"

#: File beside a result with the SHA-256 of each file, in the format of sha256sum.
RESULT_CHECKSUMS = "SHA256SUMS"

_RESULT, _TABLES = "result", "tables.json"
#: In the order in which they are stored: with the last one the result is there.
_NAMES = (_RESULT, RESULT_CHECKSUMS, _TABLES)


class ResultFiles:
    """Store of results.

    Parameters
    ----------
    files
        The place of the files, whose names begin with the ids of the jobs.
    max_bytes
        Maximum size of a result.
    min_free
        Free bytes of the file system below which no result is stored.
    """

    def __init__(self, files: KeptFiles, *, max_bytes: int, min_free: int) -> None:
        self._files = files
        self._max_bytes = max_bytes
        self._min_free = min_free

    def write(
        self,
        job_id: str,
        scratch: Path,
        chunks: Iterable[bytes],
        tables: Iterable[str],
        *,
        quota: int | None = None,
    ) -> int:
        """Store the result of a job, replacing an earlier one, and return its size.

        Parameters
        ----------
        scratch
            A folder on the file system of the data folder, in which the result is written until it is complete.
        quota
            Bytes left of the quota of its owner; None for no limit.

        Raises
        ------
        TooLargeError
            The result is larger than the limit or the quota.
        StorageFullError
            The disk is full.
        """
        if shutil.disk_usage(scratch).free < self._min_free:
            raise StorageFullError("The disk of the server is full. Contact its operator.")
        staging = scratch / "whole"
        staging.mkdir()
        try:
            size, sha256 = self._fill(staging / _RESULT, chunks, quota)
            (staging / _TABLES).write_text(json.dumps(sorted(set(tables))), encoding="utf-8")
            (staging / RESULT_CHECKSUMS).write_text(
                f"{sha256}  {_RESULT}\n{file_sha256(staging / _TABLES)}  {_TABLES}\n", encoding="ascii"
            )
            self.delete(job_id)
            for name in _NAMES:
                (staging / name).chmod(0o444)
                self._files.keep(staging / name, f"{job_id}/{name}")
        except OSError as e:
            raise StorageFullError("The server could not store this result; nothing was stored.") from e
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return size

    def tables(self, job_id: str) -> tuple[str, ...]:
        """Return the names of the tables of the result of a job; raise NotFoundError if there is no result."""
        try:
            names: list[str] = json.loads(b"".join(self._files.read(f"{job_id}/{_TABLES}")))
        except NotFoundError as e:
            raise NotFoundError("The result of this job no longer exists. Run the query again.") from e
        return tuple(names)

    def hold(self, job_id: str) -> HeldFiles:
        """Return the file of the result of a job on this machine."""
        return self._files.hold(f"{job_id}/{_RESULT}")

    def read(self, job_id: str, start: int, end: int) -> Iterator[bytes]:
        """Stream the bytes of a result from ``start`` up to, not including, ``end``."""
        yield from self._files.read(f"{job_id}/{_RESULT}", start, end)

    def delete(self, job_id: str) -> None:
        """Remove the result of a job; nothing happens when there is none."""
        self._files.delete(*(f"{job_id}/{name}" for name in reversed(_NAMES)))

    def checksum(self, name: str) -> str | None:
        """Return the SHA-256 of a file of a result, by its name in the place; None when there is none."""
        job_id, _, file = name.partition("/")
        return dict(checksums_of(self._files, job_id)).get(file)

    def sweep(self, known: Collection[str], *, older_than: float) -> int:
        """Remove files of other jobs that are older than so many seconds; return their number."""
        kept = frozenset(f"{job_id}/{name}" for job_id in known for name in _NAMES)
        return self._files.sweep(kept, older_than=older_than)

    def _fill(self, path: Path, chunks: Iterable[bytes], quota: int | None) -> tuple[int, str]:
        """Write a result; return its size and its SHA-256."""
        size, digest = 0, hashlib.sha256()
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > self._max_bytes:
                    raise TooLargeError(
                        f"The result is larger than the {self._max_bytes / 1e6:g} MB allowed. "
                        "Request fewer rows or columns, or RESPONSEFORMAT=parquet, which is smaller."
                    )
                if quota is not None and size > quota:
                    raise TooLargeError(
                        f"The result is larger than the {quota / 1e6:.4g} MB left of your quota for job results. "
                        "Delete jobs that you no longer need, or request fewer rows or columns."
                    )
                digest.update(chunk)
                file.write(chunk)
        return size, digest.hexdigest()


def checksums_of(files: KeptFiles, job_id: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the SHA-256 of each file of a result, as far as they were stored."""
    with suppress(NotFoundError):
        content = b"".join(files.read(f"{job_id}/{RESULT_CHECKSUMS}"))
        for line in content.decode("ascii", errors="replace").splitlines():
            sha256, _, name = line.partition("  ")
            yield name, sha256
