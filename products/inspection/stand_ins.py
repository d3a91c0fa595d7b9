"""Counts of values that may stand for missing ones, such as -99 or ``N/A``, gathered batch by batch.

Only numbers beyond all others of their batch are counted: those that others surround are values like these. -99 and its
kin are counted everywhere, because negative fluxes may lie beyond them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.inspection.moments import Moments

__all__ = ["HUGE", "RepeatedValue", "StandInNumbers", "StandInWords", "is_stand_in_word"]

#: Absolute value from which a real number is a candidate.
HUGE = 1e20
_MOST_CANDIDATES = 8
_NINES = (99, 999, 9999, 99999, 999999)
_CODES: tuple[float, ...] = (
    *(-1, -9, -88, -888, -777, -666, -100, -1000, -10000),
    *(sign * number for number in _NINES for sign in (1, -1)),
    *(sign * number for number in (99.9, 99.99, 99.999, 999.9, 999.99) for sign in (1, -1)),
    *(-9.9, -9.99, -9.999),
)
#: Largest absolute value of numbers that are shifted out of the way: their sums are exact.
_SHIFTED = 1e12
#: Relative difference between a number as a type has it and as people write it; in half precision it is larger.
_PRECISION = 1e-6
_SURROUNDED = (-99, -999, -9999)
_BITS = (8, 16, 32, 64)
_PLAIN_WORDS = (
    "null",
    "nan",
    "n/a",
    "na",
    "none",
    "nil",
    "indef",
    "missing",
    "nodata",
    "no data",
    "undefined",
    "masked",
)
_SIGNS = ("--", "---", "-", "..", "...", "....", "?", "\\N", "<NA>", "#N/A")
_WORDS = frozenset(
    spelt for word in _PLAIN_WORDS for spelt in (word, word.upper(), word.capitalize(), word.title())
) | {*_SIGNS, "NaN"}


@dataclass(frozen=True, slots=True)
class RepeatedValue:
    """A value that may stand for missing ones, and the number of rows that have it."""

    value: float | int | str
    rows: int

    def moments(self) -> Moments:
        """Return the moments of these rows; empty ones for a word."""
        if isinstance(self.value, str):
            return Moments()
        return Moments(self.rows, self.value, self.value, float(self.value))


class StandInNumbers:
    """Counter of candidates in a column of numbers."""

    def __init__(self) -> None:
        self._counts: dict[float | int, int] = {}
        self._codes: dict[float | int, float | int] = {}

    def separate(self, values: np.ndarray) -> Moments:
        """Count the candidates among finite numbers, at least one, and return the moments of all others."""
        if not self._codes:
            self._codes = _codes_of(values.dtype)
        low, high = values.min(), values.max()
        taken: np.ndarray | None = None
        while True:
            if high > 0 and self._is_candidate(high.item()):
                taken = self._take(values, high, taken)
            elif self._is_candidate(low.item()):
                taken = self._take(values, low, taken)
            else:
                break
            if taken.all():
                return Moments()
            low, high = _range_without(values, taken)
        if values.dtype.kind == "f":
            for code in _SURROUNDED:
                if low < code < high and np.any(values == code):
                    taken = self._take(values, values.dtype.type(code), taken)
        return _moments_without(values, taken, low, high)

    def counts(self) -> tuple[RepeatedValue, ...]:
        """Return the candidates that were found."""
        return tuple(RepeatedValue(value, rows) for value, rows in sorted(self._counts.items()))

    def has_only(self, values: np.ndarray) -> bool:
        """Return whether all numbers are candidates."""
        return set(np.unique(values).tolist()) <= self._codes.keys()

    def _is_candidate(self, value: float) -> bool:
        if value in self._codes:
            return True
        if not isinstance(value, float) or abs(value) < HUGE:
            return False
        return len(self._counts) < _MOST_CANDIDATES

    def _take(self, values: np.ndarray, value: Any, taken: np.ndarray | None) -> np.ndarray:
        """Count the rows with a value, and return these and all that were taken before."""
        found: np.ndarray = values == value
        name = self._codes.get(value.item())
        if name is None:
            name = _shortest(value)
        self._counts[name] = self._counts.get(name, 0) + int(np.count_nonzero(found))
        return found if taken is None else found | taken


class StandInWords:
    """Counter of candidates in a column of text."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, array: pa.Array) -> None:
        """Add the values of a batch."""
        rows = np.flatnonzero(_ends_without_digit(array))
        if not len(rows):
            return
        texts = array.take(pa.array(rows))
        for item in pc.value_counts(texts.filter(pc.is_in(texts, pa.array(sorted(_WORDS), array.type)))).to_pylist():
            self._counts[item["values"]] = self._counts.get(item["values"], 0) + item["counts"]

    def counts(self) -> tuple[RepeatedValue, ...]:
        """Return the words that were found."""
        return tuple(RepeatedValue(value, rows) for value, rows in sorted(self._counts.items()))


