"""Stand-alone worker: poll the database for QUEUED jobs and run them in child processes.

Several machines can share the jobs of one PostgreSQL database: each job goes to the first worker that claims it.
"""

import logging
import threading

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from uws.execution.process_queue import ProcessQueue
from uws.models import Phase
from uws.schema import JobRow

__all__ = ["poll_jobs"]

_logger = logging.getLogger(__name__)


def poll_jobs(
    database: Database,
    queue: ProcessQueue,
    *,
    stop: threading.Event,
    poll_seconds: float = 1.0,
) -> None:
    """Run jobs until ``stop`` is set; the server recovers the jobs of a worker that was killed."""
    queue.start()
    try:
        while not stop.wait(poll_seconds):
            try:
                _submit_ready(database, queue)
            except SQLAlchemyError:
                _logger.warning("the database cannot be polled for jobs", exc_info=True)
    finally:
        queue.close()


def _submit_ready(database: Database, queue: ProcessQueue) -> None:
    idle = queue.idle  # no more than can start now: the rest is for other machines
    if idle:
        ready = select(JobRow.id, JobRow.long_running).where(JobRow.phase == Phase.QUEUED.value)
        ready = ready.where(JobRow.submitted.is_not(None)).order_by(JobRow.long_running, JobRow.submitted).limit(idle)
        with database.read() as session:
            rows = session.execute(ready).all()
        for row in rows:
            queue.submit(row.id, long_running=row.long_running)
