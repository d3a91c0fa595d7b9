"""Text representation of values by Arrow kernels, for the cells of TABLEDATA, CSV and TSV."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column

__all__ = [
    "ILLEGAL_IN_XML",
    "NULL_ELEMENTS",
    "UNSPEAKABLE",
    "absent_element",
    "cell_texts",
    "joined_rows",
    "legal_text",
]

#: Characters that XML 1.0 §2.2 has no way to write, besides the surrogates, which are not in UTF-8.
ILLEGAL_IN_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"

#: Characters that a Python text may have and XML cannot represent.
UNSPEAKABLE = re.compile(f"{ILLEGAL_IN_XML}|[\ud800-\udfff]")

#: Null value of elements of integer arrays, which have no mask; FIELD declares it.
NULL_ELEMENTS = {"short": -(2**15), "int": -(2**31), "long": -(2**63)}

_REPLACEMENT = "\ufffd"


def cell_texts(array: pa.Array, column: Column, infinities: tuple[str, str]) -> pa.Array:
    """Write the values of a column as text, without any escaping; nulls stay null.

    Parameters
    ----------
    array
        Array of `canonical_arrays`.
    infinities
        How +Inf and -Inf are spelt; NaN is ``NaN`` everywhere.
    """
    if column.is_text:
        return array
    if column.arraysize is not None:
        return _list_texts(array, column, infinities)
    if pa.types.is_floating(array.type):
        return _float_texts(array, infinities)
    return array.cast(pa.large_string())


def joined_rows(cells: list[pa.Array], *, before: str, between: str, after: str) -> memoryview:
    """Join the cells of each row, and all rows, into one bytes object; null cells are empty."""
    kwargs = {"null_handling": "replace", "null_replacement": ""}
    rows = cells[0] if len(cells) == 1 else pc.binary_join_element_wise(*cells, _scalar(between), **kwargs)
    rows = pc.binary_join_element_wise(_scalar(before), rows, _scalar(after), _scalar(""), **kwargs)
    data = rows.buffers()[2]
    return memoryview(b"" if data is None else data)[: pc.sum(pc.binary_length(rows)).as_py() or 0]


def absent_element(datatype: str) -> str:
    """Return the null element of an array: NaN, unknown, or the value that FIELD declares."""
    if datatype in {"float", "double"}:
        return "NaN"
    return "?" if datatype == "boolean" else str(NULL_ELEMENTS.get(datatype, 0))


def legal_text(array: pa.Array) -> pa.Array:
    """Replace characters that XML cannot represent by the replacement character."""
    if pc.any(pc.match_substring_regex(array, ILLEGAL_IN_XML)).as_py():
        return pc.replace_substring_regex(array, ILLEGAL_IN_XML, _REPLACEMENT)
    return array


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _float_texts(array: pa.Array, infinities: tuple[str, str]) -> pa.Array:
    texts = array.cast(pa.large_string())
    if pc.all(pc.is_finite(array)).as_py() is not False:
        return texts
    for spelt, wanted in (("nan", "NaN"), ("inf", infinities[0]), ("-inf", infinities[1])):
        texts = pc.if_else(pc.equal(texts, spelt), wanted, texts)
    # The sign of NaN has no meaning, but is printed.
    return pc.if_else(pc.equal(texts, "-nan"), "NaN", texts)


def _list_texts(array: pa.Array, column: Column, infinities: tuple[str, str]) -> pa.Array:
    lists = array.cast(pa.large_list(array.type.value_type))
    first, last = lists.offsets[0].as_py(), lists.offsets[-1].as_py()
    values = lists.values.slice(first, last - first)
    element = Column(column.name, column.datatype)
    texts = pc.fill_null(cell_texts(values, element, infinities), absent_element(column.datatype))
    offsets = pc.subtract(lists.offsets, first)
    rebuilt = pa.LargeListArray.from_arrays(offsets, texts, mask=lists.is_null() if lists.null_count else None)
    return pc.binary_join(rebuilt, _scalar(" "))
