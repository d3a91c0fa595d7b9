"""Renewal of the leases of running jobs, and detection of leases that were lost."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database, utc_now
from uws.leases import LEASE_SECONDS, RENEW_SECONDS, Lease
from uws.models import Phase
from uws.schema import JobRow

__all__ = ["LeaseRenewer"]

_CHECK_SECONDS = 1.0

_logger = logging.getLogger(__name__)


class LeaseRenewer:
    """Thread that checks the leases of the running jobs of this process every second, and renews them.

    The jobs run in other threads, or in worker processes, so a job keeps its lease while it is in C code.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, tuple[Lease, Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="job-leases", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def hold(self, job_id: str, lease: Lease, on_loss: Callable[[], None]) -> None:
        """Renew a lease from now on; call ``on_loss`` when the job was aborted, removed or given to another worker."""
        with self._lock:
            self._held[job_id] = (lease, on_loss)

    def drop(self, job_id: str) -> None:
        """Stop renewing the lease of a job."""
        with self._lock:
            self._held.pop(job_id, None)

    def _run(self) -> None:
        renewed = float("-inf")
        while not self._stopped.wait(_CHECK_SECONDS):
            with self._lock:
                held = dict(self._held)
            if not held:
                continue
            try:
                self._check(held)
                if time.monotonic() - renewed >= RENEW_SECONDS:
                    self._renew(held)
                    renewed = time.monotonic()
            except SQLAlchemyError:  # the database is unavailable: leases last for a while
                _logger.warning("leases could not be renewed", exc_info=True)

    def _check(self, held: dict[str, tuple[Lease, Callable[[], None]]]) -> None:
        columns = select(JobRow.id, JobRow.phase, JobRow.lease_owner, JobRow.attempts)
        with self._database.read() as session:
            found = {row.id: row for row in session.execute(columns.where(JobRow.id.in_(held)))}
        for job_id, (lease, on_loss) in held.items():
            row = found.get(job_id)
            if row is None:
                on_loss()
                continue
            finished = row.phase in {
                Phase.COMPLETED,
                Phase.ERROR,
            }  # by the runner, which may still call on_end
            ours = row.phase == Phase.EXECUTING and (row.lease_owner, row.attempts) == (lease.owner, lease.attempt)
            if not finished and not ours:
                on_loss()

    def _renew(self, held: dict[str, tuple[Lease, Callable[[], None]]]) -> None:
        owners = {lease.owner for lease, _ in held.values()}
        until = utc_now() + timedelta(seconds=LEASE_SECONDS)
        with self._database.write() as session:
            session.execute(
                update(JobRow)
                .where(JobRow.id.in_(held), JobRow.phase == Phase.EXECUTING.value, JobRow.lease_owner.in_(owners))
                .values(lease_until=until)
                .execution_options(synchronize_session=False)
            )
