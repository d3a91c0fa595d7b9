"""The metadata database: SQLite on a laptop, PostgreSQL in production, one code for both.

A service method opens one transaction and means it: ``with database.write() as session``. State changes that race
are compare-and-set in SQL; on SQLite a writing transaction takes the write lock at its beginning, so that it never
fails half-way because another one wrote in between.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError
from sqlalchemy.orm import DeclarativeBase, Session

from core.errors import InvalidValueError

__all__ = ["Base", "Database", "UtcDateTime", "utc_now"]

_SQLITE_BUSY_SECONDS = 30
_LARGEST_NUMBER = 2**63 - 1


class Base(DeclarativeBase):
    """Base of all stored classes; its naming convention lets migrations name every constraint."""

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
    """An instant: aware UTC in Python, stored without a zone in both databases."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - given
        """Refuse naive times and store the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a stored time must be aware"
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - given
        """Return a stored time back as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


class Database:
    """Connections to the metadata database.

    Parameters
    ----------
    url
        SQLAlchemy address, ``sqlite:///path`` or ``postgresql+psycopg2://…``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _sqlite_engine(url) if url.startswith("sqlite") else _server_engine(url)
        event.listen(self.engine, "before_cursor_execute", _check_values)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads; what the caller keeps of it stays usable afterwards."""
        with _refusing(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits at the end of the block, or rolls back when the block raises."""
        with _refusing(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={"photoz_write": True})
            yield session

    def close(self) -> None:
        """Close all idle connections."""
        self.engine.dispose()


@contextmanager
def _refusing() -> Iterator[None]:
    """Say of a value that does not fit its column that it was wrong."""
    try:
        yield
    except DataError as e:
        message = "A value is too long or too large to be stored."
        raise InvalidValueError(message) from e


def _check_values(*event_values: Any) -> None:  # what SQLAlchemy tells; the fourth are the values of the statement
    """Refuse texts and numbers that one of the databases cannot take, in the same words on both."""
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
        message = "A text has a character in it that cannot be stored (NUL, or half of a surrogate pair); take it out."
        raise InvalidValueError(message)


def _server_engine(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _SQLITE_BUSY_SECONDS, "check_same_thread": False})

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
