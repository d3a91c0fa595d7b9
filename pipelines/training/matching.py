"""Nearest objects of each redshift, updated batch by batch of an object catalogue.

Memory is bounded by the matched rows: of each batch only objects closer to a redshift than those already known stay.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.crossmatch import SkyPositions, find_pairs

__all__ = ["Matches", "NearestObjects", "ranks_in_runs"]

_Ints = npt.NDArray[np.int64]

#: Rows wait until they are this large, or as large as those that were kept.
_PENDING_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of a redshift and an object, by redshift and then by separation.

    Parameters
    ----------
    redshift, object
        Row numbers, the latter in ``objects``.
    separation
        In arcseconds.
    objects
        The matched objects, each once.
    redshifts_of_object, objects_of_redshift
        How many rows of the other side are within the radius, also those that are not among the nearest.
    """

    redshift: _Ints
    object: _Ints
    separation: npt.NDArray[np.float64]
    objects: pa.Table
    redshifts_of_object: _Ints
    objects_of_redshift: _Ints


class NearestObjects:
    """Collector of up to ``neighbors`` nearest objects per redshift, strictly closer than the radius.

    Of objects at the same separation the one that was added first wins.
    """

    def __init__(
        self, redshifts: SkyPositions, radius_arcsec: float, neighbors: int, *, pending_bytes: int = _PENDING_BYTES
    ) -> None:
        self._redshifts = redshifts
        self._radius = radius_arcsec
        self._neighbors = neighbors
        self._pending_bytes = pending_bytes
        self._limits = np.full(len(redshifts), np.inf)
        self._of_redshift = np.zeros(len(redshifts), dtype=np.int64)
        self._pairs = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        self._counts = [np.empty(0, np.int64)]
        self._objects: list[pa.Table] = []
        self._rows = self._pending = self._kept = 0

    def add(self, batch: pa.RecordBatch, ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> None:
        """Match a batch with its positions in degrees."""
        found = find_pairs(self._redshifts, SkyPositions(ra, dec), self._radius)
        if not len(found):
            return
        self._of_redshift += np.bincount(found.left, minlength=len(self._of_redshift))
        counts = np.bincount(found.right, minlength=batch.num_rows)
        nearer = found.separation < self._limits[found.left]
        rows, places = np.unique(found.right[nearer], return_inverse=True)
        if not len(rows):
            return
        taken = pa.Table.from_batches([batch.take(pa.array(rows))])
        self._pairs.append((found.left[nearer], places + self._rows, found.separation[nearer]))
        self._counts.append(counts[rows].astype(np.int64, copy=False))
        self._objects.append(taken)
        self._rows += len(rows)
        self._pending += taken.nbytes
        if self._pending > max(self._pending_bytes, self._kept):
            self._compact()

    def matches(self, schema: pa.Schema) -> Matches:
        """Return the matches; a schema gives the columns of objects when there are none."""
        self._compact()
        (redshift, objects, separation), counts = self._pairs[0], self._counts[0]
        table = self._objects[0] if self._objects else schema.empty_table()
        return Matches(redshift, objects, separation, table, counts, self._of_redshift)

    def _compact(self) -> None:
        """Drop all but the nearest pairs, and objects without a pair."""
        redshift, objects, separation = (np.concatenate(parts) for parts in zip(*self._pairs, strict=True))
        order = np.lexsort((objects, separation, redshift))
        order = order[ranks_in_runs(redshift[order]) < self._neighbors]
        redshift, objects, separation = redshift[order], objects[order], separation[order]
        last = ranks_in_runs(redshift) == self._neighbors - 1
        self._limits[redshift[last]] = separation[last]
        used, places = np.unique(objects, return_inverse=True)
        self._pairs = [(redshift, places.astype(np.int64, copy=False), separation)]
        self._counts = [np.concatenate(self._counts)[used]]
        if self._objects:
            # Files of one catalogue may differ in the width of a type, and in the order of a category's values.
            joined = pa.concat_tables(self._objects, promote_options="permissive")
            self._objects = [joined.take(pa.array(used)).combine_chunks()]
            self._kept = self._objects[0].nbytes
        self._rows, self._pending = len(used), 0


def ranks_in_runs(values: _Ints) -> _Ints:
    """Count from 0 within each run of equal values."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    lengths = np.diff(starts, append=len(values))
    ranks: _Ints = np.arange(len(values)) - np.repeat(starts, lengths)
    return ranks
