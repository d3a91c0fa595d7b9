"""Redshift distribution N(z), accumulated in one pass and binned with a round bin width."""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["RedshiftHistogram", "RedshiftSpread"]

_STEP = 0.001
_LOWEST, _HIGHEST = -0.1, 30.0
_MOST_BINS = 60
_TAIL = 0.001
#: Values with three decimals, even in single precision, belong to the bin that begins with them.
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class RedshiftHistogram:
    """Number of rows in each redshift bin.

    Parameters
    ----------
    edges
        Bin edges, one more than bins; a bin includes its lower edge.
    beyond
        Rows with a redshift above the last edge, up to 30.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    beyond: int


class RedshiftSpread:
    """Accumulator of redshifts in fine bins, and of missing and impossible values."""

    def __init__(self) -> None:
        self.missing = self.outside = 0
        self._fine = np.zeros(round((_HIGHEST - _LOWEST) / _STEP) + 1, dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        """Add redshifts; NaN is a missing value."""
        missing = ~np.isfinite(values)
        possible = (values >= _LOWEST) & (values <= _HIGHEST)
        self.missing += int(np.count_nonzero(missing))
        self.outside += int(np.count_nonzero(~possible & ~missing))
        bins = np.floor((values[possible] - _LOWEST) / _STEP + _ROUNDING).astype(np.int64)
        self._fine += np.bincount(bins, minlength=len(self._fine))

    def histogram(self) -> RedshiftHistogram | None:
        """Return N(z) in at most 60 bins of a round width, or None when there is no redshift.

        Up to 0.1 % of the values may be beyond the last bin, so that single outliers do not compress all others into
        one bin.
        """
        filled = np.flatnonzero(self._fine)
        if not len(filled):
            return None
        sums = np.cumsum(self._fine)
        last = int(np.searchsorted(sums, sums[-1] * (1 - _TAIL)))
        first = int(filled[0])
        width = _round_width(last + 1 - first)
        zero = round(-_LOWEST / _STEP)
        begin = zero + (first - zero) // width * width
        bins = (last - begin) // width + 1
        edges = begin + width * np.arange(bins + 1)
        reached = np.concatenate(([0], sums))[np.clip(edges, 0, len(sums))]
        return RedshiftHistogram(
            tuple(round((edge - zero) * _STEP, 3) for edge in edges.tolist()),
            tuple(np.diff(reached).tolist()),
            int(sums[-1] - reached[-1]),
        )


def _round_width(steps: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20 … steps that needs at most the maximum number of bins."""
    power: int = 10 ** max(0, math.floor(math.log10(steps / _MOST_BINS)))
    return next(power * digit for digit in (1, 2, 5, 10, 20) if power * digit * (_MOST_BINS - 1) >= steps)
