"""Kept answers of the queries of plots, so that panels of the same rows are computed once."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

import pyarrow as pa

__all__ = ["AnswerKey", "KeptAnswers"]

#: Name of a table, the files of its rows, and a query. Files never change: with other rows a table has other files.
AnswerKey = tuple[str, tuple[Path, ...], str]
_MOST_BYTES = 64 << 20


class KeptAnswers:
    """Answers by query, of which those that were not used for longest are dropped.

    Whether somebody may read the table is decided before.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[AnswerKey, pa.Table] = OrderedDict()
        self._lock = Lock()

    def get(self, key: AnswerKey) -> pa.Table | None:
        """Return a kept answer, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: AnswerKey, answer: pa.Table) -> None:
        """Keep an answer, if the rows of the table are in files and the answer is small."""
        if not key[1] or answer.nbytes > self._most_bytes // 8:
            return
        with self._lock:
            if key not in self._kept:
                self._kept[key] = answer
                self._bytes += _size(key, answer)
            while self._bytes > self._most_bytes:
                self._bytes -= _size(*self._kept.popitem(last=False))


def _size(key: AnswerKey, answer: pa.Table) -> int:
    return int(answer.nbytes) + len(key[2]) + 1000
