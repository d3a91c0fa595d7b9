"""Column statistics, computed batch by batch with array kernels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.inspection.moments import Moments
from products.inspection.stand_ins import RepeatedValue, StandInNumbers, StandInWords, is_stand_in_word
from products.models import ColumnSummary

__all__ = ["ColumnStatistics", "OtherNumbers", "StatisticsGatherer"]

_MOST_DISTINCT = 64
_SAMPLES = 20
_LONGEST_SAMPLE = 40
_ROWS_OF_WHOLE = 2000
#: Rows among which samples are looked for, and how the text of a number or an angle begins.
_SAMPLED_ROWS = 2000
_BEGIN_OF_NUMBERS = frozenset("0123456789+-.\u2212")


@dataclass(frozen=True, slots=True)
class OtherNumbers:
    """Statistics of the numbers of a column without those that may stand for missing values.

    Parameters
    ----------
    whole
        Whether all of them seem to be whole numbers.
    """

    count: int
    minimum: float | int | None
    maximum: float | int | None
    mean: float | None
    std: float | None
    whole: bool


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """Statistics of a column.

    Parameters
    ----------
    nulls
        Rows without a value; NaN counts as null.
    minimum, maximum
        Of the finite numbers; for text the shortest and longest length in bytes.
    mean, std
        Of the finite numbers; the standard deviation is that of the population.
    infinite
        Rows with an infinite value, which counts neither as null nor in the other statistics.
    ascii
        Whether all text is ASCII; None for other types.
    distinct
        Number of different values, when there are at most 64.
    distinct_estimate
        Estimate of that number, when there are more and it was asked for.
    unique
        Whether no value occurs twice in the first batch of rows (integers and text).
    samples
        Some values of text that may hold numbers or angles; none of other text.
    stand_ins
        Values that may stand for missing ones; they count in all of the above.
    others
        Of the finite numbers without these values; None when there are no such values.
    """

    rows: int
    nulls: int
    minimum: float | int | None = None
    maximum: float | int | None = None
    mean: float | None = None
    std: float | None = None
    infinite: int = 0
    ascii: bool | None = None
    distinct: int | None = None
    unique: bool | None = None
    samples: tuple[str, ...] = ()
    stand_ins: tuple[RepeatedValue, ...] = ()
    others: OtherNumbers | None = None
    distinct_estimate: int | None = None

    @property
    def summary(self) -> ColumnSummary:
        """What queries can ask for: the extremes are those of numbers."""
        distinct = self.distinct if self.distinct is not None else self.distinct_estimate
        if self.ascii is not None:
            return ColumnSummary(self.nulls, distinct=distinct)
        return ColumnSummary(self.nulls, self.minimum, self.maximum, distinct)

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> "ColumnStatistics":
        """Return statistics from the object that JSON has of them."""
        others = item.get("others")
        parts = {
            "samples": tuple(item.get("samples", ())),
            "stand_ins": tuple(RepeatedValue(**each) for each in item.get("stand_ins", ())),
            "others": others and OtherNumbers(**others),
        }
        return cls(**{**item, **parts})


class StatisticsGatherer:
    """Accumulator of the statistics of the columns of a table.

    Parameters
    ----------
    schema
        Schema of all batches.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = {field.name: _gatherer(field.type) for field in schema}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch."""
        for gatherer, array in zip(self._columns.values(), batch.columns, strict=True):
            gatherer.add(array)

    def statistics(self) -> dict[str, ColumnStatistics]:
        """Return the statistics of each column, of all rows so far."""
        return {name: gatherer.statistics() for name, gatherer in self._columns.items()}

    def repetitive(self) -> list[str]:
        """Return the columns whose values repeat so often that a dictionary makes them smaller."""
        return [name for name, gatherer in self._columns.items() if gatherer.repetitive]


class _Gatherer:
    """Accumulator of rows and nulls, for all types."""

    #: Whether distinct values of the first batch are counted.
    counts_distinct = True

    def __init__(self) -> None:
        self.rows = self.nulls = 0
        self.repetitive = False
        self._values: pa.Array | None = None
        self._unique: bool | None = None

    def add(self, array: pa.Array) -> None:
        if self.counts_distinct:
            self._add_distinct(array, first=self.rows == 0)
        self.rows += len(array)
        self.nulls += array.null_count

    def statistics(self) -> ColumnStatistics:
        return ColumnStatistics(self.rows, self.nulls, distinct=self._distinct(), unique=self._unique)

    def _distinct(self) -> int | None:
        return None if self._values is None else len(self._values)

    def _add_distinct(self, array: pa.Array, *, first: bool) -> None:
        if first:
            values = pc.unique(array).drop_null()
            self._unique = len(values) == len(array)
            self.repetitive = len(values) <= max(_MOST_DISTINCT, len(array) // 20)
            self._values = values if len(values) <= _MOST_DISTINCT else None
        elif self._values is not None:
            values = pc.unique(pa.concat_arrays([self._values, pc.unique(array)])).drop_null()
            self._values = values if len(values) <= _MOST_DISTINCT else None


class _Numbers(_Gatherer):
    """Accumulator for numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._moments = Moments()
        self._stand_ins = StandInNumbers()
        self._infinite = 0
        self._whole = True

    def add(self, array: pa.Array) -> None:
        super().add(array)
        values = (array.drop_null() if array.null_count else array).to_numpy(zero_copy_only=False)
        if values.dtype.kind == "f":
            values = self._finite(values)
        if not len(values):
            return
        self._moments.merge(self._stand_ins.separate(values))
        if values.dtype.kind == "f" and self._whole:
            first = values[:_ROWS_OF_WHOLE]
            self._whole = self._stand_ins.has_only(first[first != np.trunc(first)])

    def statistics(self) -> ColumnStatistics:
        found, known, others = self._stand_ins.counts(), replace(self._moments), None
        if found:
            others = OtherNumbers(
                known.count, known.minimum, known.maximum, known.finite_mean, known.std, whole=self._whole
            )
            for each in found:
                known.merge(each.moments())
        return ColumnStatistics(
            self.rows,
            self.nulls,
            known.minimum,
            known.maximum,
            mean=known.finite_mean,
            std=known.std,
            infinite=self._infinite,
            distinct=self._distinct(),
            unique=self._unique,
            stand_ins=found,
            others=others,
        )

    def _finite(self, values: np.ndarray) -> np.ndarray:
        finite = np.isfinite(values)
        good = int(np.count_nonzero(finite))
        if good == len(values):
            return values
        nans = int(np.count_nonzero(np.isnan(values)))
        self.nulls += nans
        self._infinite += len(values) - good - nans
        known: np.ndarray = values[finite]
        return known


