"""Loading of rows into tables of users: read by a job, converted to the columns of the table, stored as Parquet."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN, Column, field_of_column
from core.errors import ConflictError, InvalidValueError
from core.files.checksums import file_sha256
from core.files.kept import HeldFiles, KeptFiles
from products.inspection.meanings import Meanings
from products.readers.base import ReadLimits, TableChoice, TableReader
from products.readers.formats import FILE_FORMATS
from products.rows.derive import derive_rows
from products.rows.distinct_values import with_distinct_estimates
from products.rows.stored_columns import stored_name
from products.user_tables.misfits import delimited_misfit, first_misfit
from products.user_tables.models import TablePart, UserTable
from products.user_tables.service import UserTableService
from products.user_tables.uniqueness import has_duplicates, raise_first_duplicate

__all__ = ["FORMATS", "TableLoader", "arrow_schema"]

#: Delimited text formats, whose values are read with the types of the table's columns.
_DELIMITED: Mapping[str, tuple[str, str]] = {"text/csv": ("csv", ","), "text/tab-separated-values": ("tsv", "\t")}
_DELIMITERS = dict(_DELIMITED.values())
_OPENED = {known.name.lower(): known for known in FILE_FORMATS.values() if known.accepted_types}

#: Accepted formats of rows, by media type; jobs have these names as parameters.
FORMATS: Mapping[str, str] = {
    **{media_type: name for media_type, (name, _) in _DELIMITED.items()},
    **{media_type: name for name, known in _OPENED.items() for media_type in known.accepted_types},
}

_MOST_PARTS = 16
_BATCH_ROWS = 65_536

_Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class TableLoader:
    """Add rows to tables, and merge the parts of a table.

    Parameters
    ----------
    files
        The Parquet files.
    """

    tables: UserTableService
    files: KeptFiles
    max_columns: int

    def load(self, table_id: int, path: Path, kind: str, job_id: str, *, progress: _Progress, scratch: Path) -> int:
        """Add the rows of a file, all or none, and return their number.

        Raises
        ------
        InvalidValueError
            The file has columns that are not in the table, or values that do not fit, or that a unique index excludes.
        QuotaExceededError
            The rows exceed the owner's quota.
        """
        table = self.tables.get(table_id)
        if len(table.parts) >= _MOST_PARTS:
            self.merge(table_id, f"{job_id}.merge", progress=lambda _part, text: progress(0.0, text), scratch=scratch)
            table = self.tables.get(table_id)
        schema = arrow_schema(table.definition.columns)
        with closing(self._opened(path, kind, schema)) as reader:
            part = self._written(table, _Conformed(reader, schema), progress, scratch)
        try:
            for column in table.unique:
                self._check_unique(table, part, column, path, kind)
        except BaseException:
            self.remove([part.stored_id])
            raise
        return part.rows if self._kept(table_id, part, job_id, (), beside=table.parts if table.unique else None) else 0

    def merge(
        self, table_id: int, job_id: str, *, sort_by: str | None = None, progress: _Progress, scratch: Path
    ) -> None:
        """Merge all rows of a table into one file, sorted by position, or else by a column."""
        table = self.tables.get(table_id)
        if not table.parts or (len(table.parts) == 1 and (sort_by is None or table.definition.position)):
            return
        schema = arrow_schema(table.definition.columns)
        with self._held(table.parts) as held:
            part = self._written(table, _Parts(held.paths, schema, sort_by), progress, scratch)
        if not self._kept(table_id, part, job_id, table.parts):
            raise ConflictError("Rows were added to the table at the same time. Try again.")

    def require_unique(self, table_id: int, column: str) -> None:
        """Raise InvalidValueError when a column has a value more than once."""
        table = self.tables.get(table_id)
        schema = arrow_schema(table.definition.columns)
        stored = stored_name(schema.names.index(column))
        with self._held(table.parts) as held:
            is_repeated = has_duplicates(held.paths, stored, schema.field(column).type)
        if is_repeated:
            message = f"The column '{column}' has values that occur more than once; its index cannot be unique."
            raise InvalidValueError(message)

    def remove(self, stored_ids: Sequence[str]) -> None:
        """Remove files."""
        self.files.delete(*stored_ids)

    def sweep(self, *, older_than: float) -> None:
        """Remove files that no table refers to and that are older than so many seconds."""
        self.files.sweep(self.tables.stored_ids(), older_than=older_than)

    def _held(self, parts: Sequence[TablePart]) -> HeldFiles:
        return self.files.hold(*(part.stored_id for part in parts))

    def _check_unique(self, table: UserTable, part: TablePart, column: str, path: Path, kind: str) -> None:
        """Raise InvalidValueError when new rows have a value of a unique column again."""
        schema = arrow_schema(table.definition.columns)
        field, stored = schema.field(column), stored_name(schema.names.index(column))
        with self._held((*table.parts, part)) as held:
            if has_duplicates(held.paths, stored, field.type):
                with closing(self._opened(path, kind, schema)) as reader:
                    raise_first_duplicate(_Conformed(reader, schema), held.paths[:-1], stored, field)

    def _written(self, table: UserTable, reader: TableReader, progress: _Progress, scratch: Path) -> TablePart:
        stored_id = f"{secrets.token_hex(16)}.parquet"
        ra, dec = table.definition.position or (None, None)
        target = self.files.new(stored_id)
        found = derive_rows(
            reader, target, meanings=Meanings(ra=ra, dec=dec, z=None), progress=progress, scratch=scratch
        )
        known = with_distinct_estimates(found, target).statistics
        summaries = {name: statistics.summary for name, statistics in known.items()}
        part = TablePart(0, stored_id, found.rows, target.stat().st_size, file_sha256(target), summaries)
        self.files.keep(target, stored_id)
        return part

    def _kept(
        self,
        table_id: int,
        part: TablePart,
        job_id: str,
        instead_of: Sequence[TablePart],
        beside: Sequence[TablePart] | None = None,
    ) -> bool:
        kept = False
        try:
            kept = self.tables.add_part(table_id, part, job_id, instead_of=instead_of, beside=beside)
        finally:
            if not kept:
                self.remove([part.stored_id])
        return kept

    def _opened(self, path: Path, kind: str, schema: pa.Schema) -> Any:  # a TableReader that can be closed
        if kind in _DELIMITERS:
            return _Delimited(path, _DELIMITERS[kind], schema)
        limits = ReadLimits(max_columns=self.max_columns, allow_empty=True)
        return _OPENED[kind].open(path, "The file", limits)


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the schema of the rows of a table."""
    return pa.schema([field_of_column(column) for column in columns])


