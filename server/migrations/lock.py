"""Lock of a database while its schema or its first account is made, over all processes and machines."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from core.database import Database

__all__ = ["exclusive"]

#: Number of the advisory lock of PostgreSQL; all versions have the same.
_KEY = 7_046_029_254_386_353


@contextmanager
def exclusive(database: Database, report: Callable[[str], None] = lambda _text: None) -> Iterator[None]:
    """Wait until no other process is in such a block for this database; the lock ends with its process.

    Parameters
    ----------
    report
        Called with a sentence when it has to wait.
    """
    if database.engine.dialect.name == "sqlite":
        with _locked_folder(Path(database.engine.url.database or ".").resolve().parent, report):
            yield
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}):
            report(_WAITING)
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _KEY})


_WAITING = "Another process prepares this database; waiting for it."


@contextmanager
def _locked_folder(folder: Path, report: Callable[[str], None]) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(_WAITING)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
