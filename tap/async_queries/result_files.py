"""Stored results of asynchronous queries: a folder for each job, with the result and the names of its tables."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import NotFoundError, StorageFullError, TooLargeError
from core.files.checksums import file_sha256

__all__ = ["QUERY_JOB", "RESULT_CHECKSUMS", "ResultFiles"]

#: Name of the kind of job that runs a query.
QUERY_JOB = "tap"

#: File beside a result with the SHA-256 of each file, in the format of sha256sum.
RESULT_CHECKSUMS = "SHA256SUMS"

_CHUNK = 1 << 20
_RESULT, _TABLES = "result", "tables.json"


class ResultFiles:
    """Store of results in a folder.

    Parameters
    ----------
    max_bytes
        Maximum size of a result.
    min_free
        Free bytes of the file system below which no result is stored.
    """

    def __init__(self, folder: Path, *, max_bytes: int, min_free: int) -> None:
        self._folder = folder
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
            A folder on the same file system, in which the result is written until it is complete.
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
            for file in staging.iterdir():
                file.chmod(0o444)
            self.delete(job_id)
            self._folder.mkdir(parents=True, exist_ok=True)
            staging.rename(self._folder / job_id)
        except OSError as e:
            raise StorageFullError("The server could not store this result; nothing was stored.") from e
        return size

    def tables(self, job_id: str) -> tuple[str, ...]:
        """Return the names of the tables of the result of a job; raise NotFoundError if there is no result."""
        try:
            names: list[str] = json.loads((self._folder / job_id / _TABLES).read_text(encoding="utf-8"))
        except FileNotFoundError as e:
            raise NotFoundError("The result of this job no longer exists. Run the query again.") from e
        return tuple(names)

    def path(self, job_id: str) -> Path:
        """Return the file of the result of a job."""
        return self._folder / job_id / _RESULT

    def read(self, job_id: str, start: int, end: int) -> Iterator[bytes]:
        """Stream the bytes of a result from ``start`` up to, not including, ``end``."""
        with self.path(job_id).open("rb") as file:
            file.seek(start)
            left = end - start
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def delete(self, job_id: str) -> None:
        """Remove the result of a job; nothing happens when there is none."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

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
