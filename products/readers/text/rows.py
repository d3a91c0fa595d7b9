"""The rows of a text table as Arrow batches, parsed by pyarrow."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from products.readers.errors import NotATableError, RaggedRowError
from products.readers.text.column_types import FALSE, TRUE, numbers_of
from products.readers.text.layout import NULLS, Dialect
from products.readers.text.source import Cleaning, TextSource

__all__ = ["DelimitedRows"]

_BLOCK_BYTES = 4_000_000


class DelimitedRows:
    """The rows of a text table, which can be read repeatedly.

    Parameters
    ----------
    nulls
        Texts that represent a missing value in all columns.
    column_nulls
        Texts that represent a missing value in single columns.
    decimal
        The decimal mark.

    Attributes
    ----------
    types
        Arrow types of the columns; text by default.
    verbatim
        Columns of text, in which only empty fields are null; in others ``NULL`` and the like are null too.
    rewritten
        Columns of numbers that pyarrow does not parse as they are written.
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
        column_nulls: Mapping[str, frozenset[str]] | None = None,
        decimal: str = ".",
    ) -> None:
        self.names = list(names)
        self.types: Mapping[str, pa.DataType] = {}
        self.verbatim: frozenset[str] = frozenset()
        self.rewritten: frozenset[str] = frozenset()
        self.name = name
        self.delimiter = delimiter
        self.decimal = decimal
        # Columns at fixed places need no quotes, and seconds of arc are written with one.
        self.has_quotes = source.has_quotes and not cleaning.widths
        self._source = source
        self._skipped_lines = skipped_lines
        self._cleaning = cleaning
        self._nulls = list(nulls)
        self._column_nulls = column_nulls or {}

    @classmethod
    def of_dialect(cls, source: TextSource, dialect: Dialect, name: str) -> "DelimitedRows":
        """Return the rows of a text with a known dialect."""
        is_fixed = bool(dialect.widths)
        cleaning = Cleaning(
            comments=source.has_inner_comments and dialect.has_comments,
            blanks=dialect.delimiter == " " and not is_fixed,
            padding=dialect.delimiter if dialect.padded else "",
            bars=dialect.barred,
            rules=dialect.has_rules,
            end=dialect.end,
            widths=dialect.widths,
        )
        return cls(
            source,
            name,
            dialect.names,
            delimiter="\t" if dialect.delimiter == " " else dialect.delimiter,
            skipped_lines=dialect.skipped_lines,
            cleaning=cleaning,
            column_nulls=dialect.nulls,
            decimal=dialect.decimal,
        )

    def open(self, watch: Callable[[bytes], None] | None = None) -> io.BufferedReader:
        """Open the rows as a stream of bytes."""
        return self._source.open(self._skipped_lines, self._cleaning, watch)

    def batches(
        self,
        columns: Sequence[str],
        types: Mapping[str, pa.DataType] | None = None,
        *,
        beginning: bytes | None = None,
        watch: Callable[[bytes], None] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of all rows, or only of those in the first block.

        Parameters
        ----------
        watch
            Called with each block of complete lines that is read.

        Raises
        ------
        RaggedRowError
            A row has another number of fields.
        pyarrow.ArrowInvalid
            A value is not of its column's type.
        """
        types = self.types if types is None else types
        wanted = {name: types.get(name, pa.string()) for name in self.names}
        ragged: list[pacsv.InvalidRow] = []

        def note_row(row: pacsv.InvalidRow) -> str:
            ragged.append(row)
            return "error"

        try:
            with self.open(watch) if beginning is None else io.BytesIO(beginning) as file:
                for batch in pacsv.open_csv(file, **self._options(columns, wanted, note_row)):
                    yield self._finished(batch, wanted)
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

    def _options(
        self,
        columns: Sequence[str],
        types: Mapping[str, pa.DataType],
        note_row: Callable[[pacsv.InvalidRow], str],
    ) -> dict[str, object]:
        return {
            "read_options": pacsv.ReadOptions(column_names=self.names, block_size=_BLOCK_BYTES),
            "parse_options": pacsv.ParseOptions(
                delimiter=self.delimiter,
                quote_char=False if self._cleaning.widths else '"',
                newlines_in_values=self.has_quotes,
                invalid_row_handler=note_row,
            ),
            "convert_options": pacsv.ConvertOptions(
                column_types={name: pa.string() if name in self.rewritten else kind for name, kind in types.items()},
                include_columns=list(columns),
                null_values=self._nulls,
                true_values=list(TRUE),
                false_values=list(FALSE),
                strings_can_be_null=not self.verbatim,
                decimal_point=self.decimal,
            ),
        }

    def _finished(self, batch: pa.RecordBatch, types: Mapping[str, pa.DataType]) -> pa.RecordBatch:
        """Return a batch with nulls for missing values, and the numbers that pyarrow did not parse."""
        if not (self.verbatim or self.rewritten or self._column_nulls):
            return batch
        columns = [self._column(batch.column(position), field, types) for position, field in enumerate(batch.schema)]
        names = batch.schema.names
        return pa.RecordBatch.from_arrays(columns, names=names)

    def _column(self, array: pa.Array, field: pa.Field, types: Mapping[str, pa.DataType]) -> pa.Array:
        name, own_nulls = field.name, self._column_nulls.get(field.name, frozenset())
        if not pa.types.is_string(field.type):
            numbers = [float(text) for text in own_nulls if _is_float(text)]
            missing = (
                pc.is_in(array.cast(pa.float64(), safe=False), pa.array(numbers, pa.float64())) if numbers else None
            )
            return array if missing is None else pc.if_else(missing, pa.scalar(None, array.type), array)
        nothing = ["", *own_nulls] if name in self.verbatim else [*self._nulls, *own_nulls]
        if self.verbatim or own_nulls:
            missing = pc.is_in(array, pa.array(nothing))
            array = pc.if_else(missing, pa.scalar(None, pa.string()), array)
        if name in self.rewritten and not pa.types.is_string(types[name]):
            return numbers_of(pc.utf8_trim_whitespace(array), self.decimal).cast(types[name])
        return array

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


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
