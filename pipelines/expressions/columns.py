"""Column values in expressions: numbers, booleans or texts, with a mask of unknown values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ColumnValues", "column_values"]


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """Values of a column or of a part of an expression.

    Parameters
    ----------
    values
        Numbers (float64 or int64), truths (bool) or texts (objects), of one length or of none (a constant).
    unknown
        Where a value is missing, or none when every value is there. Whatever is worked out of an unknown value is
        unknown, except that ``False and unknown`` is False and ``True or unknown`` is True.
    """

    values: npt.NDArray[np.generic]
    unknown: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        # numpy turns what it works out of constants into scalars, which lack half of what arrays have.
        object.__setattr__(self, "values", np.asarray(self.values))
        if self.unknown is not None:
            object.__setattr__(self, "unknown", np.asarray(self.unknown))

    @property
    def is_text(self) -> bool:
        """Whether the values are texts."""
        return self.values.dtype.kind == "O"

    @property
    def is_truth(self) -> bool:
        """Whether the values are true or false."""
        return self.values.dtype.kind == "b"

    @property
    def truths(self) -> npt.NDArray[np.bool_]:
        """The values as booleans; raises if they are not."""
        return self.values.astype(np.bool_, copy=False)


def column_values(column: pa.ChunkedArray | pa.Array, *, missing_is_unknown: bool) -> ColumnValues:
    """Convert a column of numbers, booleans or texts.

    Parameters
    ----------
    missing_is_unknown
        Whether a missing number is unknown. Otherwise it is NaN, of which only ``!=`` is true. Texts and truths that
        are missing are always unknown.

    Raises
    ------
    TypeError
        When the column holds something else.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return ColumnValues(column.to_numpy(zero_copy_only=False), _mask(column.is_null()))
    if pa.types.is_boolean(column.type):
        truths = pc.fill_null(column, fill_value=False).to_numpy(zero_copy_only=False)
        return ColumnValues(truths, _mask(column.is_null()))
    if pa.types.is_null(column.type):
        return ColumnValues(np.full(len(column), np.nan), np.ones(len(column), dtype=np.bool_))
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return _numbers(column, missing_is_unknown=missing_is_unknown)
    message = f"a column of {column.type} has neither numbers, booleans nor texts"
    raise TypeError(message)


def _numbers(column: pa.Array, *, missing_is_unknown: bool) -> ColumnValues:
    if not column.null_count and not pa.types.is_floating(column.type) and not pa.types.is_decimal(column.type):
        return ColumnValues(column.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False))
    values = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    return ColumnValues(values, _where_any(np.isnan(values)) if missing_is_unknown else None)


def _mask(null: pa.Array) -> npt.NDArray[np.bool_] | None:
    return _where_any(null.to_numpy(zero_copy_only=False))


def _where_any(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return mask if mask.any() else None
