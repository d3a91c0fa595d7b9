"""Sandbox: a DuckDB instance that can read the files of one set of tables and nothing else.

An instance is locked once its views are created, so it can only run queries over exactly these files. Keeping it for
the next query over the same files saves most of the time of a small query (58 → 19 ms for a cone on 3 million rows:
starting an instance, reading the metadata of the files). Two sets of tables never share an instance.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pyarrow as pa

from tap.engine.duckdb.functions import register_kernels
from tap.engine.file_columns import Conversion, FileColumn
from tap.kernels import KERNELS, Kernel

if TYPE_CHECKING:
    from tap.engine.duckdb.upload_rows import UploadRows

__all__ = ["HiddenRows", "Sandbox", "SandboxTable", "new_instance", "text_literal"]

_ALWAYS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "integer_division": True,  # ADQL divides integers as SQL does; doubles still divide as doubles
    "error_on_division_by_zero": False,  # a division by zero is NULL, in the row where it occurs
    "ieee_floating_point_ops": False,  # SQRT(-1) is an error, which queries avoid, not a NaN
    # The same query gives the same rows when it has TOP without ORDER BY. Costs little for reading Parquet.
    "preserve_insertion_order": True,
}

_CONVERSIONS = {
    Conversion.NONE: "{0}",
    Conversion.NAN: "CASE WHEN isnan({0}) THEN NULL ELSE {0} END",
    Conversion.FINITE: "CASE WHEN isfinite({0}) THEN {0} END",
    Conversion.SIGNED: "CAST({0} AS BIGINT)",
    Conversion.TEXT: "CAST({0} AS VARCHAR)",
}


@dataclass(frozen=True, slots=True)
class HiddenRows:
    """A column of files that a table does not have, and its values in the rows that the table does not have."""

    column: str | None = None
    values: tuple[int, ...] = ()


class SandboxTable:
    """A table of a sandbox: its name, and its files, of which rows may be hidden and columns renamed, or its rows.

    With a folder the sandbox may read all files of it, and has the table with other files of it for each query.
    """

    def __init__(
        self,
        schema: str,
        name: str,
        files: tuple[str, ...],
        data: "pa.Table | UploadRows | None",
        hidden: HiddenRows = HiddenRows(),
        columns: tuple[FileColumn, ...] = (),
        folder: str | None = None,
    ) -> None:
        self.schema = schema
        self.name = name
        self.files = files
        self.data = data
        self.hidden = hidden
        self.columns = columns
        self.folder = folder

    @property
    def stamp(self) -> tuple[object, ...]:
        """A value that changes when a file is replaced by another of the same name; with a folder, by this alone."""
        files = (self.folder,) if self.folder is not None else tuple(self.states().items())
        return (self.schema, self.name, files, self.hidden, self.columns)

    def states(self) -> dict[str, tuple[int, int, int]]:
        """Return for each file what changes when it is replaced."""
        found = {file: Path(file).stat() for file in self.files}
        return {file: (state.st_ino, state.st_mtime_ns, state.st_size) for file, state in found.items()}


class Sandbox:
    """One locked DuckDB instance.

    Parameters
    ----------
    tables
        The tables that its queries may read; the attribute `tables` has their schemas and names.
    memory_bytes, threads, temp_bytes
        Limits that the engine enforces, as far as it can.
    temp_folder
        An empty folder for intermediate results.
    kernels
        Kernels, registered when a statement calls them.
    instance
        An empty instance for it, of `new_instance` with the same folder; by default a new one.
    """

    def __init__(
        self,
        tables: Iterable[SandboxTable],
        *,
        memory_bytes: int,
        threads: int,
        temp_bytes: int,
        temp_folder: Path,
        kernels: Mapping[str, Kernel] = KERNELS,
        instance: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        tables = list(tables)
        self._opened: dict[str, tuple[int, int, int]] = {}
        self.tables = frozenset((table.schema, table.name) for table in tables)
        self._missing_kernels = dict(kernels)
        self._connection = instance or new_instance(temp_folder)
        try:
            run = self._connection.execute
            run(f"SET memory_limit = '{memory_bytes}B'")
            run(f"SET threads = {threads}")
            run(f"SET max_temp_directory_size = '{temp_bytes}B'")
            self._fill(tables)
        except BaseException:
            self._connection.close()
            raise

    def _fill(self, tables: list[SandboxTable]) -> None:
        run = self._connection.execute
        files = ", ".join(text_literal(file) for table in tables if table.folder is None for file in table.files)
        folders = ", ".join(text_literal(f"{table.folder}/") for table in tables if table.folder is not None)
        run("SET TimeZone = 'UTC'")
        run("SET parquet_metadata_cache = true")
        run(f"SET allowed_paths = [{files}]")
        run(f"SET allowed_directories = [{folders}]")
        for schema in {table.schema for table in tables}:
            run(f"CREATE SCHEMA IF NOT EXISTS {_identifier(schema)}")
        for table in tables:
            if table.data is not None:
                self._store(_name(table), table.data)
            elif table.folder is None:
                self._show(table)
        run("SET enable_external_access = false")
        run("SET lock_configuration = true")

    @property
    def opened_files(self) -> int:
        """Number of the files in folders that it has opened; it keeps their footers."""
        return len(self._opened)

    def set_files(self, tables: Iterable[SandboxTable]) -> bool:
        """Give tables in folders the files of the next query; return whether it can have them.

        It cannot when a file was replaced since it was opened.
        """
        for table in tables:
            if table.folder is None:
                continue
            states = table.states()
            if any(self._opened.get(file, state) != state for file, state in states.items()):
                return False
            self._opened |= states
            self._show(table)
        return True

    def _show(self, table: SandboxTable) -> None:
        scan = f"{_selected(table)} FROM {_scan(table.files)}{_shown(table.hidden)}"
        self._connection.execute(f"CREATE OR REPLACE VIEW {_name(table)} AS {scan}")

    def _store(self, name: str, data: "pa.Table | UploadRows") -> None:
        """Store rows in a table of the instance; they are read once."""
        upload = None if isinstance(data, pa.Table) else data
        self._connection.register("uploaded_rows", data if upload is None else upload.reader())
        try:
            self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM uploaded_rows")  # noqa: S608 - names are quoted
        except duckdb.Error as e:
            if upload is not None and upload.failure is not None:
                raise upload.failure from e
            raise
        finally:
            self._connection.unregister("uploaded_rows")

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for one query, closed with all its state afterwards."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def provide_kernels(self, sql: str) -> None:
        """Register the kernels that a statement calls."""
        statement = sql.lower()
        called = [name for name in self._missing_kernels if name in statement]
        register_kernels(self._connection, [self._missing_kernels.pop(name) for name in called])

    def close(self) -> None:
        """Close the instance."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def new_instance(temp_folder: Path) -> duckdb.DuckDBPyConnection:
    """Return an instance without tables; to make one takes longer than a small query.

    Parameters
    ----------
    temp_folder
        An empty folder for intermediate results.
    """
    folders = {f"{name}_directory": str(temp_folder) for name in ("temp", "extension", "secret")}
    config: dict[str, Any] = _ALWAYS | folders  # DuckDB takes values of several types
    # Until it has its limits, it has one thread, and starts no others.
    return duckdb.connect(":memory:", config=config | {"threads": 1})


def text_literal(text: str) -> str:
    """Return a text as a literal, where DuckDB takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _name(table: SandboxTable) -> str:
    return f"{_identifier(table.schema)}.{_identifier(table.name)}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _selected(table: SandboxTable) -> str:
    if table.columns:
        return f"SELECT {', '.join(map(_converted, table.columns))}"
    hidden = table.hidden
    return "SELECT *" if hidden.column is None else f"SELECT * EXCLUDE ({_identifier(hidden.column)})"


def _converted(column: FileColumn) -> str:
    value = _identifier(column.source)
    return f"{_CONVERSIONS[column.conversion].format(value)} AS {_identifier(column.name)}"


def _shown(hidden: HiddenRows) -> str:
    if hidden.column is None or not hidden.values:
        return ""
    return f" WHERE {_identifier(hidden.column)} NOT IN ({', '.join(map(str, hidden.values))})"


def _scan(files: tuple[str, ...]) -> str:
    listed = ", ".join(text_literal(file) for file in files)
    return f"read_parquet([{listed}], hive_partitioning = false, union_by_name = false)"