def is_stand_in_word(text: str) -> bool:
    """Return whether a text is a word for a missing value."""
    return text in _WORDS


def _ends_without_digit(array: pa.Array) -> np.ndarray:
    """Return which texts end with a character other than a digit: few columns of numbers have many of them."""
    wide = pa.types.is_large_string(array.type)
    _, offsets, text = array.buffers()
    if text is None or not text.size:
        return np.zeros(len(array), dtype=bool)
    ends = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)[array.offset : array.offset + len(array) + 1]
    last = np.frombuffer(text, dtype=np.uint8)[np.maximum(ends[1:] - 1, 0)]
    other: np.ndarray = (last < ord("0")) | (last > ord("9"))
    return other & (np.diff(ends) > 0)


def _range_without(values: np.ndarray, taken: np.ndarray) -> tuple[Any, Any]:
    """Return the range of the values that were not taken; arithmetic is several times faster than selection."""
    kind = values.dtype.type
    size = max(abs(float(values.min())), abs(float(values.max())))
    if size > _SHIFTED:
        others = values[~taken]
        return others.min(), others.max()
    beyond = taken * (4 * size + 1)
    return kind((values + beyond).min()), kind((values - beyond).max())


def _moments_without(values: np.ndarray, taken: np.ndarray | None, low: Any, high: Any) -> Moments:
    """Return the moments of the values that were not taken, whose range is known."""
    moments = Moments()
    if taken is None:
        moments.add_within(values, low.item(), high.item())
    elif max(abs(float(values.min())), abs(float(values.max()))) > _SHIFTED:
        moments.add_within(values[~taken], low.item(), high.item())
    else:
        above = np.subtract(values, low, dtype=np.float64) * ~taken  # zeros in their places, which are removed again
        moments.add_within(above, low.item(), high.item())
        moments.remove(int(np.count_nonzero(taken)), 0)
        moments.mean += float(low)
    return moments


def _codes_of(kind: np.dtype) -> dict[float | int, float | int]:
    """Return the candidates of a type: as the type has them, to as people write them."""
    if kind.kind == "f":
        largest = float(np.finfo(kind).max)
        reals = {float(kind.type(code)): code for code in _CODES if abs(code) < largest}
        reals = {code: spelt for code, spelt in reals.items() if abs(code - spelt) <= _PRECISION * abs(spelt)}
        return {code: int(spelt) if float(spelt).is_integer() else spelt for code, spelt in reals.items()}
    limits = np.iinfo(kind)
    extremes = {int(limits.max), 2**31 - 1, *(-(2 ** (bits - 1)) for bits in _BITS)}
    whole = {int(code) for code in _CODES if float(code).is_integer()} | extremes
    return {code: code for code in whole if limits.min <= code <= limits.max}


def _shortest(value: Any) -> float:
    """Return a number with the fewest digits that its type distinguishes."""
    return float(str(value))
