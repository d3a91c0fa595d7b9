"""Exchange of the numbers of waiting queries among web processes, through the database that they share.

Turns and limits of a user hold over all processes: each process tells how many queries of whom wait in it, about once a
second and only while any wait, and reads what the others tell. A query that need not wait costs nothing.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database, utc_now
from core.errors import PhotozError
from tap.engine import WaitingElsewhere
from tap.queues.schema import WaitingQueriesRow

__all__ = ["WaitingQueries"]

_log = logging.getLogger(__name__)

#: Time after which what a process told no longer counts: it has died, or none of its queries waits.
_COUNTS_FOR = timedelta(seconds=10)


class WaitingQueries:
    """`QueueExchange` through the database.

    Parameters
    ----------
    seconds
        Time between two exchanges.
    """

    def __init__(self, database: Database, *, seconds: float = 1.0) -> None:
        self._database = database
        self._seconds = seconds
        self._process = secrets.token_hex(16)
        self._others: Mapping[str, WaitingElsewhere] = {}
        self._wakes = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def elsewhere(self, owner: str) -> WaitingElsewhere:
        """Return how many queries of an owner wait in other processes, as of the last exchange."""
        return self._others.get(owner, WaitingElsewhere())

    def begin(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Exchange numbers from now on until no query waits; called when a query begins to wait.

        Parameters
        ----------
        counts
            Returns the number of waiting queries of each owner in this process.
        """
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, args=(counts,), name="waiting queries", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the exchange."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._wakes.set()
        if thread is not None:
            thread.join()

    def _run(self, counts: Callable[[], Mapping[str, int]]) -> None:
        told = False
        while True:
            waiting = {} if self._closed else dict(counts())
            with self._lock:
                if not waiting and not told:
                    self._thread, self._others = None, {}
                    return
            try:
                self._others = self.exchange(waiting)
                told = bool(waiting)
            except (SQLAlchemyError, PhotozError):  # turns are then those of this process alone
                _log.exception("the numbers of waiting queries cannot be exchanged")
                told, self._others = told and not self._closed, {}
            if not self._closed:
                self._wakes.wait(self._seconds)

    def exchange(self, waiting: Mapping[str, int]) -> Mapping[str, WaitingElsewhere]:
        """Store the numbers of this process, and return those of the others by owner."""
        now = utc_now()
        with self._database.write() as session:
            old = WaitingQueriesRow.renewed_at <= now - _COUNTS_FOR
            session.execute(delete(WaitingQueriesRow).where((WaitingQueriesRow.process == self._process) | old))
            rows = [
                {"process": self._process, "owner": owner, "waiting": count, "renewed_at": now}
                for owner, count in waiting.items()
            ]
            if rows:
                session.execute(insert(WaitingQueriesRow), rows)
            others = select(
                WaitingQueriesRow.owner, func.count(), func.coalesce(func.sum(WaitingQueriesRow.waiting), 0)
            ).where(WaitingQueriesRow.process != self._process)
            found = session.execute(others.group_by(WaitingQueriesRow.owner)).all()
        return {owner: WaitingElsewhere(processes, int(queries)) for owner, processes, queries in found}
