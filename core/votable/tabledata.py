"""TABLEDATA serialization of rows (VOTable 1.4 §5.1), by Arrow kernels without a Python object for each cell."""

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.votable.datatypes import fixed_count
from core.votable.texts import absent_element, cell_texts, joined_rows, legal_text

__all__ = ["tabledata_rows"]

_INFINITIES = ("+Inf", "-Inf")
# A parser converts a bare carriage return to a line feed, so it is written as a character reference.
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))


def tabledata_rows(arrays: list[pa.Array], columns: tuple[Column, ...]) -> memoryview:
    """Write rows as TR elements; `arrays` are those that `canonical_arrays` gives."""
    cells = [_cells(array, column) for array, column in zip(arrays, columns, strict=True)]
    return joined_rows(cells, before="<TR><TD>", between="</TD><TD>", after="</TD></TR>\n")


def _cells(array: pa.Array, column: Column) -> pa.Array:
    texts = cell_texts(array, column, _INFINITIES)
    count = fixed_count(column)
    if count is not None and column.arraysize is not None and texts.null_count:
        # An empty cell is a null by the standard, and an array of the wrong length to STILTS.
        return pc.fill_null(texts, " ".join([absent_element(column.datatype)] * count))
    if not column.is_text:
        return texts
    texts = legal_text(texts)
    if pc.any(pc.match_substring_regex(texts, "[&<>\r]")).as_py():
        for character, reference in _ESCAPES:
            texts = pc.replace_substring(texts, character, reference)
    return texts
