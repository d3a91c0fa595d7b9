"""Waiting for the metadata database when a process starts."""

import time
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.database import Database
from server.data_folder import StartError
from server.migrations.upgrade import is_current

__all__ = ["wait_for_database", "wait_for_schema"]

_PAUSE_SECONDS = 0.5
_REPORT_SECONDS = 10.0
#: Parts of messages about what no waiting mends.
_PERMANENT = ("authentication failed", "does not exist", "no pg_hba.conf entry", "unable to open database file")


def wait_for_database(database: Database, seconds: float, report: Callable[[str], None]) -> None:
    """Wait until a database answers.

    Raises
    ------
    StartError
        It does not in time, or refuses the address or the user.
    """

    def answers() -> str | None:
        try:
            with database.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as e:
            reason = str(e.orig).strip().partition("\n")[0]
            if any(words in str(e.orig) for words in _PERMANENT):
                raise _refused(reason) from e
            return reason
        return None

    last = _wait(answers, seconds, lambda reason: report(f"The database does not answer ({reason}); waiting for it."))
    if last is not None:
        raise _refused(last)


def wait_for_schema(database: Database, seconds: float, report: Callable[[str], None]) -> None:
    """Wait until a server has migrated a database that answers.

    Raises
    ------
    StartError
        No server has in time.
    """

    def migrated() -> str | None:
        return None if is_current(database.engine) else "the schema of the database is not that of this version"

    if reason := _wait(migrated, seconds, lambda _: report("The database is not migrated; waiting for a server.")):
        message = f"Nothing can be run: {reason}. Start a server of this version, or run photoz migrate."
        raise StartError(message)


def _refused(reason: str) -> StartError:
    return StartError(
        f"The database cannot be used: {reason}. Is its address (PHOTOZ_DATABASE_URL) the right one, and does it run?"
    )


def _wait(problem: Callable[[], str | None], seconds: float, report: Callable[[str], None]) -> str | None:
    """Wait until there is no problem; return the last one when the time is over."""
    deadline, reported = time.monotonic() + seconds, float("-inf")
    while (found := problem()) is not None and (now := time.monotonic()) < deadline:
        if now - reported >= _REPORT_SECONDS:
            report(found)
            reported = now
        time.sleep(_PAUSE_SECONDS)
    return found
