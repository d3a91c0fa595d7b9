"""Protocol and base class of the readers of table files: a schema with column metadata, and batches of rows."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Protocol, Self

import pyarrow as pa

from core.columns import Column, votable_type_of
from core.errors import InvalidValueError, TooLargeError
from products.readers.errors import ColumnNameError, ColumnTypeError, EmptyTableError, listed

__all__ = ["FileReader", "ReadLimits", "TableReader", "checked_names", "described_field"]

_TEXT_BYTES = 24
_LIST_BYTES = 256


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits on the files that are read.

    Parameters
    ----------
    max_columns
        Maximum number of columns of a table.
    max_unpacked_bytes
        Maximum number of bytes that a compressed file may unpack to.
    max_ratio
        Maximum ratio of unpacked bytes to bytes of an archive.
    max_members
        Maximum number of members of an archive.
    batch_bytes
        Maximum size of a batch in bytes; wide tables get fewer rows than requested.
    allow_empty
        Whether a table without rows is accepted.
    whole_standard
        Whether everything that the format's standard allows is accepted: in VOTables also repeated or missing names,
        arrays of arrays and of texts, and complex numbers.
    """

    max_columns: int = 4096
    max_unpacked_bytes: int = 2_000_000_000
    max_ratio: int = 100
    max_members: int = 1000
    batch_bytes: int = 32_000_000
    allow_empty: bool = False
    whole_standard: bool = False


class TableReader(Protocol):
    """Protocol of a table file that is open for reading."""

    @property
    def format(self) -> str:
        """Name of the format, one of ``FILE_FORMATS``."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns; the metadata of each field is that of ``core.columns``."""

    @property
    def rows(self) -> int | None:
        """Number of rows, or None when it is unknown before reading."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the uploader: what was detected, converted, or left out."""

    @property
    def details(self) -> Mapping[str, object]:
        """Properties of the format, such as the delimiter of a CSV file."""

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65536) -> Iterator[pa.RecordBatch]:
        """Yield the rows from the beginning, ``size`` rows at most in a batch."""

    def close(self) -> None:
        """Close the file and remove what was unpacked from it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FileReader(ABC):
    """Base class of the readers of all formats.

    Parameters
    ----------
    name
        Name of the file in messages.
    schema
        The columns; their names, number and types are checked.
    """

    format: ClassVar[str]

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        *,
        limits: ReadLimits,
        rows: int | None = None,
        notes: Sequence[str] = (),
        details: Mapping[str, object] | None = None,
    ) -> None:
        notes = [*notes, *_checked_columns(name, schema, limits)]
        if rows == 0 and not limits.allow_empty:
            raise EmptyTableError(
                f"{name} has no rows, only {_counted(len(schema), 'column')} ({listed(schema.names)}). "
                "Send the file with its rows."
            )
        self.name = name
        self.schema = schema
        self.limits = limits
        self.rows = rows
        self.notes = tuple(notes)
        self.details: Mapping[str, object] = details or {}
        self._closers: list[Callable[[], object]] = []

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65536) -> Iterator[pa.RecordBatch]:
        """Yield the rows from the beginning.

        Parameters
        ----------
        columns
            Names of the columns in the order wanted; all columns by default.
        size
            Maximum number of rows of a batch. Batches of wide tables have fewer, so that memory stays bounded.

        Raises
        ------
        InvalidValueError
            There is no column of this name.
        UnreadableFileError
            The file is damaged.
        """
        names = list(self.schema.names if columns is None else columns)
        if unknown := [column for column in names if column not in self.schema.names]:
            raise InvalidValueError(f"{self.name} has no column {listed(unknown)}.", field="columns")
        schema = pa.schema([self.schema.field(column) for column in names])
        return self._read(schema, max(1, min(size, self.limits.batch_bytes // max(1, _row_bytes(schema)))))

    def close(self) -> None:
        """Close the file and remove what was unpacked from it."""
        while self._closers:
            self._closers.pop()()

    def when_closed(self, action: Callable[[], object]) -> None:
        """Register an action for when the reader is closed; the last one registered is run first."""
        self._closers.append(action)

    def when_closed_last(self, action: Callable[[], object]) -> None:
        """Register an action for when the reader is closed, which is run after all others registered so far."""
        self._closers.insert(0, action)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        """Yield the columns of a schema, ``size`` rows at most in a batch."""


def described_field(
    name: str, arrow_type: pa.DataType, *, unit: str | None = None, ucd: str | None = None, **others: str | None
) -> pa.Field:
    """Return an Arrow field with a column's metadata and the VOTable datatype that corresponds to its Arrow type.

    Raises
    ------
    TypeError
        For types that VOTable columns cannot have.
    """
    datatype, arraysize, xtype = votable_type_of(arrow_type)
    xtype = others.pop("xtype", None) or xtype
    column = Column(name, datatype, arraysize, xtype=xtype, unit=unit or None, ucd=ucd or None, **others)
    keys = ("datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description", "frame")
    return pa.field(name, arrow_type, metadata={key: value for key in keys if (value := getattr(column, key))})


def checked_names(name: str, names: Sequence[str], limits: ReadLimits) -> None:
    """Raise when a table has too many columns, or names that are empty or repeated.

    Readers whose libraries cannot handle such names call this before they use the library.

    Raises
    ------
    EmptyTableError, TooLargeError, ColumnNameError
        With the names in question.
    """
    if not names:
        raise EmptyTableError(f"No columns were found in {name}. Send a table with named columns and rows.")
    if len(names) > limits.max_columns:
        raise TooLargeError(
            f"{name} has {len(names)} columns; at most {limits.max_columns} are allowed. "
            "Leave out those that are not needed."
        )
    if unnamed := [str(number) for number, column in enumerate(names, 1) if not column.strip()]:
        raise ColumnNameError(
            f"{_numbered(unnamed)} without a name in {name}. Name every column; if it is the row index "
            "that pandas writes, save with index=False."
        )
    repeated = [column for column, count in Counter(names).items() if count > 1]
    if repeated:
        raise ColumnNameError(
            f"{name} has more than one column called {listed(repeated)}. Give each column a name of its own."
        )


def _checked_columns(name: str, schema: pa.Schema, limits: ReadLimits) -> list[str]:
    checked_names(name, schema.names, limits)
    if nested := [field.name for field in schema if not _is_plain(field.type)]:
        raise ColumnTypeError(
            f"{name} has nested columns ({listed(nested)}). Only numbers, text, times and arrays of numbers can be "
            "read: split these columns or leave them out."
        )
    alike = Counter(column.casefold() for column in schema.names)
    same = [column for column in schema.names if alike[column.casefold()] > 1]
    return [f"The names of the columns {listed(same)} differ only by case."] if same else []


def _is_plain(arrow_type: pa.DataType) -> bool:
    try:
        votable_type_of(arrow_type)
    except TypeError:
        return False
    return True


def _row_bytes(schema: pa.Schema) -> int:
    return sum(_value_bytes(field.type) for field in schema)


def _value_bytes(arrow_type: pa.DataType) -> int:
    if pa.types.is_fixed_size_list(arrow_type):
        return int(arrow_type.list_size) * _value_bytes(arrow_type.value_type)
    if pa.types.is_list(arrow_type):
        return _LIST_BYTES
    try:
        return max(1, int(arrow_type.bit_width) // 8)
    except ValueError:
        return _TEXT_BYTES


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _numbered(numbers: Sequence[str]) -> str:
    return f"Column {numbers[0]} is" if len(numbers) == 1 else f"Columns {listed(numbers)} are"
