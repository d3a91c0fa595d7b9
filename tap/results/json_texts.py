"""JSON representation of columns of values (RFC 8259), computed by Arrow kernels."""

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.votable import cell_texts

__all__ = ["json_texts"]

_NULL = "null"
_CONTROLS = "[\x00-\x1f]"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def json_texts(array: pa.Array, column: Column, *, quoted_numbers: bool) -> pa.Array:
    """Return each value of a column as JSON; missing values are the text ``null``.

    Parameters
    ----------
    array
        Values in the type of `core.votable.canonical_arrays`.
    quoted_numbers
        Whether infinities and NaN, which are not numbers of JSON, are quoted, as in the JSON mapping of Protocol
        Buffers; otherwise they are bare, as Python and JSON5 read them.
    """
    if column.is_text:
        return pc.fill_null(_quoted(array), _NULL)
    if column.arraysize is not None:
        return _lists(array, column, quoted_numbers=quoted_numbers)
    mark = '"' if quoted_numbers else ""
    texts = cell_texts(array, column, (f"{mark}Infinity{mark}", f"{mark}-Infinity{mark}"))
    if pa.types.is_floating(array.type) and pc.any(pc.equal(texts, "-0")).as_py():
        texts = pc.if_else(pc.equal(texts, "-0"), "-0.0", texts)  # an integer in Python, which has no negative zero
    if mark and pa.types.is_floating(array.type) and pc.any(pc.is_nan(array)).as_py():
        texts = pc.if_else(pc.equal(texts, "NaN"), '"NaN"', texts)
    return pc.fill_null(texts, _NULL)


def _quoted(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(texts, r'["\\]|' + _CONTROLS)).as_py():
        texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
        if pc.any(pc.match_substring_regex(texts, _CONTROLS)).as_py():
            for code in range(0x20):
                texts = pc.replace_substring(texts, chr(code), _SHORT.get(chr(code), f"\\u{code:04x}"))
    return _enclosed(texts, '"', '"')


def _lists(array: pa.Array, column: Column, *, quoted_numbers: bool) -> pa.Array:
    lists = array.cast(pa.large_list(array.type.value_type))
    first, last = lists.offsets[0].as_py(), lists.offsets[-1].as_py()
    element = Column(column.name, column.datatype)
    texts = json_texts(lists.values.slice(first, last - first), element, quoted_numbers=quoted_numbers)
    mask = lists.is_null() if lists.null_count else None
    rebuilt = pa.LargeListArray.from_arrays(pc.subtract(lists.offsets, first), texts, mask=mask)
    return pc.fill_null(_enclosed(pc.binary_join(rebuilt, _scalar(",")), "[", "]"), _NULL)


def _enclosed(texts: pa.Array, before: str, after: str) -> pa.Array:
    return pc.binary_join_element_wise(_scalar(before), texts, _scalar(after), _scalar(""))


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
