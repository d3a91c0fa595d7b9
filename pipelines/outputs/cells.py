"""Conversion of columns to numpy arrays for formats without nulls, batch by batch.

Missing numbers become NaN. Integers with missing values become doubles when doubles hold all of them, as pandas does;
else they stay integers, and one that does not occur, if possible the smallest, stands for a missing value. Missing
texts are empty. What a column becomes depends on all of its rows, so they are read once before they are converted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidValueError
from pipelines.outputs.stored_tables import ResultTable

__all__ = ["CellEncoding", "cell_encodings"]

_LARGEST_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class CellEncoding:
    """Conversion of a column to a numpy type without nulls.

    Parameters
    ----------
    dtype
        The type of the values.
    missing_value
        What stands for a missing value, where neither NaN nor an empty text does.
    charset
        ``ascii``, with other characters as escapes, or ``utf-8``.
    """

    name: str
    dtype: np.dtype[Any]
    missing_value: int | None = None
    charset: str = "utf-8"

    def values(self, array: pa.Array) -> npt.NDArray[Any]:
        """Return the values of some of the rows, of the type of the column."""
        array = _plain(array)
        if self.dtype.kind == "S":
            return _bytes_of(array, self.charset, self.dtype)
        if self.dtype.kind == "f":
            if pa.types.is_null(array.type):
                return np.full(len(array), np.nan)
            array = pc.fill_null(pc.cast(array, pa.from_numpy_dtype(self.dtype), safe=False), np.nan)
        elif self.missing_value is not None:
            wide = pc.cast(array, pa.from_numpy_dtype(self.dtype))
            array = pc.fill_null(wide, pa.scalar(self.missing_value, wide.type))
        values: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
        return values


def cell_encodings(table: ResultTable, charset: str) -> list[CellEncoding]:
    """Choose the conversion of each column; the rows are read once where the choice depends on them.

    Parameters
    ----------
    charset
        Of texts: ``ascii``, with other characters as escapes, or ``utf-8``.

    Raises
    ------
    InvalidValueError
        When a column is neither numbers, texts, truth values nor times, or has values at both ends of the integers.
    """
    found = {field.name: _column_of(field, charset) for field in table.schema}
    counted = [name for name, column in found.items() if column.is_counted]
    if counted:
        for batch in table.select(counted).to_batches(max_chunksize=65_536):
            for name, array in zip(counted, batch.columns, strict=True):
                found[name].add(_plain(array))
    return [column.encoding() for column in found.values()]


class _Column:
    """A column whose type is that of its values, whichever they are."""

    is_counted = False

    def __init__(self, name: str, kind: pa.DataType) -> None:
        self.name, self.kind = name, kind

    def add(self, array: pa.Array) -> None:
        """Take some of the rows into account."""

    def encoding(self) -> CellEncoding:
        """Return the conversion, when all rows were added."""
        keeps = pa.types.is_float32(self.kind) or pa.types.is_float64(self.kind)
        return CellEncoding(self.name, np.dtype(self.kind.to_pandas_dtype() if keeps else "f8"))


class _Booleans(_Column):
    """Truth values; doubles when some are missing."""

    is_counted = True
    _nulls = 0

    def add(self, array: pa.Array) -> None:
        self._nulls += array.null_count

    def encoding(self) -> CellEncoding:
        return CellEncoding(self.name, np.dtype("f8" if self._nulls else "?"))


class _Integers(_Column):
    """Integers; doubles or 64 bits with a marker when some are missing."""

    is_counted = True

    def __init__(self, name: str, kind: pa.DataType) -> None:
        super().__init__(name, kind)
        self._nulls = self._largest = 0
        self._wide = pa.uint64() if pa.types.is_unsigned_integer(kind) else pa.int64()
        limits = np.iinfo(self._wide.to_pandas_dtype())
        low, high = int(limits.min), int(limits.max)
        #: Candidates for the marker, the best first.
        self._free = [high, high - 1, high - 2] if low == 0 else [low, high, low + 1]

    def add(self, array: pa.Array) -> None:
        self._nulls += array.null_count
        extremes = pc.min_max(array).as_py()
        if extremes["min"] is None:
            return
        self._largest = max(self._largest, abs(extremes["min"]), abs(extremes["max"]))
        if self._largest > _LARGEST_EXACT and self._free:
            wide = pc.cast(array, self._wide)
            present = pc.is_in(pa.array(self._free, self._wide), wide).to_pylist()
            self._free = [value for value, is_there in zip(self._free, present, strict=True) if not is_there]

    def encoding(self) -> CellEncoding:
        if not self._nulls:
            return CellEncoding(self.name, np.dtype(self.kind.to_pandas_dtype()))
        if self._largest <= _LARGEST_EXACT:
            return CellEncoding(self.name, np.dtype("f8"))
        if not self._free:
            raise InvalidValueError(
                f"The column '{self.name}' has values at both ends of the 64-bit integers, so that this format has "
                "none left for what is missing. Choose Parquet."
            )
        return CellEncoding(self.name, np.dtype(self._wide.to_pandas_dtype()), self._free[0])


class _Texts(_Column):
    """Texts and times; as wide as the longest."""

    is_counted = True

    def __init__(self, name: str, kind: pa.DataType, charset: str) -> None:
        super().__init__(name, kind)
        self._charset, self._width = charset, 1

    def add(self, array: pa.Array) -> None:
        filled = _texts_of(array)
        if self._charset == "ascii" and not pc.all(pc.string_is_ascii(filled)).as_py():
            width = _escaped(filled).itemsize
        else:
            width = pc.max(pc.binary_length(filled)).as_py() or 0
        self._width = max(self._width, width)

    def encoding(self) -> CellEncoding:
        return CellEncoding(self.name, np.dtype(f"S{self._width}"), charset=self._charset)


def _column_of(field: pa.Field, charset: str) -> _Column:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_boolean(kind):
        return _Booleans(field.name, kind)
    if pa.types.is_integer(kind):
        return _Integers(field.name, kind)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return _Column(field.name, kind)
    if pa.types.is_temporal(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _Texts(field.name, kind, charset)
    raise InvalidValueError(
        f"The column '{field.name}' holds {kind} values, which this format cannot hold. Choose Parquet, or leave it "
        "out."
    )


def _plain(array: pa.Array) -> pa.Array:
    return pc.cast(array, array.type.value_type) if pa.types.is_dictionary(array.type) else array


def _texts_of(array: pa.Array) -> pa.Array:
    return pc.fill_null(pc.cast(array, pa.large_string()), "")


def _bytes_of(array: pa.Array, charset: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    filled = _texts_of(array)
    if charset == "ascii" and not pc.all(pc.string_is_ascii(filled)).as_py():
        return _escaped(filled).astype(dtype)
    # numpy makes fixed-width bytes of Arrow's in one pass.
    return np.asarray(pc.cast(filled, pa.large_binary()).to_numpy(zero_copy_only=False), dtype=dtype)


def _escaped(texts: pa.Array) -> npt.NDArray[np.bytes_]:
    # Rare: one Python string a row, only for batches that hold other characters.
    made: npt.NDArray[np.bytes_] = np.array([text.encode("ascii", "backslashreplace") for text in texts.to_pylist()])
    return made
