"""Inference of the types of a text table: from its first block, checked and widened over the whole file."""

from collections.abc import Mapping

import pyarrow as pa

from core.errors import PhotozError
from products.readers.errors import NotATableError
from products.readers.text.column_types import ColumnType, IdentifierWatch
from products.readers.text.rows import DelimitedRows

__all__ = ["decided_types"]

_BEGINNING_BYTES = 500_000
_MOST_REPAIRS = 5


def decided_types(rows: DelimitedRows, declared: Mapping[str, str]) -> tuple[dict[str, ColumnType], int]:
    """Decide the type of each column over the whole file, set them on the rows, and return them with their number.

    Parameters
    ----------
    declared
        Types that the header of the file declares.

    Raises
    ------
    NotATableError, RaggedRowError
        The rows cannot be split into fields.
    """
    fresh = {name: ColumnType(declared=declared.get(name, "")) for name in rows.names}
    try:
        known = fresh
        for batch in rows.batches(rows.names, {}, beginning=_beginning(rows)):
            known = _widened(known, batch, rows.decimal)
    except (pa.ArrowInvalid, PhotozError):
        # The first block may end inside a quoted text; the pass over the whole file reports real errors.
        known = fresh
    is_complete = False
    for _ in range(_MOST_REPAIRS):
        watch = IdentifierWatch(rows.delimiter, quotes=rows.has_quotes)
        number = _number_of_rows(rows, known, watch)
        # Leading zeros are lost without an error where the first block had none.
        if number is not None and (is_complete or not watch.found):
            _set_verbatim(rows)
            return known, number
        for batch in rows.batches(rows.names, {}):
            known = _widened(known, batch, rows.decimal)
        is_complete = True
    known = {name: ColumnType(kind=pa.string()) for name in rows.names}
    number = _number_of_rows(rows, known, None)
    _set_verbatim(rows)
    return known, number or 0


def _number_of_rows(rows: DelimitedRows, known: Mapping[str, ColumnType], watch: IdentifierWatch | None) -> int | None:
    """Read all rows with these types and return their number, or None when a value is not of its type."""
    rows.types = {name: column.decided(name) for name, column in known.items()}
    rows.rewritten = frozenset(name for name, column in known.items() if column.is_rewritten)
    # Columns without any value so far are checked for values.
    types = {
        name: pa.null() if pa.types.is_null(column.kind) and not column.declared else rows.types[name]
        for name, column in known.items()
    }
    try:
        return sum(int(batch.num_rows) for batch in rows.batches(rows.names, types, watch=watch))
    except pa.ArrowInvalid as e:
        if "In CSV column #" in str(e) or rows.rewritten:
            return None
        raise NotATableError(f"{rows.name} cannot be read as a text table: check its quotes.") from e


def _set_verbatim(rows: DelimitedRows) -> None:
    rows.verbatim = frozenset(name for name, kind in rows.types.items() if pa.types.is_string(kind))


def _beginning(rows: DelimitedRows) -> bytes:
    with rows.open() as file:
        head = file.read(_BEGINNING_BYTES)
    return head[: head.rfind(b"\n") + 1] or head


def _widened(known: Mapping[str, ColumnType], batch: pa.RecordBatch, decimal: str) -> dict[str, ColumnType]:
    return {name: column.widened(batch.column(name), decimal) for name, column in known.items()}