class _Rows:
    """Base of the readers of this module: the attributes that ``derive_rows`` needs beside the batches."""

    format = "rows"
    rows: int | None = None
    notes: tuple[str, ...] = ()
    details: Mapping[str, object] = {}
    tables: tuple[TableChoice, ...] = ()

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema

    def close(self) -> None:
        """Release all resources."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Conformed(_Rows):
    """Rows of a reader with the columns of a table: missing columns are null, unknown ones are refused."""

    def __init__(self, reader: TableReader, schema: pa.Schema) -> None:
        super().__init__(schema)
        self._reader = reader
        self.rows = reader.rows
        found = {name: _column_named(name, schema.names) for name in reader.schema.names}
        if unknown := [name for name, column in found.items() if column is None and name != HEALPIX_COLUMN]:
            raise InvalidValueError(
                f"The table has no column '{unknown[0][:100]}'; its columns are {', '.join(schema.names)[:500]}."
            )
        lost = [name for name in getattr(reader, "left_out", {}) if _column_named(name, schema.names) is not None]
        if lost:
            raise InvalidValueError(f"The column '{lost[0][:100]}' of the file cannot be read; nothing was added.")
        sources = {column: name for name, column in found.items()}
        if len(sources) != len(found):
            raise InvalidValueError("Two columns of the file belong to one column of the table; write its exact names.")
        self._sources = [sources.get(name) for name in schema.names]

    def batches(self, columns: Sequence[str] | None = None, *, size: int = _BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the rows."""
        wanted = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        sources = dict(zip(self.schema.names, self._sources, strict=True))
        read = 0
        for batch in self._reader.batches(size=size):
            arrays = [_conformed(batch, sources[field.name], field, read) for field in wanted]
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
            read += batch.num_rows


