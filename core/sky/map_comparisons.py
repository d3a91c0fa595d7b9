"""Comparisons of one coverage map with many others at once.

The ranges of the others are joined into one array, and results are gathered by the map that each range is of.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.sky.mocs import ranges_of_map

__all__ = ["hold", "lie_within", "meet"]

_Flags = NDArray[np.bool_]
_Numbers = NDArray[np.int64]


def meet(one: str, others: Sequence[str]) -> _Flags:
    """Return which of the others intersect a map."""
    ranges, owners = _joined(others)
    first, last = ranges_of_map(one).T
    ends = np.searchsorted(first, ranges[:, 1], side="right")
    return _has_any(owners, ends > np.searchsorted(last, ranges[:, 0], side="left"), len(others))


def lie_within(others: Sequence[str], outer: str) -> _Flags:
    """Return which of the others lie within a map."""
    ranges, owners = _joined(others)
    first, last = ranges_of_map(outer).T
    place = np.searchsorted(first, ranges[:, 0], side="right") - 1
    is_outside = (place < 0) | (last[place] < ranges[:, 1]) if len(first) else np.ones(len(ranges), bool)
    return ~_has_any(owners, is_outside, len(others))


def hold(others: Sequence[str], inner: str) -> _Flags:
    """Return within which of the others a map lies."""
    ranges, owners = _joined(others)
    first, last = ranges_of_map(inner).T
    begins = np.searchsorted(first, ranges[:, 0], side="left")
    held = np.searchsorted(last, ranges[:, 1], side="right") - begins
    counts = np.zeros(len(others), np.int64)
    np.add.at(counts, owners, np.maximum(held, 0))
    found: _Flags = counts == len(first)
    return found


def _joined(maps: Sequence[str]) -> tuple[_Numbers, _Numbers]:
    """Return the ranges of all maps, and for each range the number of its map."""
    found = [ranges_of_map(text) for text in maps]
    owners = np.repeat(np.arange(len(found)), [len(ranges) for ranges in found])
    return np.concatenate([np.empty((0, 2), np.int64), *found]), owners


def _has_any(owners: _Numbers, flags: _Flags, size: int) -> _Flags:
    """Return which maps have a range with a flag."""
    found = np.zeros(size, bool)
    found[owners[flags]] = True
    return found
