"""Nearest objects of each redshift, updated batch by batch of an object catalogue.

Memory is bounded by the matched rows: of each batch only objects closer to a redshift than those already known stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.crossmatch import SkyPositions, find_pairs

__all__ = ["Matches", "NearestObjects", "ranks_in_runs", "row_ranks"]

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

    Of objects at the same separation the one with the smaller right ascension wins, then the one with the smaller
    declination, then the one with the smaller identifier, so that the order of the objects does not matter.

    Parameters
    ----------
    position
        Columns of right ascension and declination of the objects.
    identifier
        Column of their identifiers, if they have one; else of objects at one place the one that was added first wins.
    """

    def __init__(
        self,
        redshifts: SkyPositions,
        radius_arcsec: float,
        neighbors: int,
        *,
        position: tuple[str, str] = ("ra", "dec"),
        identifier: str | None = None,
        pending_bytes: int = _PENDING_BYTES,
    ) -> None:
        self._order_columns = (*position, *(() if identifier is None else (identifier,)))
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
        nearer = found.separation <= self._limits[found.left]
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
        # Files of one catalogue may differ in the width of a type, and in the order of a category's values.
        joined = pa.concat_tables(self._objects, promote_options="permissive") if self._objects else None
        places = objects if joined is None else row_ranks([joined[name] for name in self._order_columns])[objects]
        order = np.lexsort((places, separation, redshift))
        order = order[ranks_in_runs(redshift[order]) < self._neighbors]
        redshift, objects, separation = redshift[order], objects[order], separation[order]
        last = ranks_in_runs(redshift) == self._neighbors - 1
        self._limits[redshift[last]] = separation[last]
        used, places = np.unique(objects, return_inverse=True)
        self._pairs = [(redshift, places.astype(np.int64, copy=False), separation)]
        self._counts = [np.concatenate(self._counts)[used]]
        if joined is not None:
            self._objects = [joined.take(pa.array(used)).combine_chunks()]
            self._kept = self._objects[0].nbytes
        self._rows, self._pending = len(used), 0


def row_ranks(columns: Sequence[pa.ChunkedArray]) -> _Ints:
    """Rank the rows of a table by some columns, the first of which counts most; equal rows in their order.

    Missing values come last, and columns that cannot be ordered, such as lists, do not count.
    """
    keys = [_ordinals(column) for column in columns if not pa.types.is_nested(column.type)]
    if not keys:
        raise ValueError("rows are ranked by at least one column")
    ranks = np.empty(len(keys[0]), dtype=np.int64)
    ranks[np.lexsort(keys[::-1])] = np.arange(len(ranks))
    return ranks


def ranks_in_runs(values: _Ints) -> _Ints:
    """Count from 0 within each run of equal values."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    lengths = np.diff(starts, append=len(values))
    ranks: _Ints = np.arange(len(values)) - np.repeat(starts, lengths)
    return ranks


def _ordinals(column: pa.ChunkedArray) -> npt.NDArray[np.generic]:
    kind = column.type
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and not column.null_count):
        values: npt.NDArray[np.generic] = column.to_numpy()
        return values
    decoded = column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column
    ranked: npt.NDArray[np.generic] = pc.rank(decoded, tiebreaker="dense").to_numpy()
    return ranked
