"""Reader of CSV (RFC 4180) and other delimited text, streamed by pyarrow with types inferred from the whole file.

A first pass reads the whole file with the types of its first block. Where a later value does not fit, a slower pass
widens the types of all columns, so that batches never fail on values that did not occur in the first rows.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from products.readers.base import FileReader, ReadLimits
from products.readers.column_checks import checked_names, described_field
from products.readers.errors import EmptyTableError, damage_reported
from products.readers.formats import CSV
from products.readers.recognition import suffix_of
from products.readers.text.column_types import identifier_notes
from products.readers.text.dialect import found_dialect
from products.readers.text.inference import decided_types
from products.readers.text.rows import DelimitedRows
from products.readers.text.source import surveyed_text

__all__ = ["DelimitedReader"]


class DelimitedReader(FileReader):
    """Reader of a CSV file, or another text file with one row a line."""

    format = CSV.name

    def __init__(self, path: Path, name: str, limits: ReadLimits) -> None:
        source = surveyed_text(path, name)
        dialect = found_dialect(source, name, suffix_of(name))
        checked_names(name, dialect.names, limits)
        self._rows = DelimitedRows.of_dialect(source, dialect, name)
        if not _has_data(self._rows) and not limits.allow_empty:
            raise EmptyTableError(
                f"{name} has a header of {len(dialect.names)} columns and no rows. Send the file with its rows."
            )
        known, rows = decided_types(self._rows, dialect.declared)
        types = self._rows.types
        notes = [*dialect.notes, *identifier_notes(known)]
        if source.encoding != "utf-8":
            notes.append(f"The text is not UTF-8; it was read as {_encoding_word(source.encoding)}.")
        details = {"delimiter": dialect.delimiter, "has_header": dialect.has_header, "encoding": source.encoding}
        label = dialect.label or (
            "text with exponents of Fortran" if any(column.has_fortran for column in known.values()) else ""
        )
        super().__init__(
            name,
            pa.schema([
                described_field(column, types[column], **dialect.meanings.get(column, {}))
                for column in dialect.names
                if column not in dialect.left_out
            ]),
            limits=limits, rows=rows, notes=notes,
            details={**details, "layout": label} if label else details,
        )  # fmt: skip

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        with damage_reported(self.name, "CSV", pa.ArrowException, OSError, ValueError):
            for batch in self._rows.batches(schema.names):
                for start in range(0, batch.num_rows, size):
                    columns = batch.slice(start, size).columns
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _has_data(rows: DelimitedRows) -> bool:
    with rows.open() as file:
        return any(line.strip(b" \r\n") for line in iter(file.readline, b""))


def _encoding_word(encoding: str) -> str:
    return {"cp1252": "Western European (Windows-1252)", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}[encoding]
