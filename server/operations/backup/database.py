"""Snapshot of the metadata database of a running server, and its restoration.

SQLite copies its pages with its online backup API. PostgreSQL gives all tables by COPY in one transaction of REPEATABLE
READ, which needs no program of the version of the server, such as pg_dump.
"""

import gzip
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import Connection, inspect
from sqlalchemy.orm import Session

from core.database import Database
from core.processes import ProcessIdentity
from server.data_folder import StartError
from server.migrations.upgrade import migrate_to, revision_of
from server.operations.backup.manifest import DatabaseEntry, TableEntry

__all__ = ["DatabaseSnapshot", "restore_database", "snapshot"]

#: Stores bytes; returns their SHA-256 and size.
Put = Callable[[Iterable[bytes]], tuple[str, int]]
#: Streams the bytes of an object, which it compares with its SHA-256.
Read = Callable[[str], Iterable[bytes]]

_CHUNK = 1 << 20
_LEVEL = 3
_REVISIONS = "alembic_version"
_PREFIX = "backup."


@dataclass(frozen=True, slots=True)
class DatabaseSnapshot:
    """The database as it was at one moment.

    Parameters
    ----------
    session
        Reads what it had then.
    store
        Stores it by a function.
    """

    session: Session
    store: Callable[[Put], DatabaseEntry]


@contextmanager
def snapshot(database: Database, scratch: Path) -> Iterator[DatabaseSnapshot]:
    """Open a snapshot of a database, beside writers.

    Parameters
    ----------
    scratch
        Folder for a copy of the file of SQLite.
    """
    opened = _sqlite_snapshot if database.engine.dialect.name == "sqlite" else _postgresql_snapshot
    with opened(database, scratch) as found:
        yield found


def restore_database(database: Database, entry: DatabaseEntry, read: Read) -> None:
    """Fill an empty database with a snapshot, all or nothing; the schema is then that of the snapshot's revision.

    Raises
    ------
    StartError
        The snapshot is of another kind of database, or of a later version of this program.
    """
    kind = database.engine.dialect.name
    if entry.kind != kind:
        message = (
            f"The backup has a {entry.kind} database, and PHOTOZ_DATABASE_URL names one of {kind}. "
            "Name one of the kind of the backup."
        )
        raise StartError(message)
    if entry.kind == "sqlite":
        _restore_sqlite(database, entry, read)
    else:
        _restore_postgresql(database, entry, read)


@contextmanager
def _sqlite_snapshot(database: Database, scratch: Path) -> Iterator[DatabaseSnapshot]:
    _remove_stale_folders(scratch)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{_PREFIX}{ProcessIdentity.current()}.") as folder:
        path = Path(folder) / "photoz.sqlite"
        with closing(database.engine.raw_connection()) as connection, closing(sqlite3.connect(path)) as target:
            cast("sqlite3.Connection", connection.driver_connection).backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        copy = Database(f"sqlite:///{path}")
        revision = revision_of(copy)

        def store(put: Put) -> DatabaseEntry:
            copy.close()
            with path.open("rb") as file:
                sha256, _ = put(_zipped(iter(lambda: file.read(_CHUNK), b"")))
            return DatabaseEntry(kind="sqlite", revision=revision, file=sha256)

        try:
            with copy.read() as session:
                yield DatabaseSnapshot(session, store)
        finally:
            copy.close()


def _remove_stale_folders(scratch: Path) -> None:
    """Remove the copies of backups that were killed."""
    for folder in scratch.glob(f"{_PREFIX}*"):
        with suppress(ValueError):
            if ProcessIdentity.parse(folder.name.removeprefix(_PREFIX).rpartition(".")[0]).alive is False:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgresql_snapshot(database: Database, _scratch: Path) -> Iterator[DatabaseSnapshot]:
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with database.engine.connect().execution_options(**options) as connection, Session(connection) as session:
        revision = session.connection().exec_driver_sql(f"SELECT version_num FROM {_REVISIONS}").scalar_one()  # noqa: S608 - a constant

        def store(put: Put) -> DatabaseEntry:
            found = inspect(connection)
            names = sorted(set(found.get_table_names()) - {_REVISIONS})
            tables = [
                _copied(connection, name, [column["name"] for column in found.get_columns(name)], put) for name in names
            ]
            values = connection.exec_driver_sql(
                "SELECT sequencename, last_value FROM pg_sequences "
                "WHERE schemaname = current_schema() AND last_value IS NOT NULL"
            )
            sequences = {str(name): int(value) for name, value in values}
            return DatabaseEntry(kind="postgresql", revision=revision, tables=tuple(tables), sequences=sequences)

        yield DatabaseSnapshot(session, store)


