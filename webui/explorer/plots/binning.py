"""Bins of one quantity: widths that are round, their expression in ADQL, and edges."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webui.explorer.quantities import Quantity

__all__ = ["Binning", "ValueRange"]

#: Share of a bin by which values below an edge count as on it, so that 0.3 of a table is not below 3 * 0.1.
SNAP = 1e-4
_STEPS = (1.0, 2.0, 5.0, 10.0)
#: Widths below this share of the values could not be told apart in double precision.
_PRECISION = 1e-13
_HIGHEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Smallest and largest of the finite values of a quantity."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of equal width, in the value or in its decimal logarithm, at multiples of the width.

    Parameters
    ----------
    width
        Width of a bin; for logarithms in dex.
    first, count
        Number of the first bin and how many there are; bin 0 begins at zero, or half a unit lower for integers.
    """

    quantity: Quantity
    is_log: bool
    width: float
    first: int
    count: int

    @classmethod
    def covering(cls, quantity: Quantity, values: ValueRange, bins: int, *, is_log: bool = False) -> "Binning":
        """Return about so many bins that cover a range; the positive part of it for logarithms."""
        low, high = values.low, values.high
        if is_log:
            low, high = math.log10(low), math.log10(high)
        each = high / bins - low / bins  # the difference of the largest doubles is not finite
        precision = max(abs(low), abs(high)) * _PRECISION
        width = _round_up(max(each, precision, 5e-300)) if each > 0 else _round_up(precision * 1e11 or 1.0)
        if quantity.is_integer and not is_log:
            width = max(width, 1.0)
        binning = cls(quantity, is_log, width, 0, 1)
        first, last = binning._number_of(low), binning._number_of(high)
        return replace(binning, first=first, count=last - first + 1)

    @property
    def index(self) -> str:
        """The number of the bin of a row in ADQL, a double."""
        value = f"LOG10({self.quantity.adql})" if self.is_log else self.quantity.adql
        shift = SNAP + (0.5 / self.width if self.has_half_offset else 0.0)
        scaled = f"{value} * {self._inverse!r}E0" if self._inverse else f"{value} / {_literal(self.width)}"
        return f"FLOOR({scaled} + {_literal(shift)})"

    @property
    def has_half_offset(self) -> bool:
        """Whether edges lie half a unit below multiples of the width, so that integers are in the middle of bins."""
        return self.quantity.is_integer and not self.is_log

    @property
    def condition(self) -> str:
        """The condition in ADQL that a value lies in one of the bins; true for some values next to them, too."""
        low, high = self.reach
        return f"{self.quantity.adql} BETWEEN {_literal(low)} AND {_literal(high)}"

    @property
    def reach(self) -> tuple[float, float]:
        """Limits of the values in the bins, somewhat wider than the edges."""
        low, high = self.limits
        margin = self.width * SNAP * 2
        if self.is_log:
            return 10 ** (math.log10(low) - margin), 10 ** min(math.log10(high) + margin, 308.25)
        return max(low - margin, -_HIGHEST), min(high + margin, _HIGHEST)

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges, one more than there are bins."""
        numbers = np.arange(self.first, self.first + self.count + 1, dtype=np.float64)
        inner = numbers / self._inverse if self._inverse else numbers * self.width
        if self.is_log:
            return np.power(10.0, np.clip(inner, -307.6, 308.25))
        return inner - 0.5 if self.has_half_offset else inner

    @property
    def limits(self) -> tuple[float, float]:
        """The first and the last edge."""
        edges = self.edges
        return float(edges[0]), float(edges[-1])

    def aligned(self, factor: int) -> "Binning":
        """Return these bins and as many more as make whole bins of `merged`."""
        first, end = self.first // factor, -(-(self.first + self.count) // factor)
        return replace(self, first=first * factor, count=(end - first) * factor)

    def merged(self, factor: int) -> "Binning":
        """Return bins that are each a number of these, which are aligned."""
        width = _round_up(self.width * factor)
        return replace(self, width=width, first=self.first // factor, count=self.count // factor)

    @property
    def _inverse(self) -> int:
        """The inverse of the width if it is a whole number, by which values are multiplied: 3 * 0.1 is not 0.3."""
        inverse = round(1 / self.width) if 1e-9 < self.width < 1 else 0
        return inverse if inverse and abs(inverse * self.width - 1) < 1e-12 else 0

    def _number_of(self, value: float) -> int:
        """Return the number of the bin of a value, or of a logarithm, as the engine computes it."""
        scaled = value * self._inverse if self._inverse else value / self.width
        return math.floor(scaled + SNAP + (0.5 / self.width if self.has_half_offset else 0.0))


def _round_up(value: float) -> float:
    """Return the next larger 1, 2 or 5 times a power of ten."""
    exponent = math.floor(math.log10(value))
    for step in _STEPS:
        candidate = float(f"{step:.0f}e{exponent}")
        if candidate >= value * (1 - 1e-9):
            return candidate
    return float(f"1e{exponent + 1}")


def _literal(value: float) -> str:
    """Return a number that ADQL reads as a double with all its digits."""
    text = repr(float(value)).upper()
    return text if "E" in text else f"{text}E0"
