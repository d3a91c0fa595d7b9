"""Writers of CSV (RFC 4180) and TSV (IANA text/tab-separated-values), each with a header of names.

A missing value is an empty cell; in CSV an empty text is ``""``. These formats cannot state an overflow or an error: an
error breaks off the transfer, so that a truncated table is not taken for the whole.
"""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.votable import LimitedBatches, TableDescription, canonical_arrays, cell_texts, joined_rows

__all__ = ["quoted", "write_csv", "write_tsv"]

_INFINITIES = ("Infinity", "-Infinity")  # understood by pandas, astropy and STILTS alike


def write_csv(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Yield comma-separated values with a header."""
    return _write(description, batches, limit, separator=",", ending="\r\n", protected=quoted)


def write_tsv(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Yield tab-separated values with a header; tabs and line breaks in values become spaces."""
    return _write(description, batches, limit, separator="\t", ending="\n", protected=_flattened)


def quoted(texts: pa.Array) -> pa.Array:
    """Return texts with quotes where they are required (RFC 4180 §2)."""
    needed = pc.match_substring_regex(texts, r'[",\r\n]|^\s|\s$|^$')
    if not pc.any(needed).as_py():
        return texts
    mark = pa.scalar('"', pa.large_string())
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise(mark, doubled, mark, pa.scalar("", pa.large_string())), texts)


def _write(
    description: TableDescription,
    batches: Iterable[pa.RecordBatch],
    limit: int | None,
    *,
    separator: str,
    ending: str,
    protected: Callable[[pa.Array], pa.Array],
) -> Iterator[bytes]:
    columns = description.columns
    names = protected(pa.array([column.name for column in columns], pa.large_string()))
    yield (separator.join(names.to_pylist()) + ending).encode()

    def cells(array: pa.Array, column: Column) -> pa.Array:
        texts = cell_texts(array, column, _INFINITIES)
        return protected(texts) if column.is_text else texts

    for batch in LimitedBatches(batches, limit):
        arrays = canonical_arrays(batch, columns)
        row_cells = [cells(array, column) for array, column in zip(arrays, columns, strict=True)]
        if len(columns) == 1 and separator == ",":  # readers skip a blank line
            row_cells = [pc.fill_null(row_cells[0], '""')]
        yield bytes(joined_rows(row_cells, before="", between=separator, after=ending))


def _flattened(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(texts, "[\t\r\n]")).as_py():
        return pc.replace_substring_regex(texts, "\r\n|[\t\r\n]", " ")
    return texts
