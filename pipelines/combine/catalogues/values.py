"""Conversion of columns to texts and numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.combine.catalogues.mapping import CatalogueError, WrongValuesError

__all__ = ["are_whole", "numbers_of", "texts_of", "typed"]

_MISSING = ("", "none", "null", "nan", "<na>")


def are_whole(column: pa.ChunkedArray | pa.Array) -> bool:
    """Return whether floating-point numbers that are there are all whole and finite."""
    fractional = pc.or_(pc.not_equal(pc.floor(column), column), pc.is_inf(column))
    return not pc.any(fractional).as_py()


def texts_of(column: pa.ChunkedArray | pa.Array | None, rows: int, *, whole: bool = True) -> pa.Array:
    """Read a column as texts without blanks around them; nothing, ``none``, ``null`` and ``nan`` are missing.

    Parameters
    ----------
    whole
        Whether all floating-point numbers of the column, in all parts of the catalogue, are whole (`are_whole`):
        identifiers that a reader took for such numbers because some are missing.
    """
    if column is None:
        return pa.nulls(rows, pa.string())
    array = _one_array(column)
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
        array = array.cast(pa.int64(), safe=False) if whole else array
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return _as_text(array)
    texts = pc.utf8_trim_whitespace(_as_text(array))
    return pc.if_else(pc.is_in(pc.utf8_lower(texts), pa.array(_MISSING)), None, texts)


def numbers_of(
    column: pa.ChunkedArray | pa.Array | None, rows: int, name: str, catalogue: str
) -> npt.NDArray[np.float64]:
    """Read a column as float64, with NaN where a value is missing.

    Raises
    ------
    CatalogueError
        When a text is no number: with the count and five examples.
    """
    if column is None:
        return np.full(rows, np.nan)
    array = _one_array(column)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if pa.types.is_temporal(array.type) or pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        raise CatalogueError(catalogue, f"the column mapped to {name} has the type {array.type}, not numbers.")
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = _numbers_of_texts(texts_of(array, rows), name, catalogue)
    values = pc.fill_null(array.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64)


def typed(
    column: pa.ChunkedArray | pa.Array | None, kind: str, rows: int, name: str, catalogue: str, *, whole: bool = True
) -> pa.Array:
    """Read a column that is carried over as ``str``, ``float``, ``int`` or ``bool``.

    Parameters
    ----------
    whole
        As of `texts_of`.

    Raises
    ------
    CatalogueError
        When the values are not of that type.
    """
    if column is None:
        return pa.nulls(rows, {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}[kind])
    array = _one_array(column)
    if kind == "str":
        return texts_of(array, rows, whole=whole)
    if kind == "bool" and (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return _truths_of_texts(texts_of(array, rows), name, catalogue)
    values = numbers_of(array, rows, name, catalogue)
    missing = np.isnan(values)
    if kind == "float":
        return pa.array(values, mask=missing)
    if kind == "bool":
        return pa.array(values != 0, mask=missing)
    fraction = np.flatnonzero(~missing & ((values != np.trunc(values)) | (np.abs(values) >= 2**63)))
    if len(fraction):
        raise CatalogueError(catalogue, f"the column {name} must be int, but has {values[fraction[0]]:g}.")
    if pa.types.is_integer(array.type):
        return array.cast(pa.int64())
    return pa.array(np.where(missing, 0, values).astype(np.int64), mask=missing)


def _one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _as_text(array: pa.Array) -> pa.Array:
    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def _numbers_of_texts(texts: pa.Array, name: str, catalogue: str) -> pa.Array:
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        unique = texts.unique().drop_null()
        wrong = [text for text in unique.to_pylist() if not _is_number(text)]
        if wrong:
            count = pc.sum(pc.is_in(texts, pa.array(wrong))).as_py()

            def sentence(count: int, examples: Sequence[str]) -> str:
                some = ", ".join(repr(text[:40]) for text in examples)
                return f"{count} values of the column mapped to {name} are not numbers, for example {some}."

            raise WrongValuesError(catalogue, name, count, wrong, sentence) from None
        # Python reads a few spellings that Arrow does not, such as +1 and 1_0.
        numbers = pa.array([float(text) for text in unique.to_pylist()], pa.float64())
        return numbers.take(pc.index_in(texts, unique))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _truths_of_texts(texts: pa.Array, name: str, catalogue: str) -> pa.Array:
    lower = pc.utf8_lower(texts)
    true, false = (pc.is_in(lower, pa.array(words)) for words in (["true", "t", "yes", "1"], ["false", "f", "no", "0"]))
    wrong = pc.and_(pc.is_valid(texts), pc.invert(pc.or_(true, false)))
    if pc.any(wrong).as_py():
        example = texts.filter(wrong)[0].as_py()
        raise CatalogueError(catalogue, f"the column {name} must be bool, but has {example[:40]!r}.")
    return pc.if_else(pc.is_valid(texts), true, None)
