"""The results of asynchronous queries: one folder a job, with the result and the names of the tables it came from."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import NotFoundError, StorageFullError, TooLargeError

__all__ = ["QUERY_JOB", "ResultFiles"]

#: Name of the kind of job that runs a query.
QUERY_JOB = "tap"

_CHUNK = 1 << 20
_RESULT, _TABLES = "result", "tables.json"


class ResultFiles:
    """A folder of results.

    Parameters
    ----------
    max_bytes
        Largest result.
    min_free
        Free bytes of the file system below which no result is written.
    """

    def __init__(self, folder: Path, *, max_bytes: int, min_free: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._min_free = min_free

    def write(
        self, job_id: str, scratch: Path, chunks: Iterable[bytes], tables: Iterable[str], *, room: int | None = None
    ) -> int:
        """Write the result of a job, in the place of an earlier one, and give its size.

        Parameters
        ----------
        scratch
            A folder on the same file system, in which the result grows until it is whole.
        room
            Bytes that the results of its owner may still take; none for no limit.

        Raises
        ------
        TooLargeError
            The result is larger than results may be, or than there is room for it.
        StorageFullError
            There is no room for it.
        """
        if shutil.disk_usage(scratch).free < self._min_free:
            raise StorageFullError("The server has no room left for results. Tell its operator.")
        growing = scratch / "whole"
        growing.mkdir()
        try:
            size = self._fill(growing / _RESULT, chunks, room)
            (growing / _TABLES).write_text(json.dumps(sorted(set(tables))), encoding="utf-8")
            for file in growing.iterdir():
                file.chmod(0o444)
            self.delete(job_id)
            self._folder.mkdir(parents=True, exist_ok=True)
            growing.rename(self._folder / job_id)
        except OSError as e:
            raise StorageFullError("The server could not store this result; nothing was kept.") from e
        return size

    def tables(self, job_id: str) -> tuple[str, ...]:
        """Return the names of the tables that the result of a job came from; NotFoundError when there is no result."""
        try:
            names: list[str] = json.loads((self._folder / job_id / _TABLES).read_text(encoding="utf-8"))
        except FileNotFoundError as e:
            raise NotFoundError("The result of this job is not there any more. Run the query again.") from e
        return tuple(names)

    def read(self, job_id: str, start: int, end: int) -> Iterator[bytes]:
        """Stream the bytes of a result from ``start`` up to, not including, ``end``."""
        with (self._folder / job_id / _RESULT).open("rb") as file:
            file.seek(start)
            left = end - start
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def delete(self, job_id: str) -> None:
        """Remove the result of a job; nothing happens when there is none."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def _fill(self, path: Path, chunks: Iterable[bytes], room: int | None) -> int:
        size = 0
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > self._max_bytes:
                    raise TooLargeError(
                        f"The result is larger than the {self._max_bytes / 1e6:g} MB that a result may have. "
                        "Ask for fewer rows or columns, or for RESPONSEFORMAT=parquet, which is smaller."
                    )
                if room is not None and size > room:
                    raise TooLargeError(
                        f"The result has no room: {room / 1e6:.4g} MB are left beside the results of your other jobs. "
                        "Delete jobs that you no longer need, or ask for fewer rows or columns."
                    )
                file.write(chunk)
        return size
