"""Pairs of positions closer than a radius, by a sweep over unit vectors or by k-d trees.

Two positions match when the chord between them is strictly shorter than the chord of the radius. Every pair is found:
there is no cap on neighbours, and partitions of the sky have margins, so that no pair is lost at their edges.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InvalidValueError, TooLargeError
from pipelines.crossmatch.partitions import DividedSky, Partition
from pipelines.crossmatch.positions import SkyPositions
from pipelines.crossmatch.reach import finest_order
from pipelines.crossmatch.sweep import swept_candidates

__all__ = ["Pairs", "find_pairs", "find_pairs_within", "pairs_among"]

_Vectors = npt.NDArray[np.float64]
_Places = npt.NDArray[np.int64]

#: More pairs than this (5 GB of them) mean that the positions are placeholders or the radius is far too large.
_MOST_PAIRS = 200_000_000
_ROWS_IN_PARTITION = 262_144
#: Each takes up to 50 MB for its partition.
_MOST_THREADS = 4
#: So many partitions are swept in one piece, when that is quick: to divide the sky takes longer.
_PARTITIONS_AT_ONCE = 8
#: A tree is quicker than a sweep that meets more neighbours of a row than this.
_MOST_NEIGHBOURS = 8
#: Candidates may lie this much beyond the radius; rounding is far smaller.
_SLACK = 1 + 1e-6


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, sorted by the left row and then by the right one.

    Parameters
    ----------
    left, right
        Row numbers from 0.
    separation
        Great-circle distance in arcseconds.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    separation: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)


def find_pairs(left: SkyPositions, right: SkyPositions, radius_arcsec: float) -> Pairs:
    """Find all pairs of a row of ``left`` and a row of ``right`` closer than the radius.

    Raises
    ------
    InvalidValueError
        When the radius is not above 0 and at most 180 degrees.
    TooLargeError
        When there are more pairs than could be held in memory.
    """
    chord = _chord_of(radius_arcsec)
    if not len(left.rows) or not len(right.rows):
        return _no_pairs()
    _refuse_too_many(left.tree.count_neighbors(right.tree, chord), radius_arcsec)
    # The trees return pairs at exactly the radius too; the strict comparison is ours.
    found = left.tree.sparse_distance_matrix(right.tree, chord, output_type="ndarray")
    found = found[found["v"] < chord]
    return _sorted_pairs(left.rows[found["i"]], right.rows[found["j"]], found["v"])


def find_pairs_within(
    positions: SkyPositions, radius_arcsec: float, *, rows_in_partition: int = _ROWS_IN_PARTITION
) -> Pairs:
    """Find all pairs of rows of one table closer than the radius, each once, with left < right.

    Parameters
    ----------
    rows_in_partition
        Larger tables are worked through in partitions of the sky of about so many rows, several at a time; the result
        is the same. Beside positions and pairs, that takes 16 bytes a row.

    Raises
    ------
    InvalidValueError, TooLargeError
        As `find_pairs` does.
    """
    chord = _chord_of(radius_arcsec)
    if not len(positions.rows):
        return _no_pairs()
    vectors, rows = positions.vectors, len(positions.rows)
    candidates = None
    if rows <= _PARTITIONS_AT_ONCE * rows_in_partition:
        candidates = swept_candidates(vectors, chord * _SLACK, _MOST_NEIGHBOURS * rows)
    if candidates is not None:
        found = _near(vectors, candidates, chord)
    elif rows <= rows_in_partition or finest_order(radius_arcsec) < 0:
        found = _near(vectors, _tree_candidates(vectors, chord, radius_arcsec), chord)
    else:
        found = _found_in_partitions(vectors, chord, radius_arcsec, rows_in_partition)
    return _pairs_of(positions, *found)


def pairs_among(positions: SkyPositions, candidates: npt.NDArray[np.int64], radius_arcsec: float) -> Pairs:
    """Return the candidate pairs that are closer than the radius.

    Parameters
    ----------
    candidates
        Pairs of places among the rows that have a position, of shape (n, 2).
    """
    return _pairs_of(positions, *_near(positions.vectors, candidates, _chord_of(radius_arcsec)))


def _chord_of(radius_arcsec: float) -> float:
    if not 0 < radius_arcsec <= 180 * 3600:
        raise InvalidValueError(
            f"The radius must be above 0 and at most 648000 arcseconds (180 degrees), not {radius_arcsec:g}.",
            field="radius_arcsec",
        )
    return float(2 * np.sin(np.radians(radius_arcsec / 3600) / 2))


def _tree_candidates(vectors: _Vectors, chord: float, radius_arcsec: float) -> _Places:
    _refuse_too_many(_at_least(vectors, chord), radius_arcsec)
    tree = SkyPositions.of_vectors(vectors).tree
    candidates: _Places = tree.query_pairs(chord * _SLACK, output_type="ndarray")
    return candidates


def _found_in_partitions(
    vectors: _Vectors, chord: float, radius_arcsec: float, most: int
) -> tuple[_Places, npt.NDArray[np.float64]]:
    sky = DividedSky(vectors, radius_arcsec)

    def found_in(partition: Partition) -> tuple[_Places, npt.NDArray[np.float64]]:
        places, own = sky.places(partition)
        here = vectors[places]
        candidates = swept_candidates(here, chord * _SLACK, _MOST_NEIGHBOURS * len(here))
        if candidates is None:
            candidates = _tree_candidates(here, chord, radius_arcsec)
        # Pairs within the margin are found where one of their rows is none.
        near, chords = _near(here, candidates[candidates.min(axis=1) < own], chord)
        return places[near], chords

    found, count = [], 0
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as threads:
        for part in threads.map(found_in, sky.partitions(most)):
            count += len(part[1])
            _refuse_too_many(count, radius_arcsec)
            found.append(part)
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])


def _near(vectors: _Vectors, candidates: _Places, chord: float) -> tuple[_Places, npt.NDArray[np.float64]]:
    differences = vectors[candidates[:, 0]] - vectors[candidates[:, 1]]
    chords = np.sqrt(np.einsum("ij,ij->i", differences, differences))
    near = chords < chord
    return candidates[near], chords[near]


def _pairs_of(positions: SkyPositions, places: _Places, chords: npt.NDArray[np.float64]) -> Pairs:
    rows = np.sort(positions.rows[places], axis=1)
    return _sorted_pairs(rows[:, 0], rows[:, 1], chords)


def _refuse_too_many(count: int, radius_arcsec: float) -> None:
    if count > _MOST_PAIRS:
        raise TooLargeError(
            f"At least {count} pairs are closer than {radius_arcsec:g} arcseconds; {_MOST_PAIRS} fit in "
            "memory. Use a smaller radius, or take out rows whose positions are placeholders such as (0, 0)."
        )


def _at_least(vectors: _Vectors, chord: float) -> int:
    """Count the pairs inside cells of which every two points match; a tenth of the cost of counting all."""
    if len(vectors) ** 2 <= _MOST_PAIRS:
        return 0
    cells = np.floor(vectors / (chord / np.sqrt(3))).astype(np.int64)
    # Two cells that share a number would only count pairs that are none, once in 2**64.
    numbers = (cells[:, 0] * 0x1F3D5B79A2C4E687 + cells[:, 1]) * 0x2545F4914F6CDD1D + cells[:, 2]
    _, counts = np.unique(numbers, return_counts=True)
    return int(np.sum(counts * (counts - 1) // 2))


def _sorted_pairs(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], chords: npt.NDArray[np.float64]) -> Pairs:
    order = np.lexsort((right, left))
    separation = np.degrees(2 * np.arcsin(np.minimum(chords[order] / 2, 1.0))) * 3600
    return Pairs(left[order], right[order], separation)


def _no_pairs() -> Pairs:
    return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
