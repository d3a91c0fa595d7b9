"""Replacement of stand-ins for missing values, such as -99 or ``--``, by null."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidValueError
from products.adjustments.options import MissingNumber

__all__ = ["MissingValues"]

_WHOLE_NUMBERS = r"^\s*[+-]?(0|[1-9]\d{0,17})\s*$"
#: Texts that a number gives back; a leading zero would be lost.
_NUMBERS = r"^\s*[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*$"


class MissingValues:
    """Replacement for one column.

    A column of text whose other values are numbers, as its first rows show, becomes a column of numbers.

    Parameters
    ----------
    field
        The column.
    values
        Numbers for a column of numbers, words for one of text. Numbers are compared in the precision of the column.
    sample
        The first rows of the column.

    Attributes
    ----------
    field
        The column with its new type.

    Raises
    ------
    InvalidValueError
        The column holds neither numbers nor text, or a value is of the wrong kind.
    """

    def __init__(self, field: pa.Field, values: Sequence[MissingNumber], sample: pa.Array) -> None:
        self._is_text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        if not (self._is_text or is_number):
            raise InvalidValueError(
                f"The column '{field.name}' holds neither numbers nor text, so that no value can stand for a missing "
                "one.",
                field=field.name,
            )
        self._set = self._value_set(field, values)
        self.field = field
        if self._is_text:
            self.field = self._numeric(field, self._without(sample))

    def apply(self, array: pa.Array) -> pa.Array:
        """Return values with null for those that stand for a missing one.

        Raises
        ------
        InvalidValueError
            A text in a column of numbers is not a number.
        """
        array = self._without(array)
        if not self._is_text or self.field.type == array.type:
            return array
        texts = pc.utf8_trim_whitespace(array)
        try:
            return pc.cast(texts, self.field.type)
        except pa.ArrowInvalid as e:
            wrong = texts.filter(pc.invert(pc.match_substring_regex(texts, _NUMBERS)))
            found = wrong[0].as_py() if len(wrong) else "a number that is too large"
            raise InvalidValueError(
                f"The column '{self.field.name}' holds the text '{str(found)[:100]}' among its numbers; name it as a "
                "missing value too.",
                field=self.field.name,
            ) from e

    def _without(self, array: pa.Array) -> pa.Array:
        found = pc.is_in(array, value_set=self._set)
        return pc.if_else(found, pa.scalar(None, array.type), array) if pc.any(found).as_py() else array

    def _value_set(self, field: pa.Field, values: Sequence[MissingNumber]) -> pa.Array:
        if self._is_text:
            return pa.array([str(value) for value in values], field.type)
        if wrong := [value for value in values if isinstance(value, str)]:
            raise InvalidValueError(
                f"'{wrong[0][:100]}' is no number, but the column '{field.name}' holds numbers.", field=field.name
            )
        if pa.types.is_floating(field.type):
            return pa.array(np.asarray(values, field.type.to_pandas_dtype()), field.type)
        limits = np.iinfo(field.type.to_pandas_dtype())
        whole = [int(value) for value in values if value == int(value) and limits.min <= value <= limits.max]
        return pa.array(whole, field.type)

    @staticmethod
    def _numeric(field: pa.Field, sample: pa.Array) -> pa.Field:
        known = sample.drop_null()
        for pattern, kind, datatype in ((_WHOLE_NUMBERS, pa.int64(), b"long"), (_NUMBERS, pa.float64(), b"double")):
            if len(known) and pc.all(pc.match_substring_regex(known, pattern)).as_py():
                metadata = {key: value for key, value in (field.metadata or {}).items() if key != b"arraysize"}
                return field.with_type(kind).with_metadata({**metadata, b"datatype": datatype})
        return field
