"""Reader of CSV (RFC 4180) and other delimited text, streamed by pyarrow with types inferred from the whole file.

A first pass reads the whole file with the types of its first block. Where a later value does not fit, a slower pass
widens the types of all columns, so that batches never fail on values that did not occur in the first rows.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from core.errors import PhotozError
from products.readers.base import FileReader, ReadLimits
from products.readers.column_checks import checked_names, described_field
from products.readers.errors import EmptyTableError, NotATableError, RaggedRowError, damage_reported
from products.readers.formats import CSV
from products.readers.recognition import suffix_of
from products.readers.text.dialect import NULLS, Dialect, found_dialect
from products.readers.text.source import Cleaning, TextSource, surveyed_text

__all__ = ["DelimitedReader", "DelimitedRows"]

_BLOCK_BYTES = 4_000_000
_BEGINNING_BYTES = 1_000_000
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_BAD_COLUMN = re.compile(r"In CSV column #(\d+)")
_MOST_REPAIRS = 5


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
        types, rows = _decided_types(self._rows)
        self._rows.verbatim = frozenset(column for column, kind in types.items() if pa.types.is_string(kind))
        types = self._rows.types = _without_nulls(types)
        notes = [*dialect.notes]
        if source.encoding != "utf-8":
            notes.append(f"The text is not UTF-8; it was read as {_encoding_word(source.encoding)}.")
        super().__init__(
            name, pa.schema([described_field(column, types[column]) for column in dialect.names]), limits=limits,
            rows=rows, notes=notes,
            details={"delimiter": dialect.delimiter, "has_header": dialect.has_header, "encoding": source.encoding},
        )  # fmt: skip

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        with damage_reported(self.name, "CSV", pa.ArrowException, OSError, ValueError):
            for batch in self._rows.batches(schema.names):
                for start in range(0, batch.num_rows, size):
                    columns = batch.slice(start, size).columns
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)


class DelimitedRows:
    """The rows of a text table, which can be read repeatedly.

    Parameters
    ----------
    types
        Arrow types of the columns; text by default.
    """

    def __init__(
        self,
        source: TextSource,
        name: str,
        names: Sequence[str],
        *,
        delimiter: str,
        skipped_lines: int,
        cleaning: Cleaning,
        nulls: Sequence[str] = NULLS,
    ) -> None:
        self.names = list(names)
        self.types: Mapping[str, pa.DataType] = {}
        #: Columns of text, in which only empty fields are null; in others ``NULL`` and the like are null too.
        self.verbatim: frozenset[str] = frozenset()
        self._source = source
        self.name = name
        self._delimiter = delimiter
        self._skipped_lines = skipped_lines
        self._cleaning = cleaning
        self._nulls = list(nulls)

    @classmethod
    def of_dialect(cls, source: TextSource, dialect: Dialect, name: str) -> "DelimitedRows":
        """Return the rows of a text with a known dialect."""
        cleaning = Cleaning(comments=source.has_inner_comments, blanks=dialect.delimiter == " ", padding=dialect.padded)
        delimiter = "\t" if dialect.delimiter == " " else dialect.delimiter
        return cls(
            source, name, dialect.names, delimiter=delimiter, skipped_lines=dialect.skipped_lines, cleaning=cleaning
        )

    def open(self) -> io.BufferedReader:
        """Open the rows as a stream of bytes."""
        return self._source.open(self._skipped_lines, self._cleaning)

    def batches(
        self, columns: Sequence[str], types: Mapping[str, pa.DataType] | None = None, *, beginning: bytes | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of all rows, or only of those in the first block.

        Raises
        ------
        RaggedRowError
            A row has another number of fields.
        pyarrow.ArrowInvalid
            A value is not of its column's type.
        """
        types = self.types if types is None else types
        ragged: list[pacsv.InvalidRow] = []

        def note_row(row: pacsv.InvalidRow) -> str:
            ragged.append(row)
            return "error"

        try:
            with self.open() if beginning is None else io.BytesIO(beginning) as file:
                for batch in pacsv.open_csv(
                    file,
                    read_options=pacsv.ReadOptions(column_names=self.names, block_size=_BLOCK_BYTES),
                    parse_options=pacsv.ParseOptions(
                        delimiter=self._delimiter,
                        newlines_in_values=self._source.has_quotes,
                        invalid_row_handler=note_row,
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types={name: types.get(name, pa.string()) for name in self.names},
                        include_columns=list(columns),
                        null_values=self._nulls,
                        true_values=list(_TRUE),
                        false_values=list(_FALSE),
                        strings_can_be_null=not self.verbatim,
                    ),
                ):
                    yield self._with_nulls(batch) if self.verbatim else batch
        except pa.ArrowInvalid as e:
            if ragged:
                raise self._ragged_error(ragged[0]) from e
            if "Empty CSV" in str(e):
                return
            if "straddling" in str(e):
                raise NotATableError(
                    f"{self.name} is not a table: a line, or a text in quotes that is never closed, is longer than "
                    f"{_BLOCK_BYTES // 1_000_000} MB. Check its quotes and line ends."
                ) from e
            raise

    def _with_nulls(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Replace empty fields of text columns by null."""
        columns = list(batch.columns)
        for position, field in enumerate(batch.schema):
            if pa.types.is_string(field.type):
                nothing = [""] if field.name in self.verbatim else self._nulls
                missing = pc.is_in(columns[position], pa.array(nothing))
                columns[position] = pc.if_else(missing, pa.scalar(None, pa.string()), columns[position])
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _ragged_error(self, row: pacsv.InvalidRow) -> RaggedRowError:
        where = self._line_of(row.text)
        return RaggedRowError(
            f"{where} of {self.name} has {row.actual_columns} fields where {row.expected_columns} were expected. "
            "Correct it, or put texts that contain the delimiter in quotes, and send the file again."
        )

    def _line_of(self, text: str) -> str:
        """Return the line of a row that pyarrow rejected; pyarrow's own count ignores skipped lines."""
        wanted = text.strip().encode()
        for number, line in enumerate(self._source.lines(), 1):
            cleaned = self._cleaning(line.encode()) if self._cleaning.needed else line.encode()
            if number > self._skipped_lines and cleaned.strip() == wanted:
                return f"Line {number}"
        return "A row"


def _has_data(rows: DelimitedRows) -> bool:
    with rows.open() as file:
        return any(line.strip() for line in iter(file.readline, b""))


def _decided_types(rows: DelimitedRows) -> tuple[dict[str, pa.DataType], int]:
    """Return the type of each column over the whole file, and the number of rows."""
    types: dict[str, pa.DataType] = dict.fromkeys(rows.names, pa.null())
    try:
        for batch in rows.batches(rows.names, {}, beginning=_beginning(rows)):
            types = _widened(types, batch)
    except (pa.ArrowInvalid, PhotozError):
        # The first block may end inside a quoted text; the pass over the whole file reports real errors.
        types = dict.fromkeys(rows.names, pa.null())
    for _ in range(_MOST_REPAIRS):
        try:
            return types, sum(batch.num_rows for batch in rows.batches(rows.names, types))
        except pa.ArrowInvalid as e:
            if not _BAD_COLUMN.search(str(e)):
                raise NotATableError(f"{rows.name} cannot be read as a text table: check its quotes.") from e
        for batch in rows.batches(rows.names, {}):
            types = _widened(types, batch)
    types = dict.fromkeys(rows.names, pa.string())
    return types, sum(batch.num_rows for batch in rows.batches(rows.names, types))


def _beginning(rows: DelimitedRows) -> bytes:
    with rows.open() as file:
        head = file.read(_BEGINNING_BYTES)
    return head[: head.rfind(b"\n") + 1] or head


def _widened(types: Mapping[str, pa.DataType], batch: pa.RecordBatch) -> dict[str, pa.DataType]:
    return {name: _wider(types[name], batch.column(name)) for name in types}


def _wider(known: pa.DataType, texts: pa.Array) -> pa.DataType:
    """Return the narrowest type that holds the values so far and these texts."""
    if texts.null_count == len(texts) or pa.types.is_string(known):
        return known
    texts = pc.utf8_trim_whitespace(texts.drop_null())
    if pa.types.is_null(known) or pa.types.is_boolean(known):
        if pc.all(pc.is_in(texts, pa.array([*_TRUE, *_FALSE]))).as_py():
            return pa.bool_()
        if pa.types.is_boolean(known):
            return pa.string()
    for candidate in (pa.int64(), pa.uint64()):
        if not pa.types.is_floating(known) and known in {pa.null(), pa.int64(), candidate} and _fits(texts, candidate):
            # After negative numbers, unsigned types no longer hold all values; the next pass detects that.
            return candidate
    # Identifiers with more digits than a number keeps stay text.
    if pc.any(pc.match_substring_regex(texts, r"^[+-]?[0-9]{19,}$")).as_py():
        return pa.string()
    return pa.float64() if _fits(texts, pa.float64()) else pa.string()


def _fits(texts: pa.Array, candidate: pa.DataType) -> bool:
    try:
        texts.cast(candidate)
    except pa.ArrowInvalid:
        return False
    return True


def _without_nulls(types: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
    return {name: pa.string() if pa.types.is_null(kind) else kind for name, kind in types.items()}


def _encoding_word(encoding: str) -> str:
    return {"cp1252": "Western European (Windows-1252)", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}[encoding]
