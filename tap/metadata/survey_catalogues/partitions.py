"""List of the partitions of a survey catalogue, which is kept as a file and never made for a query.

The list is a table of Arrow in the order of the sky: path of the file below the folder of the partitions, first and
last cell of order 29, rows (null where they are not known) and bytes. A process maps the file into its memory once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["LISTING", "PartitionList", "open_partitions", "write_partitions"]

#: Schema of the list.
LISTING = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("first", pa.int64(), nullable=False),
        pa.field("last", pa.int64(), nullable=False),
        pa.field("rows", pa.int64()),
        pa.field("bytes", pa.int64(), nullable=False),
    ]
)

_TYPES = b"types"
_KEPT = 32

Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class PartitionList:
    """The partitions of a catalogue.

    Parameters
    ----------
    first, last
        First and last cell of each partition, shape (n,); the first ones ascend.
    reach
        Highest last cell of each partition and those before it, shape (n,).
    rows
        Rows of each, or -1, shape (n,).
    bytes
        Size of the file of each, shape (n,).
    types
        Schema of the files.
    """

    paths: pa.ChunkedArray
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    reach: NDArray[np.int64]
    rows: NDArray[np.int64]
    bytes: NDArray[np.int64]
    types: pa.Schema

    def __len__(self) -> int:
        return len(self.first)

    def overlapping(self, ranges: Ranges | None) -> NDArray[np.int64]:
        """Return the places in the list of the partitions that have cells of some ranges, in order.

        Parameters
        ----------
        ranges
            First and last cell of each, in ascending order without overlaps; None for the whole sky.
        """
        if ranges is None:
            return np.arange(len(self))
        if not len(ranges):
            return np.empty(0, np.int64)
        low, high = np.array(ranges, dtype=np.int64).T
        # By bisection, so that a small region costs the same in a list of any length.
        starts = np.searchsorted(self.reach, low)
        counts = np.maximum(np.searchsorted(self.first, high, side="right") - starts, 0)
        if counts.sum() > len(self):
            return self._compared(low, high)
        places = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        return np.unique(places[self.last[places] >= np.repeat(low, counts)])

    def _compared(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        # The first range that does not end before the partition is the only one to begin in or before it.
        nearest = np.searchsorted(high, self.first)
        met = (nearest < len(high)) & (low[np.minimum(nearest, len(low) - 1)] <= self.last)
        return np.flatnonzero(met)

    def names(self, places: NDArray[np.int64]) -> list[str]:
        """Return the paths of partitions."""
        return [str(path) for path in self.paths.take(pa.array(places)).to_pylist()]


def write_partitions(path: Path, partitions: pa.Table, types: pa.Schema) -> None:
    """Write a list, in the order of the sky, with the schema of the files."""
    ordered = partitions.sort_by([("first", "ascending"), ("path", "ascending")])
    metadata: Mapping[bytes, bytes] = {_TYPES: types.serialize().to_pybytes()}
    ordered = ordered.replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f"{path.name}.part")
    with pa.OSFile(str(staged), "wb") as target, pa.ipc.new_file(target, ordered.schema) as writer:
        writer.write_table(ordered)
    staged.rename(path)


@lru_cache(maxsize=_KEPT)
def open_partitions(path: Path) -> PartitionList:
    """Return the list in a file; files of lists never change."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    last = table["last"].to_numpy()
    return PartitionList(
        paths=table["path"],
        first=table["first"].to_numpy(),
        last=last,
        reach=np.maximum.accumulate(last),
        rows=table["rows"].fill_null(-1).to_numpy(),
        bytes=table["bytes"].to_numpy(),
        types=pa.ipc.read_schema(pa.py_buffer(table.schema.metadata[_TYPES])),
    )
