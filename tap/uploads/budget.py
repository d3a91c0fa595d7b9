"""Size limit shared by the uploads of one request."""

from types import TracebackType
from typing import Self

from core.errors import TooLargeError
from core.files import FileStore, Staging, StoredBytes

__all__ = ["UploadBudget"]


class UploadBudget:
    """Limit of bytes shared by several files.

    Parameters
    ----------
    store
        Store of the files.
    """

    def __init__(self, store: FileStore, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._used = 0

    def stage(self) -> Staging:
        """Return the staging of a new file."""
        return _CountedStaging(self._store.stage(limit=self._max_bytes), self)

    def add(self, count: int) -> None:
        """Count bytes.

        Raises
        ------
        TooLargeError
            The total exceeds the limit.
        """
        self._used += count
        if self._used > self._max_bytes:
            raise TooLargeError(
                f"The tables of this request have more than the {self._max_bytes / 1e6:g} MB allowed. "
                "Leave out columns and rows that the query does not need.",
                field="UPLOAD",
            )


class _CountedStaging:
    """Staging whose bytes are counted against a budget."""

    def __init__(self, inner: Staging, budget: UploadBudget) -> None:
        self._inner = inner
        self._budget = budget

    def write(self, chunk: bytes) -> None:
        self._budget.add(len(chunk))
        self._inner.write(chunk)

    def finish(self) -> StoredBytes:
        return self._inner.finish()

    def undo(self) -> None:
        self._inner.undo()

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._inner.__exit__(kind, e, tb)
