"""Reader of an adjusted table: missing values are null, and positions in ICRS degrees are derived where needed."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from core.columns import column_of_field
from core.errors import InvalidValueError
from products.adjustments.missing_values import MissingValues
from products.adjustments.options import MissingNumber, TableOptions
from products.adjustments.positions import DerivedPosition
from products.inspection.column_statistics import StatisticsGatherer
from products.inspection.guesses import guess_meanings
from products.inspection.meanings import Meanings
from products.inspection.missing_values import column_words
from products.inspection.position_forms import PositionForm, position_forms
from products.readers import ReadLimits, TableChoice, TableReader, open_table

__all__ = ["AdjustedReader", "open_adjusted"]

_FRAME = b"frame"
_BATCH_ROWS = 65_536


class AdjustedReader:
    """`TableReader` of the table that another reader gives, after its adjustments.

    Parameters
    ----------
    options
        The adjustments. Positions are derived from a chosen form, and without a choice when the file tells that they
        need it.

    Attributes
    ----------
    options
        The adjustments that are made, with the form of positions that was decided.

    Raises
    ------
    InvalidValueError
        The options do not fit the table.
    """

    def __init__(self, reader: TableReader, options: TableOptions | None = None) -> None:
        options = options or TableOptions()
        self._reader = reader
        self._rest: Iterator[pa.RecordBatch] | None = None
        best = self.forms[0] if options.position is None and self.forms else None
        if best is not None and best.certain and not best.is_plain:
            options = replace(options, position=best)
        self.options = options
        self._missing = {
            name: _missing_values(self._first, name, values) for name, values in options.missing_values.items()
        }
        fields = [self._missing[f.name].field if f.name in self._missing else f for f in reader.schema]
        self._position = None if options.form is None else DerivedPosition(options.form, pa.schema(fields))
        if self._position is not None:
            fields = [_beside_derived(field) for field in fields]
        self._derived = {} if self._position is None else {f.name: i for i, f in enumerate(self._position.fields)}
        self.schema = pa.schema([*fields, *(self._position.fields if self._position else ())])
        self.notes = (*reader.notes, *self._notes())

    @cached_property
    def forms(self) -> tuple[PositionForm, ...]:
        """The forms of positions that are recognised in the first rows, the best first."""
        return _forms(self._first)

    @cached_property
    def _first(self) -> pa.RecordBatch:
        """The first rows of the file; not read where nothing is to be decided by them."""
        self._rest = iter(self._reader.batches(size=_BATCH_ROWS))
        found = next(self._rest, None)
        return pa.RecordBatch.from_pylist([], schema=self._reader.schema) if found is None else found

    @property
    def format(self) -> str:
        """Name of the format."""
        return self._reader.format

    @property
    def rows(self) -> int | None:
        """Number of rows, or None when it is unknown before reading."""
        return self._reader.rows

    @property
    def tables(self) -> tuple[TableChoice, ...]:
        """The tables of the file in its order."""
        return self._reader.tables

    @property
    def details(self) -> Mapping[str, object]:
        """Properties of the format."""
        return self._reader.details

    @property
    def derived_columns(self) -> tuple[str, ...]:
        """Names of the derived columns of right ascension and declination; none without them."""
        return tuple(self._derived)

    def problem_of(self, meanings: Meanings) -> str | None:
        """Return why the columns chosen as position are not ICRS degrees, or None."""
        return self.options.position_problem(meanings, self.forms, self.derived_columns, self.options.form)

    def batches(self, columns: Sequence[str] | None = None, *, size: int = _BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the rows from the beginning."""
        if columns is not None and (unknown := [name for name in columns if name not in self.schema.names]):
            raise InvalidValueError(f"The table has no column '{unknown[0]}'.", field="columns")
        wanted = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        needed = None
        if columns is not None:
            plain = [name for name in columns if name not in self._derived]
            sources = self._position.sources if self._position and len(plain) < len(columns) else ()
            needed = list(dict.fromkeys((*plain, *sources)))
        source = self._whole() if columns is None and size == _BATCH_ROWS else self._reader.batches(needed, size=size)
        for batch in source:
            yield self._adjusted(batch, wanted)

    def close(self) -> None:
        """Close the file and remove what was unpacked from it."""
        if isinstance(self._rest, Generator):
            self._rest.close()
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _whole(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the file; those that were read for decisions are not read again."""
        if self._first.num_rows:
            yield self._first
        rest, self._rest = self._rest, None
        if rest is None:
            rest = iter(self._reader.batches(size=_BATCH_ROWS))
            next(rest, None)
        yield from rest

    def _adjusted(self, batch: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name, missing in self._missing.items():
            if name in arrays:
                arrays[name] = missing.apply(arrays[name])
        if self._position is not None and not self._derived.keys().isdisjoint(wanted.names):
            sources = {name: arrays[name] for name in self._position.sources}
            derived = self._position.arrays(pa.record_batch(sources))
            arrays |= {name: derived[number] for name, number in self._derived.items()}
        return pa.RecordBatch.from_arrays([arrays[name] for name in wanted.names], schema=wanted)

    def _notes(self) -> Iterator[str]:
        by_values: dict[tuple[MissingNumber, ...], list[str]] = {}
        for name, values in self.options.missing_values.items():
            by_values.setdefault(tuple(values), []).append(name)
        for values, names in by_values.items():
            listed, verb = ", ".join(str(value) for value in values), "means" if len(values) == 1 else "mean"
            yield f"In the {column_words(names)}, {listed} {verb} that there is no value."
        if self._position is not None:
            yield self._position.note


def open_adjusted(
    path: Path,
    name: str,
    options: TableOptions | None = None,
    *,
    limits: ReadLimits | None = None,
    scratch: Path | None = None,
) -> AdjustedReader:
    """Open a file for reading its adjusted table; see `products.readers.open_table` and `AdjustedReader`."""
    table = None if options is None else options.table
    reader = open_table(path, name, limits=limits, scratch=scratch, table=table)
    try:
        return AdjustedReader(reader, options)
    except BaseException:
        reader.close()
        raise


def _forms(first: pa.RecordBatch) -> tuple[PositionForm, ...]:
    gatherer = StatisticsGatherer(first.schema)
    gatherer.add(first)
    statistics = gatherer.statistics()
    columns = [column_of_field(field) for field in first.schema]
    frames = {field.name: field.metadata[_FRAME].decode() for field in first.schema if _FRAME in (field.metadata or {})}
    return position_forms(columns, statistics, guess_meanings(columns, statistics), frames)


def _beside_derived(field: pa.Field) -> pa.Field:
    """Return a column of a position as a secondary one, because the derived one is the main one."""
    ucd = (field.metadata or {}).get(b"ucd", b"").lower()
    if not (ucd.startswith(b"pos.eq.") and ucd.endswith(b";meta.main")):
        return field
    return field.with_metadata({**field.metadata, b"ucd": ucd.removesuffix(b";meta.main")})


def _missing_values(first: pa.RecordBatch, name: str, values: Sequence[float | int | str]) -> MissingValues:
    if name not in first.schema.names:
        raise InvalidValueError(f"The table has no column '{name}', whose missing values were chosen.", field=name)
    return MissingValues(first.schema.field(name), values, first.column(name))
