"""Reproducible split of rows into training and validation."""

import hashlib

import numpy as np
import numpy.typing as npt

from pipelines.crossmatch import Pairs, connected_groups

__all__ = ["number_on_both_sides", "split_by_position", "split_by_stream"]

_Bools = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]


def split_by_stream(rows: int, fraction: float, seed: int) -> _Bools:
    """Draw for each row whether it is for training, from the random stream of the public server.

    The same rows in the same order give the same split; a row more changes it for all rows after it. Rows of one object
    may come on both sides.
    """
    word = hashlib.sha256(f"{seed}:0".encode()).hexdigest()[:8]
    drawn: _Bools = np.random.default_rng(int(word, 16)).random(rows) < fraction
    return drawn


def split_by_position(
    redshift: npt.NDArray[np.int64],
    objects: npt.NDArray[np.int64],
    ra: npt.NDArray[np.float64],
    dec: npt.NDArray[np.float64],
    fraction: float,
    seed: int,
) -> _Bools:
    """Return for each row whether it is for training, by a hash of the object's position and the seed.

    Rows that share an object or a redshift stay together, so that no galaxy is both learnt from and tested on: all
    take the smallest hash among them.

    Parameters
    ----------
    redshift, objects
        Row numbers of the pairs.
    ra, dec
        Position of the object of each pair, in degrees.
    """
    words = _mixed(_mixed((ra + 0.0).view(np.uint64)) ^ (dec + 0.0).view(np.uint64))
    _, left = np.unique(redshift, return_inverse=True)
    _, right = np.unique(objects, return_inverse=True)
    lefts = int(left.max()) + 1 if len(left) else 0
    rights = int(right.max()) + 1 if len(right) else 0
    labels = connected_groups(lefts + rights, Pairs(left, right + lefts, np.zeros(len(left))))[left]
    smallest = np.full(len(labels), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, labels, words)
    uniform = (_mixed(smallest[labels] ^ _mixed(np.array([seed], dtype=np.uint64))) >> np.uint64(11)) / 2.0**53
    chosen: _Bools = uniform < fraction
    return chosen


def number_on_both_sides(sources: npt.NDArray[np.int64], training: _Bools) -> int:
    """Count the objects, or redshifts, of which some rows are for training and some for validation."""
    return len(np.intersect1d(sources[training], sources[~training]))


def _mixed(words: _Words) -> _Words:
    """Spread the bits of words over all 64 (SplitMix64 of Steele, Lea and Flood 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
