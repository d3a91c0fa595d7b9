"""Protocol and base class of the readers of table files: a schema with column metadata, and batches of rows."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import pyarrow as pa

from core.errors import InvalidValueError
from products.readers.column_checks import left_out_notes, readable_schema
from products.readers.errors import EmptyTableError, listed
from products.readers.limits import ReadLimits, TableChoice
from products.readers.unpacking import checked_repetition

__all__ = ["EnsembleTables", "FileReader", "ReadLimits", "TableChoice", "TableReader", "chosen_tables"]

_TEXT_BYTES = 24
_LIST_BYTES = 256


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

    @property
    def tables(self) -> tuple[TableChoice, ...]:
        """The tables of the file in its order, among which `open_table` has chosen."""

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65536) -> Iterator[pa.RecordBatch]:
        """Yield the rows from the beginning, ``size`` rows at most in a batch."""

    def close(self) -> None:
        """Close the file and remove what was unpacked from it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class EnsembleTables:
    """Tables of a qp ensemble of probability densities, in whichever file format (``qp.Ensemble.build_tables``).

    Parameters
    ----------
    meta
        What all objects share: the name of the form, grids, bin edges or quantiles.
    data
        Parameters of one object a row: by their names in qp, the columns of the reader that hold them.
    refused
        Parameters that cannot be read, each with the reason.
    """

    meta: Mapping[str, np.ndarray]
    data: Mapping[str, str]
    refused: Mapping[str, str] = field(default_factory=dict)


class FileReader(ABC):
    """Base class of the readers of all formats.

    Parameters
    ----------
    name
        Name of the file in messages.
    schema
        The columns; their names, number and types are checked, and those of types that cannot be read are left out.
    left_out
        Columns that the reader has left out, each with the reason; they are named in the notes.
    tables
        The tables of the file in its order; by default the one that is read.

    Attributes
    ----------
    ensemble
        The tables of a qp ensemble, if the file holds one; its parameters are among the columns.
    """

    format: str
    ensemble: EnsembleTables | None = None

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        *,
        limits: ReadLimits,
        rows: int | None = None,
        notes: Sequence[str] = (),
        details: Mapping[str, object] | None = None,
        left_out: Mapping[str, str] | None = None,
        tables: Sequence[TableChoice] = (),
    ) -> None:
        schema, self.left_out = readable_schema(name, schema, left_out or {}, limits)
        notes = [*notes, *left_out_notes(self.left_out), *_alike(schema)]
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
        self.details: Mapping[str, object] = {
            **(details or {}),
            **({"left_out": self.left_out} if self.left_out else {}),
        }
        self.tables = tuple(tables) or (TableChoice(name, rows, len(schema) + len(self.left_out), is_read=True),)
        #: Bytes of the file from which the rows are read; None when they are not known.
        self.stored_bytes: int | None = None
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
        return self._checked(self._read(schema, self.batch_rows(names, size)))

    def batch_rows(self, columns: Sequence[str], size: int) -> int:
        """Return the maximum number of rows of a batch of some columns, when ``size`` rows are requested."""
        row_bytes = _row_bytes(pa.schema([self.schema.field(column) for column in columns]))
        return max(1, min(size, self.limits.batch_bytes // max(1, row_bytes)))

    def _checked(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches as long as they are no larger than the limits allow for the bytes of the file."""
        total = 0
        for batch in batches:
            total += batch.nbytes
            checked_repetition(self.name, total, self.stored_bytes, self.limits)
            yield batch

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


def chosen_tables(name: str, tables: Sequence[TableChoice], wanted: str) -> list[int]:
    """Return the numbers of the tables that a choice names: one, or several joined by ``+``, in any case.

    Raises
    ------
    InvalidValueError
        The file has no such table, or more than one.
    """
    names = [table.name.casefold() for table in tables]
    parts = [wanted] if wanted.casefold() in names else wanted.split("+")
    numbers = []
    for part in parts:
        key = part.strip().casefold()
        if names.count(key) != 1:
            raise InvalidValueError(
                f"{name} has no table called {part.strip()}; its tables are {listed([each.name for each in tables])}.",
                field="table",
            )
        numbers.append(names.index(key))
    return numbers


def _alike(schema: pa.Schema) -> list[str]:
    alike = Counter(column.casefold() for column in schema.names)
    same = [column for column in schema.names if alike[column.casefold()] > 1]
    return [f"The names of the columns {listed(same)} differ only by case."] if same else []


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
