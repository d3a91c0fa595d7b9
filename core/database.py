"""SQLAlchemy engine and sessions of the metadata database, on SQLite and PostgreSQL.

A service method opens one transaction: ``with database.write() as session``. Concurrent state changes are
compare-and-set in SQL. On SQLite a writing transaction takes the write lock when it begins, so that it does not fail
later because another transaction wrote in between.
"""

import errno
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from core.errors import InvalidValueError, PhotozError, ServiceBusyError, StorageFullError

__all__ = [
    "Base",
    "Database",
    "UtcDateTime",
    "ignoring_storage_errors",
    "in_parts",
    "storage_error",
    "utc_now",
    "utc_today",
]

_Value = TypeVar("_Value")

_log = logging.getLogger(__name__)

_SQLITE_BUSY_SECONDS = 30
#: When a machine of PostgreSQL that is gone without a word counts as lost, in seconds and milliseconds (libpq). TCP by
#: itself waits for a quarter of an hour, and all requests with it.
_LOST_AFTER: Mapping[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 40_000,
}
#: Parameters of one statement.
_AT_ONCE = 500
_SQLITE_KEPT = 10
_LARGEST_NUMBER = 2**63 - 1

#: Codes of a full disk: of SQLite (SQLITE_FULL, and SQLITE_IOERR_SHMSIZE for the index of its log), and SQLSTATE.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE, "53100"})
#: Codes of a database that can be read only: SQLITE_READONLY, and SQLSTATE of transactions.
_READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, "25006"})


class Base(DeclarativeBase):
    """Declarative base of all mapped classes, with a naming convention for constraints, which migrations need."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """Column type of times: aware UTC in Python, stored without a zone in both databases."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - given
        """Convert an aware time to UTC without a zone, or raise ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a stored time must be aware"
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - given
        """Return a stored time as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def storage_error(error: BaseException) -> PhotozError | None:
    """Return what users are told when the disk is full or read-only, of an error of the database or of the system.

    None means that the error has another reason.
    """
    code: object = None
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlite_errorcode", None)
    elif isinstance(error, OSError):
        code = {errno.ENOSPC: "53100", errno.EDQUOT: "53100", errno.EROFS: "25006"}.get(error.errno or 0)
    primary = code & 0xFF if isinstance(code, int) else code
    if _FULL & {code, primary}:
        return StorageFullError("The disk of the server is full; nothing was stored. Tell its operator.")
    if primary in _READ_ONLY:
        message = "The server cannot store anything at the moment, and can be read only. Tell its operator."
        return ServiceBusyError(message)
    return None


@contextmanager
def ignoring_storage_errors() -> Iterator[None]:
    """Leave out what cannot be stored because the disk is full or read-only: times of last use, counts of downloads.

    What is read with them must not fail.
    """
    try:
        yield
    except (DBAPIError, OSError) as e:
        if storage_error(e) is None:
            raise
        _log.warning("a time or a count is not stored: %s", e)


def in_parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Yield values in parts that one statement takes; databases limit the number of its parameters."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def utc_today() -> date:
    """Return the current day in UTC."""
    return utc_now().date()


class Database:
    """Engine and sessions of the metadata database.

    Parameters
    ----------
    url
        SQLAlchemy address, ``sqlite:///path`` or ``postgresql+psycopg2://…``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if is_sqlite else _server_engine(url)
        # SQLite has one writer at a time. Those of a process take turns here: its own way to wait is to try again and
        # again, by which some of many threads never come first.
        self._turn = threading.Lock() if is_sqlite else None
        event.listen(self.engine, "before_cursor_execute", _check_values)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read transaction; loaded rows stay usable after the block."""
        with _translating_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a write transaction, which commits at the end of the block and rolls back when the block raises."""
        with (
            self._writing(),
            _translating_errors(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection(execution_options={"photoz_write": True})
            yield session

    def close(self) -> None:
        """Close all idle connections."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Wait for the writers of this process, as long as for those of others; SQLite says what comes of it."""
        is_mine = self._turn is not None and self._turn.acquire(timeout=_SQLITE_BUSY_SECONDS)
        try:
            yield
        finally:
            if is_mine and self._turn is not None:
                self._turn.release()


@contextmanager
def _translating_errors() -> Iterator[None]:
    """Raise InvalidValueError for a value that does not fit its column."""
    try:
        yield
    except DataError as e:
        message = "A value is too long or too large to be stored."
        raise InvalidValueError(message) from e


def _check_values(*event_values: Any) -> None:  # arguments of the event; the fourth has the values of the statement
    """Refuse texts and numbers that one of the databases cannot store, with the same error on both."""
    rows = event_values[3] if isinstance(event_values[3], list) else [event_values[3]]
    for row in rows:
        for value in row.values() if isinstance(row, Mapping) else row or ():
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, int) and not -_LARGEST_NUMBER - 1 <= value <= _LARGEST_NUMBER:
                message = f"The number {str(value)[:40]} is too large."
                raise InvalidValueError(message)


def _check_text(text: str) -> None:
    try:
        text.encode()
        bad = "\0" in text
    except UnicodeEncodeError:
        bad = True
    if bad:
        message = "A text has a character that cannot be stored (NUL, or half of a surrogate pair); remove it."
        raise InvalidValueError(message)


def _server_engine(url: str) -> Engine:
    """Return the engine of a PostgreSQL; parameters of libpq in the address count before those here."""
    given = make_url(url).query
    waiting = {name: value for name, value in _LOST_AFTER.items() if name not in given}
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=waiting)


def _sqlite_engine(url: str) -> Engine:
    # A thread that waits for a writer of another process holds its connection; those that read need not wait for it.
    # There are as many connections as threads at most.
    engine = create_engine(
        url,
        connect_args={"timeout": _SQLITE_BUSY_SECONDS, "check_same_thread": False},
        pool_size=_SQLITE_KEPT,
        max_overflow=-1,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:  # the DBAPI connection has no public type
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("photoz_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
