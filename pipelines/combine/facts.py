"""Values and counts of rows and pairs that the report is computed from, however the rows are held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.combine.catalogues.homogenisation import STAR
from pipelines.crossmatch import Pairs

__all__ = ["DIFFERENCE_EDGES", "PairCounts", "RowFacts", "Surveys", "separation_edges"]

_Counts = npt.NDArray[np.int64]

DIFFERENCE_EDGES = np.linspace(0, 0.01, 41)
_NO_SURVEY = -1


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Values of all rows that were combined.

    Parameters
    ----------
    survey
        Code of the survey of each row in ``surveys``.
    """

    z: npt.NDArray[np.float64]
    star: npt.NDArray[np.bool_]
    survey: npt.NDArray[np.int32]
    surveys: Mapping[str, int]

    @classmethod
    def of(cls, columns: Mapping[str, pa.ChunkedArray]) -> Self:
        """Return the facts of rows in memory."""
        surveys = Surveys()
        surveys.add(columns["survey"])
        return cls(columns["z"].to_numpy(), columns["z_flag_homogenized"].to_numpy() == STAR, *surveys.codes())


class Surveys:
    """Codes of surveys, given one part of the rows after the other."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._codes: list[npt.NDArray[np.int32]] = []

    def add(self, names: pa.ChunkedArray) -> None:
        """Add the names of the next rows."""
        encoded = names.dictionary_encode().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # of no rows
            return
        known = [self._numbers.setdefault(name, len(self._numbers)) for name in encoded.dictionary.to_pylist()]
        table = np.array([*known, _NO_SURVEY], dtype=np.int32)
        self._codes.append(table[pc.fill_null(encoded.indices, len(known)).to_numpy(zero_copy_only=False)])

    def codes(self) -> tuple[npt.NDArray[np.int32], Mapping[str, int]]:
        """Return the codes of all rows, and the code of each name; ``missing`` is that of rows without a survey."""
        codes = np.concatenate(self._codes) if self._codes else np.empty(0, np.int32)
        return codes, {**self._numbers, "missing": _NO_SURVEY}


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Counts of pairs of rows; those of parts of the sky add up.

    Parameters
    ----------
    separations, differences
        Counts by separation, and by difference of redshifts without stars.
    is_across
        Whether a pair has rows of two catalogues.
    """

    pairs: int
    separations: _Counts
    differences: _Counts
    is_across: bool

    @classmethod
    def of(
        cls, pairs: Pairs, z: npt.NDArray[np.float64], star: npt.NDArray[np.bool_], catalogue: _Counts, radius: float
    ) -> Self:
        """Count pairs, given the values of the rows that they number."""
        left, right = pairs.left, pairs.right
        galaxies = ~(star[left] | star[right])
        with np.errstate(invalid="ignore"):  # infinite redshifts have no difference
            differences = np.abs(z[left[galaxies]] - z[right[galaxies]])
        return cls(
            len(pairs),
            np.histogram(pairs.separation, bins=separation_edges(radius))[0],
            np.histogram(differences, bins=DIFFERENCE_EDGES)[0],
            bool(np.any(catalogue[left] != catalogue[right])),
        )

    @classmethod
    def sum(cls, counts: Iterable["PairCounts"]) -> Self:
        """Add counts up."""
        total = cls(0, np.zeros(20, np.int64), np.zeros(len(DIFFERENCE_EDGES) - 1, np.int64), is_across=False)
        for each in counts:
            total = cls(
                total.pairs + each.pairs,
                total.separations + each.separations,
                total.differences + each.differences,
                total.is_across or each.is_across,
            )
        return total


def separation_edges(radius_arcsec: float) -> npt.NDArray[np.float64]:
    """Return the edges of the histogram of separations."""
    return np.linspace(0, radius_arcsec, 21)
