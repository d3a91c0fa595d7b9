"""Protocol of an object catalogue that is read a part at a time, by position."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from pipelines.crossmatch.reach import Reach

__all__ = ["NearObjects", "ObjectSource"]


@dataclass(frozen=True, slots=True)
class NearObjects:
    """Objects in reach, and how many rows of the catalogue were passed to find them.

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
    """An object catalogue that can be read once, a part at a time."""

    @property
    def schema(self) -> pa.Schema:
        """All columns that the catalogue offers."""

    @property
    def position(self) -> tuple[str, str] | None:
        """The columns of right ascension and declination, where the catalogue says them."""

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known beforehand."""

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Read the columns of the rows in reach; every row of the catalogue is passed exactly once."""
