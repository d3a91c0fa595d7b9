"""Rows on disk that are read by ranges of a key: sorted runs, each with its keys beside it.

A run is a file of Arrow record batches in the order of the key, and a file of the keys, which is mapped into memory. A
range is found by bisection of the keys, and only the batches with its rows are read.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["SortedRuns"]

_Keys = npt.NDArray[np.int64]

#: Small enough that the scattered rows of a margin are read without most others.
_ROWS_IN_BATCH = 8192


class SortedRuns:
    """Runs in a folder, to which one process adds; others may read those that are complete.

    Parameters
    ----------
    folder
        Is created when it does not exist.
    schema
        Columns of the rows.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._schema = schema
        self._runs = sorted(folder.glob("*.arrow"))
        self._keys = [_mapped(path) for path in self._runs]

    def add(self, keys: _Keys, table: pa.Table) -> None:
        """Write rows with their keys as one run."""
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        path = self._folder / f"{len(self._runs):06}.arrow"
        np.save(path.with_suffix(".npy"), keys[order])
        rows = table.take(pa.array(order)).combine_chunks()
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self._schema) as writer:
            writer.write_table(rows.select(self._schema.names), max_chunksize=_ROWS_IN_BATCH)
        self._runs.append(path)
        self._keys.append(_mapped(path))

    def count(self, first: int, beyond: int) -> int:
        """Count the rows whose keys are from ``first`` to ``beyond`` (exclusive)."""
        bounds = np.array([first, beyond], dtype=np.int64)
        return int(sum(np.diff(np.searchsorted(keys, bounds))[0] for keys in self._keys))

    def take(self, first: _Keys, beyond: _Keys) -> pa.Table:
        """Return the rows whose keys are in one of several ranges, run by run and in each by key.

        Parameters
        ----------
        first, beyond
            Bounds of the ranges, ascending and without overlaps.
        """
        found = []
        for path, keys in zip(self._runs, self._keys, strict=True):
            rows = _joined(np.searchsorted(keys, first), np.searchsorted(keys, beyond))
            if len(rows):
                found.extend(_read(path, rows))
        return pa.Table.from_batches(found, schema=self._schema)


def _mapped(path: Path) -> _Keys:
    keys: _Keys = np.load(path.with_suffix(".npy"), mmap_mode="r")
    return keys


def _read(path: Path, rows: _Keys) -> list[pa.RecordBatch]:
    numbers = rows // _ROWS_IN_BATCH
    wanted, starts = np.unique(numbers, return_index=True)
    found = []
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_file(file) as reader:
        for number, places in zip(wanted.tolist(), np.split(rows, starts[1:]), strict=True):
            batch = reader.get_batch(number)
            whole = len(places) == batch.num_rows
            found.append(batch if whole else batch.take(pa.array(places - number * _ROWS_IN_BATCH)))
    return found


def _joined(starts: _Keys, ends: _Keys) -> _Keys:
    """List the numbers of several ranges."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    numbers: _Keys = np.arange(lengths.sum(), dtype=np.int64) + np.repeat(starts - before, lengths)
    return numbers