class _Reals(_Numbers):
    """Accumulator for floating-point numbers, whose uniqueness means nothing."""

    def _add_distinct(self, array: pa.Array, *, first: bool) -> None:
        if first and pc.count_distinct(array[:1000]).as_py() > _MOST_DISTINCT * 2:
            return
        super()._add_distinct(array, first=first)
        self._unique = None


class _Text(_Gatherer):
    def __init__(self) -> None:
        super().__init__()
        self._ascii = True
        self._shortest: int | None = None
        self._longest: int | None = None
        self._samples: tuple[str, ...] | None = None
        self._stand_ins = StandInWords()

    def add(self, array: pa.Array) -> None:
        super().add(array)
        if self._samples is None:
            self._samples = _samples_of(array)
        if self._samples != ():
            self._stand_ins.add(array)
        lengths = pc.min_max(pc.binary_length(array)).as_py()
        if lengths["min"] is not None:
            self._shortest = lengths["min"] if self._shortest is None else min(lengths["min"], self._shortest)
            self._longest = lengths["max"] if self._longest is None else max(lengths["max"], self._longest)
        self._ascii = self._ascii and pc.all(pc.string_is_ascii(array)).as_py() is not False

    def statistics(self) -> ColumnStatistics:
        return ColumnStatistics(
            self.rows,
            self.nulls,
            self._shortest,
            self._longest,
            ascii=self._ascii,
            distinct=self._distinct(),
            unique=self._unique,
            samples=self._samples or (),
            stand_ins=self._stand_ins.counts() if self._samples else (),
        )


def _samples_of(array: pa.Array) -> tuple[str, ...] | None:
    """Return values at equal distances in the first rows, if they may be numbers or angles; None without values."""
    known = array[:_SAMPLED_ROWS].drop_null()
    texts = [text for value in known.to_pylist() if (text := value.strip()) and not is_stand_in_word(text)]
    chosen = [text[:_LONGEST_SAMPLE] for text in texts[:: max(1, len(texts) // _SAMPLES)][:_SAMPLES]]
    if not chosen:
        return None
    numbers = sum(text[0] in _BEGIN_OF_NUMBERS for text in chosen)
    return tuple(chosen) if numbers * 2 > len(chosen) else ()


class _Others(_Gatherer):
    """Accumulator for arrays: rows and nulls only."""

    counts_distinct = False


def _gatherer(kind: pa.DataType) -> _Gatherer:
    if pa.types.is_floating(kind):
        return _Reals()
    if pa.types.is_integer(kind):
        return _Numbers()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _Text()
    return _Others() if pa.types.is_nested(kind) else _Gatherer()