class _Delimited(_Rows):
    """CSV or TSV with a header line, whose values are read with the types of the table's columns."""

    def __init__(self, path: Path, delimiter: str, schema: pa.Schema) -> None:
        self._path, self._delimiter = path, delimiter
        self._parse = pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=delimiter == ",")
        names = self._names()
        found = {name: _column_named(name, schema.names) for name in names}
        types = {name: pa.string() if column is None else schema.field(column).type for name, column in found.items()}
        if nested := [name for name, kind in types.items() if pa.types.is_nested(kind)]:
            raise InvalidValueError(
                f"The column '{nested[0][:100]}' holds arrays, which cannot be written in CSV; send a VOTable or FITS."
            )
        self._types = types
        super().__init__(pa.schema([pa.field(name, kind) for name, kind in types.items()]))

    def batches(self, columns: Sequence[str] | None = None, *, size: int = _BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the rows."""
        del columns, size
        convert = pc_csv.ConvertOptions(
            column_types=self._types,
            null_values=["", "null", "NULL", "\\N", "NaN", "nan"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true", "True", "TRUE", "T", "t", "1"],
            false_values=["false", "False", "FALSE", "F", "f", "0"],
        )
        try:
            with pc_csv.open_csv(self._path, parse_options=self._parse, convert_options=convert) as reader:
                for batch in reader:
                    yield batch.cast(self.schema)
        except (pa.ArrowException, UnicodeError) as e:
            raise delimited_misfit(self._path, self._delimiter, list(self._types), e) from e

    def _names(self) -> list[str]:
        try:
            with pc_csv.open_csv(self._path, parse_options=self._parse) as reader:
                names: list[str] = reader.schema.names
        except (pa.ArrowException, UnicodeError) as e:
            raise delimited_misfit(self._path, self._delimiter, (), e) from e
        if len(set(names)) != len(names):
            raise InvalidValueError("The first line must name each column once.")
        return names


class _Parts(_Rows):
    """All rows of some parts of a table, sorted by a column if one is named."""

    def __init__(self, files: Sequence[Path], schema: pa.Schema, sort_by: str | None) -> None:
        super().__init__(schema)
        self._files = files
        self._sort_by = sort_by
        self.rows = sum(pq.read_metadata(file).num_rows for file in files)

    def batches(self, columns: Sequence[str] | None = None, *, size: int = _BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the rows."""
        positions = [self.schema.names.index(name) for name in columns or self.schema.names]
        names = [stored_name(position) for position in positions]
        wanted = pa.schema([self.schema.field(position) for position in positions])
        if self._sort_by is not None:
            key = stored_name(self.schema.names.index(self._sort_by))
            whole = pa.concat_tables([pq.read_table(file, columns=names) for file in self._files]).sort_by(key)
            yield from whole.rename_columns(wanted.names).cast(wanted).to_batches(max_chunksize=size)
            return
        for file in self._files:
            with pq.ParquetFile(file, pre_buffer=False) as parts:
                for batch in parts.iter_batches(size, columns=names):
                    yield pa.RecordBatch.from_arrays([batch[name] for name in names], schema=wanted)


def _column_named(name: str, columns: Sequence[str]) -> str | None:
    """Return the column with a name; a name in another case is that column if it is the only one."""
    if name in columns:
        return name
    alike = [column for column in columns if column.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def _conformed(batch: pa.RecordBatch, source: str | None, field: pa.Field, before: int) -> pa.Array:
    if source is None or batch.column(source).null_count == batch.num_rows:
        return pa.nulls(batch.num_rows, field.type)
    array = batch.column(source)
    try:
        return array if array.type == field.type else array.cast(field.type)
    except pa.ArrowException as e:
        row = first_misfit(array, field.type)
        value = str(array[row].as_py())[:100]
        raise InvalidValueError(
            f"In row {before + row + 1}, the value '{value}' of the column '{field.name}' is not of the type "
            f"{field.type}. Nothing was added."
        ) from e
