"""Protocol of an object catalogue that is read in parts, by position."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from pipelines.crossmatch.reach import Reach

__all__ = ["NearObjects", "ObjectSource"]


@dataclass(frozen=True, slots=True)
class NearObjects:
    """A batch of objects in reach, and the number of rows scanned for it.

    Parameters
    ----------
    passed
        Rows that were looked at or left out unseen since the last batch.
    batch
        Those of them that are in reach; none when there are none.
    """

    passed: int
    batch: pa.RecordBatch | None


@runtime_checkable
class ObjectSource(Protocol):
    """An object catalogue that can be read once, in parts."""

    @property
    def schema(self) -> pa.Schema:
        """All columns of the catalogue."""

    @property
    def position(self) -> tuple[str, str] | None:
        """The columns of right ascension and declination, if the catalogue declares them."""

    @property
    def rows(self) -> int | None:
        """The number of rows, if it is known in advance."""

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Yield the columns of the rows in reach; every row of the catalogue is counted exactly once."""