def _copied(connection: Connection, table: str, columns: list[str], put: Put) -> TableEntry:
    statement = f"COPY {_quoted(connection, table)} ({_quoted(connection, *columns)}) TO STDOUT"
    with tempfile.TemporaryFile() as file:
        with _gzip(file) as packed, _cursor(connection) as cursor:
            cursor.copy_expert(statement, packed)
        file.seek(0)
        sha256, size = put(iter(lambda: file.read(_CHUNK), b""))
    return TableEntry(name=table, columns=tuple(columns), sha256=sha256, size=size)


def _restore_sqlite(database: Database, entry: DatabaseEntry, read: Read) -> None:
    path = Path(database.engine.url.database or "")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent) as packed:
        for chunk in read(entry.file or ""):
            packed.write(chunk)
        packed.seek(0)
        with gzip.open(packed) as plain, part.open("wb") as target:
            shutil.copyfileobj(plain, target, _CHUNK)
    with closing(sqlite3.connect(part)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        message = f"The database of the backup is damaged: {found}"
        raise StartError(message)
    part.rename(path)


def _restore_postgresql(database: Database, entry: DatabaseEntry, read: Read) -> None:
    with database.engine.begin() as connection:
        migrate_to(connection, entry.revision)
        tables = inspect(connection).get_table_names()
        if missing := {table.name for table in entry.tables} - set(tables):
            message = f"The schema {entry.revision} of this version has no table {min(missing)}, which the backup has."
            raise StartError(message)
        foreign_keys = _foreign_keys(connection)
        _run(connection, "ALTER TABLE {} DROP CONSTRAINT {}", ((table, name) for table, name, _ in foreign_keys))
        _run(connection, "ALTER TABLE {} DISABLE TRIGGER USER", ((table,) for table in tables))
        _run(connection, "DELETE FROM {}", ((table,) for table in tables if table != _REVISIONS))
        for table in entry.tables:
            _load(connection, table, read)
        for name, value in entry.sequences.items():
            connection.exec_driver_sql("SELECT setval(%s::regclass, %s)", (f'"{name}"', value))
        _run(connection, "ALTER TABLE {} ENABLE TRIGGER USER", ((table,) for table in tables))
        for table_name, name, definition in foreign_keys:
            _run(connection, f"ALTER TABLE {{}} ADD CONSTRAINT {{}} {definition}", [(table_name, name)])


def _load(connection: Connection, table: TableEntry, read: Read) -> None:
    statement = f"COPY {_quoted(connection, table.name)} ({_quoted(connection, *table.columns)}) FROM STDIN"
    with tempfile.TemporaryFile() as file:
        for chunk in read(table.sha256):
            file.write(chunk)
        file.seek(0)
        with gzip.open(file) as plain, _cursor(connection) as cursor:
            cursor.copy_expert(statement, plain)


def _foreign_keys(connection: Connection) -> list[tuple[str, str, str]]:
    """Return table, name and definition of all foreign keys."""
    found = connection.exec_driver_sql(
        "SELECT relname, conname, pg_get_constraintdef(con.oid) FROM pg_constraint AS con "
        "JOIN pg_class AS rel ON rel.oid = conrelid "
        "WHERE contype = 'f' AND relnamespace = current_schema()::regnamespace"
    )
    return [(str(table), str(name), str(definition)) for table, name, definition in found]


def _run(connection: Connection, statement: str, names: Iterable[tuple[str, ...]]) -> None:
    """Run a statement of the schema, which has no values, for each of several names in the database."""
    for each in names:
        connection.exec_driver_sql(statement.format(*(_quoted(connection, name) for name in each)))


def _quoted(connection: Connection, *names: str) -> str:
    return ", ".join(map(connection.dialect.identifier_preparer.quote_identifier, names))


@contextmanager
def _cursor(connection: Connection) -> Iterator[Any]:  # that of the driver, which has COPY
    with closing(connection.connection.cursor()) as cursor:
        yield cursor


def _gzip(file: IO[bytes]) -> gzip.GzipFile:
    """Return a compressing file; equal content gives equal bytes."""
    return gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0)


def _zipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        with _gzip(file) as packed:
            for chunk in chunks:
                packed.write(chunk)
        file.seek(0)
        yield from iter(lambda: file.read(_CHUNK), b"")
