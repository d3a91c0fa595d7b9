"""Models of the combination's ``report.json``."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CatalogueReport",
    "CombineReport",
    "Histogram",
    "NumberCounts",
    "SurveyReport",
    "counted",
    "histogram",
    "redshift_edges",
]

_MODEL = ConfigDict(frozen=True)

#: Redshifts from here on are placeholders, which must not stretch the bins.
_BEYOND_THE_UNIVERSE = 1e4
#: So many different numbers are counted before they are merged with those before.
_NUMBERS_THAT_WAIT = 65_536


class Histogram(BaseModel):
    """Counts between edges."""

    model_config = _MODEL

    edges: list[float]
    counts: list[int]


class CatalogueReport(BaseModel):
    """Counts of one catalogue."""

    model_config = _MODEL

    internal_name: str
    rows_in: int = Field(description="Rows of the catalogue.")
    rows_cut: int = Field(description="Rows removed by the quality cut.")
    rows_without_position: int = Field(0, description="Rows above the cut that were left out for want of a position.")
    rows_out: int = Field(description="Rows in the result.")
    flags_before: Mapping[str, int] = Field(description="Rows by z_flag (the 50 most frequent values).")
    flags_after: Mapping[str, int] = Field(description="Rows by homogenised flag, before the cut.")
    instruments: Mapping[str, int] = Field(description="Rows by homogenised instrument type, before the cut.")
    flags_without_rule: Mapping[str, int] = Field(description="Rows by values of z_flag without a rule.")


class SurveyReport(BaseModel):
    """Counts of the rows of one survey."""

    model_config = _MODEL

    rows_in: int
    rows_out: int
    redshifts: Histogram = Field(description="N(z) of the rows in the result.")


class CombineReport(BaseModel):
    """The report of one combination."""

    model_config = _MODEL

    rows_in: int
    rows_cut: int
    rows_out: int
    catalogues: list[CatalogueReport]
    surveys: Mapping[str, SurveyReport] = Field(description="The hundred surveys with the most rows.")
    ties: Mapping[str, int] = Field(description="Rows by outcome, before removal.")
    reasons: Mapping[str, int] = Field(description="Rows by reason, before removal.")
    radius_arcsec: float | None = Field(None, description="Radius within which rows were compared; none if none were.")
    delta_z_threshold: float | None = Field(None, description="Difference of redshifts that agree; none likewise.")
    pairs: int = Field(description="Pairs of rows within the radius.")
    kept_by_identifier: int = Field(
        0, description="Rows kept by their CRD_ID alone, which counts the rows of a catalogue in their order."
    )
    group_sizes: Mapping[int, int] = Field(description="Groups by their number of rows, from two.")
    separations: Histogram = Field(description="Separations of pairs, in arcseconds.")
    redshift_differences: Histogram = Field(description="|z1 - z2| of pairs that are no stars, up to 0.01.")
    redshifts: Histogram = Field(description="N(z) of the result.")
    warnings: list[str] = Field(description="Warnings for the owner, one sentence each.")


class NumberCounts:
    """Counts of equal numbers, added up part by part.

    Attributes
    ----------
    missing
        Number of NaN.
    """

    def __init__(self) -> None:
        self.missing = 0
        self._numbers = np.empty(0)
        self._counts = np.empty(0, np.int64)
        self._waiting: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]] = []
        self._length = 0

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Count more numbers."""
        missing = np.isnan(values)
        self.missing += int(missing.sum())
        numbers, counts = np.unique(values[~missing], return_counts=True)
        self._waiting.append((numbers, counts))
        self._length += len(numbers)
        # Merged when there are as many as before, the work grows with the numbers and not with their square.
        if self._length > max(len(self._numbers), _NUMBERS_THAT_WAIT):
            self._merge()

    def most_frequent(self, most: int = 50) -> dict[str, int]:
        """Return the counts of the most frequent numbers, the most frequent first; NaN is counted as ``missing``."""
        self._merge()
        order = np.argsort(-self._counts, kind="stable")[:most]
        counted = {f"{self._numbers[i]:g}": int(self._counts[i]) for i in order}
        return {**counted, "missing": self.missing} if self.missing else counted

    def lowest(self, most: int) -> list[float]:
        """Return the lowest numbers, ascending."""
        self._merge()
        lowest: list[float] = self._numbers[:most].tolist()
        return lowest

    def _merge(self) -> None:
        if not self._length:
            return
        parts = [(self._numbers, self._counts), *self._waiting]
        self._waiting, self._length = [], 0
        numbers = np.concatenate([each for each, _ in parts])
        counts = np.concatenate([each for _, each in parts])
        order = np.argsort(numbers, kind="stable")
        numbers, counts = numbers[order], counts[order]
        first = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        self._numbers, self._counts = numbers[first], np.add.reduceat(counts, first)


def histogram(values: npt.NDArray[np.float64], edges: Sequence[float] | npt.NDArray[np.float64]) -> Histogram:
    """Count values between edges; values outside and NaN are ignored."""
    counts, _ = np.histogram(values, bins=np.asarray(edges))
    return counted(counts, edges)


def counted(counts: npt.NDArray[np.int64], edges: Sequence[float] | npt.NDArray[np.float64]) -> Histogram:
    """Return the histogram of counts between edges."""
    return Histogram(edges=[float(edge) for edge in edges], counts=[int(count) for count in counts])


def redshift_edges(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Choose about forty round bins for an N(z) up to the 99.9th percentile, the same for all surveys."""
    there = z[np.isfinite(z) & (z >= 0) & (z < _BEYOND_THE_UNIVERSE)]
    top = float(np.quantile(there, 0.999, overwrite_input=True)) if len(there) else 1.0
    width = next(step for step in _widths() if step * 40 >= top)
    bins = int(np.ceil(max(top, width) / width))
    return np.arange(bins + 1, dtype=np.float64) * width


def _widths() -> Iterable[float]:
    return (digit * 10.0**power for power in range(-4, 5) for digit in (1, 2, 5))
