"""Functions of the expression language, each of one argument, on whole columns."""

from collections.abc import Callable, Mapping

import numpy as np

from pipelines.expressions.columns import ColumnValues

__all__ = ["FUNCTIONS", "as_numbers"]


def as_numbers(value: ColumnValues) -> ColumnValues:
    """Convert booleans and texts to numbers; a text that is not a number becomes unknown."""
    if value.is_truth:
        return ColumnValues(value.values.astype(np.int64), value.unknown)
    if not value.is_text:
        return value
    # Texts repeat, and Python's own rules of what a number is are only had one text at a time.
    unique, places = np.unique(np.where(_missing(value), "", value.values).astype(str), return_inverse=True)
    numbers = np.array([_number(text) for text in unique.tolist()], dtype=np.float64)[places.ravel()]
    return ColumnValues(numbers.reshape(value.values.shape), np.isnan(numbers).reshape(value.values.shape))


def _as_integers(value: ColumnValues) -> ColumnValues:
    numbers = as_numbers(value)
    if numbers.values.dtype.kind == "i":
        return numbers
    finite = np.isfinite(numbers.values.astype(np.float64))
    whole = np.where(finite, numbers.values, 0).astype(np.int64)
    unknown = ~finite if numbers.unknown is None else ~finite | numbers.unknown
    return ColumnValues(whole, unknown)


def _as_floats(value: ColumnValues) -> ColumnValues:
    numbers = as_numbers(value)
    return ColumnValues(numbers.values.astype(np.float64), numbers.unknown)


def _as_texts(value: ColumnValues) -> ColumnValues:
    return value if value.is_text else ColumnValues(value.values.astype(str).astype(object), value.unknown)


def _length(value: ColumnValues) -> ColumnValues:
    texts = np.where(_missing(value), "", _as_texts(value).values).astype(str)
    return ColumnValues(np.strings.str_len(texts), value.unknown)


def _is_missing(value: ColumnValues) -> ColumnValues:
    missing = _missing(value)
    if value.values.dtype.kind == "f":
        missing = missing | np.isnan(value.values.astype(np.float64))
    return ColumnValues(missing)


def _is_there(value: ColumnValues) -> ColumnValues:
    return ColumnValues(~_is_missing(value).values.astype(np.bool_))


def _missing(value: ColumnValues) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    return np.zeros(value.values.shape, np.bool_) if value.unknown is None else value.unknown


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _on_numbers(function: np.ufunc) -> Callable[[ColumnValues], ColumnValues]:
    def apply(value: ColumnValues) -> ColumnValues:
        numbers = as_numbers(value)
        return ColumnValues(function(numbers.values), numbers.unknown)

    return apply


_MATHEMATICS: Mapping[str, np.ufunc] = {
    "isfinite": np.isfinite,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "trunc": np.trunc,
    "floor": np.floor,
    "ceil": np.ceil,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
}

#: What may be called, under every name by which rules written for Python call it.
FUNCTIONS: Mapping[str, Callable[[ColumnValues], ColumnValues]] = {
    "int": _as_integers,
    "float": _as_floats,
    "str": _as_texts,
    "len": _length,
    "abs": _on_numbers(np.absolute),
    "np.abs": _on_numbers(np.absolute),
    "math.fabs": _on_numbers(np.absolute),
    **{name: _on_numbers(function) for name, function in _MATHEMATICS.items()},
    **{f"np.{name}": _on_numbers(function) for name, function in _MATHEMATICS.items()},
    **{f"math.{name}": _on_numbers(function) for name, function in _MATHEMATICS.items()},
    "isna": _is_missing,
    "pd.isna": _is_missing,
    "pd.isnull": _is_missing,
    "notna": _is_there,
    "pd.notna": _is_there,
    "pd.notnull": _is_there,
}
