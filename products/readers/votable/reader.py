"""Reader of VOTable files (VOTable 1.5): one of its tables, in TABLEDATA, BINARY, BINARY2 or FITS."""

import base64
import binascii
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import InvalidValueError, TooLargeError
from products.readers.base import FileReader, ReadLimits, TableChoice, chosen_tables
from products.readers.column_checks import checked_names, described_field
from products.readers.errors import ColumnTypeError, DamagedFileError, NotATableError, damage_reported, listed
from products.readers.formats import VOTABLE
from products.readers.votable.cells import (
    array_of_bytes,
    array_of_texts,
    arrow_type_of_field,
    cell_bytes,
    fixed_length,
    item_bytes,
)
from products.readers.votable.document import TableHandler, VotableField, parsed_pieces
from products.readers.votable.fits_rows import EmbeddedFits, fits_batches
from products.readers.votable.tables import votable_tables

__all__ = ["VotableReader"]

_MOST_HEAD_PIECES = 32
_LIBRARY_ERRORS = (pa.ArrowException, ValueError, OverflowError, TypeError)
_NO_SPACES = str.maketrans("", "", string.whitespace)


class VotableReader(FileReader):
    """Reader of a VOTable file, piece by piece.

    Parameters
    ----------
    table
        Name or ID of the table; the first one by default.
    """

    format = VOTABLE.name

    def __init__(self, path: Path, name: str, limits: ReadLimits, table: str | None = None) -> None:
        self._path = path
        # With a query comes the first table of a document (DALI 1.1 §3.4.5); the others are not looked at.
        choices = (
            [] if limits.whole_standard and table is None else votable_tables(path, name, even_one=table is not None)
        )
        self._number, notes = _chosen(choices, name, table)
        handler = _head(path, name, limits, self._number)
        if limits.whole_standard:
            _name_all(handler.fields)
        checked_names(name, [column.name for column in handler.fields], limits)
        self._fields = {column.name: column for column in handler.fields}
        self._order = handler.fields
        self._extension = handler.extension
        schema, left_out = _schema(handler, name, whole_standard=limits.whole_standard)
        empty = not handler.rows and not handler.text
        super().__init__(
            name, schema, limits=limits, rows=0 if empty else None, notes=notes, left_out=left_out,
            tables=[replace(each, is_read=number == self._number) for number, each in enumerate(choices)],
            details={"serialization": handler.serialization or "none"},
        )  # fmt: skip

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        handler = TableHandler(self.name, number=self._number)
        if self.details["serialization"] == "FITS":
            pieces = (handler.take_text() for _ in parsed_pieces(self._path, handler))
            numbers = [list(self._fields).index(name) for name in schema.names]
            source = EmbeddedFits(pieces, self._extension)
            yield from fits_batches(source, self.name, self.limits, schema, numbers, size)
            return
        binary: _BinaryRows | None = None
        for _ in parsed_pieces(self._path, handler):
            if handler.serialization == "TABLEDATA":
                # A row may be incomplete between two pieces: its first cells wait for the others.
                if not handler.finished and handler.rows_waiting < size:
                    continue
                yield from self._text_batches(handler, schema, size)
            elif handler.serialization:
                binary = binary or _BinaryRows(self._order, handler.serialization, self.name)
                binary.add(handler.take_text(), last=handler.finished)
                yield from binary.batches(schema, size)
        if binary:
            binary.check_end()

    def _text_batches(self, handler: TableHandler, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        cells = dict(zip(self._fields, handler.take_rows(), strict=True))
        rows = len(next(iter(cells.values())))
        for start in range(0, rows, size):
            columns = []
            for field in schema:
                texts = cells[field.name][start : start + size]
                try:
                    columns.append(array_of_texts(texts, self._fields[field.name], field.type))
                except (pa.ArrowException, ValueError) as e:
                    raise ColumnTypeError(
                        f"A cell of the column {field.name} of {self.name} is not of its datatype, "
                        f"{self._fields[field.name].datatype}. Correct it and send the file again."
                    ) from e
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


class _BinaryRows:
    """Incremental decoder of rows of BINARY or BINARY2 from base64."""

    def __init__(self, fields: list[VotableField], serialization: str, name: str) -> None:
        self._fields = fields
        self._flags = (len(fields) + 7) // 8 if serialization == "BINARY2" else 0
        self._name = name
        self._text = ""
        self._bytes = b""
        self._widths = [_cell_bytes(column) for column in fields]

    def add(self, text: str, *, last: bool) -> None:
        """Add base64 text."""
        text = self._text + text.translate(_NO_SPACES)
        whole = len(text) if last else len(text) // 4 * 4
        self._text = text[whole:]
        try:
            self._bytes += base64.b64decode(text[:whole], validate=True)
        except (binascii.Error, ValueError) as e:
            raise DamagedFileError(f"The rows of {self._name} are not base64: send it again.") from e

    def check_end(self) -> None:
        """Refuse rows that end in their middle."""
        if self._bytes or self._text:
            raise DamagedFileError(f"{self._name} ends in the middle of a row: send it again.")

    def batches(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        """Yield the complete rows that have arrived."""
        starts, lengths, used = self._layout()
        if not len(starts):
            return
        data, self._bytes = np.frombuffer(self._bytes[:used], np.uint8), self._bytes[used:]
        with damage_reported(self._name, "VOTable", *_LIBRARY_ERRORS):
            for first in range(0, len(starts), size):
                rows = slice(first, first + size)
                yield self._batch(data, starts[rows], {key: value[rows] for key, value in lengths.items()}, schema)

    def _batch(
        self, data: np.ndarray, starts: np.ndarray, lengths: dict[int, np.ndarray], schema: pa.Schema
    ) -> pa.RecordBatch:
        position = starts + self._flags
        arrays: dict[str, pa.Array] = {}
        for number, column in enumerate(self._fields):
            width = self._widths[number]
            nulls = None
            if self._flags:
                nulls = (data[starts + number // 8] >> (7 - number % 8) & 1).astype(bool)
            if width is not None:
                if column.name in schema.names:
                    items = data[position[:, None] + np.arange(width)]
                    arrays[column.name] = array_of_bytes(items, None, column, schema.field(column.name).type, nulls)
                position = position + width
                continue
            count = lengths[number]
            size = cell_bytes(column, count)
            position = position + 4
            if column.name in schema.names:
                ends = np.cumsum(size)
                items = data[np.repeat(position - ends + size, size) + np.arange(ends[-1])]
                arrays[column.name] = array_of_bytes(items, count, column, schema.field(column.name).type, nulls)
            position = position + size
        return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)

    def _layout(self) -> tuple[np.ndarray, dict[int, np.ndarray], int]:
        """Return the starts of the complete rows, the lengths of their variable cells, and the end of the last row."""
        fixed = [width for width in self._widths if width is not None]
        if len(fixed) == len(self._widths):
            row = self._flags + sum(fixed)
            count = len(self._bytes) // row if row else 0
            return np.arange(count) * row, {}, count * row
        steps, skip = [], self._flags
        for number, width in enumerate(self._widths):
            if width is None:
                column = self._fields[number]
                # Bits are packed; their items have no whole number of bytes.
                steps.append((skip, number, 0 if column.datatype == "bit" else item_bytes(column)))
                skip = 0
            else:
                skip += width
        data, end, position = self._bytes, len(self._bytes), 0
        starts: list[int] = []
        counts: list[int] = []
        while True:
            at, row_counts = position, []
            for before, _number, item in steps:
                at += before
                count = int.from_bytes(data[at : at + 4], "big")
                row_counts.append(count)
                at += 4 + (count * item if item else (count + 7) // 8)
            at += skip
            if at > end:
                break
            starts.append(position)
            counts += row_counts
            position = at
        table = np.array(counts, np.int64).reshape(-1, len(steps))
        return np.array(starts, np.int64), {number: table[:, i] for i, (_, number, _i) in enumerate(steps)}, position


def _cell_bytes(column: VotableField) -> int | None:
    length = fixed_length(column)
    if length is None:
        return None
    return cell_bytes(column, length)


def _chosen(choices: list[TableChoice], name: str, wanted: str | None) -> tuple[int, list[str]]:
    """Return the number of the table to read, and the note about the others."""
    numbers = [0] if wanted is None else chosen_tables(name, choices, wanted)
    if len(numbers) > 1:
        raise InvalidValueError(f"Only one table of {name} can be read at a time.", field="table")
    if len(choices) < 2:
        return 0, []
    others = [
        each.name if each.rows is None else f"{each.name} ({each.rows} rows)"
        for number, each in enumerate(choices)
        if number != numbers[0]
    ]
    which = "first table" if wanted is None else "table"
    return numbers[0], [f"The {which}, {choices[numbers[0]].name}, was read; there are others: {listed(others)}."]


def _head(path: Path, name: str, limits: ReadLimits, number: int) -> TableHandler:
    """Parse a document up to the first rows of a table."""
    handler = TableHandler(name, number=number)
    for read, _ in enumerate(parsed_pieces(path, handler)):
        if handler.serialization and (handler.rows or handler.text):
            break
        if len(handler.fields) > limits.max_columns:
            raise TooLargeError(
                f"{name} has more than the {limits.max_columns} columns that are allowed. Leave out those that are "
                "not needed."
            )
        if not number and not handler.serialization and read > _MOST_HEAD_PIECES:
            raise NotATableError(f"{name} has too much metadata before its rows.")
    if not handler.fields:
        raise NotATableError(f"{name} is a VOTable without a table that has columns. Send one with a table.")
    return handler


def _name_all(fields: list[VotableField]) -> None:
    """Give every column a unique name: unnamed and repeated ones are numbered."""
    taken = {column.name for column in fields}
    seen: set[str] = set()
    for number, column in enumerate(fields, 1):
        stem = name = column.name.strip() or f"col{number}"
        count = 0
        while name in seen or (count and name in taken):
            count += 1
            name = f"{stem}_{count}"
        seen.add(name)
        column.name = name


def _schema(handler: TableHandler, name: str, *, whole_standard: bool) -> tuple[pa.Schema, dict[str, str]]:
    """Return the columns that can be read, and the others, each with the reason."""
    described: list[pa.Field] = []
    left_out: dict[str, str] = {}
    invalid: dict[str, str] = {}
    for column in handler.fields:
        reason = None if whole_standard else column.simplify()
        try:
            # The bytes of a column that is left out are skipped, so its size must be known.
            if whole_standard or reason:
                column.flatten()
            if reason:
                left_out[column.name] = reason
                continue
            field = described_field(column.name, arrow_type_of_field(column), **column.meanings)
            described.append(_as_declared(field, column) if whole_standard else field)
        except (TypeError, ValueError, OverflowError):
            invalid[column.name] = f"datatype {column.datatype or 'missing'}, arraysize {column.arraysize}"
    # The bytes after a column of unknown size cannot be found; a query may use any column.
    if invalid and (whole_standard or (handler.serialization or "").startswith("BINARY")):
        raise ColumnTypeError(
            f"{name} has columns of types that VOTable does not have ({listed(list(invalid))}: "
            f"{next(iter(invalid.values()))}). Correct them and send the file again."
        )
    left_out |= invalid
    return pa.schema(described), left_out


def _as_declared(field: pa.Field, column: VotableField) -> pa.Field:
    """Return a field with the VOTable datatype that the document declares, instead of the one of its Arrow type."""
    metadata = {**field.metadata, b"datatype": column.datatype.replace("bit", "boolean").encode()}
    declared = column.shape or (column.arraysize or "").strip()
    # Arrays without values are of no fixed size, which astropy cannot read back.
    if declared and b"arraysize" in metadata and "0" not in declared.split("x"):
        metadata[b"arraysize"] = declared.encode()
    return field.with_metadata(metadata)
