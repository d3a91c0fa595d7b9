"""A worker that stands alone: takes QUEUED jobs from the database and runs them in processes of its own.

Several machines can share the jobs of one PostgreSQL in this way: each job goes to the first that takes it.
"""

import logging
import threading

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from uws.execution.process_queue import ProcessQueue
from uws.models import Phase
from uws.schema import JobRow

__all__ = ["run_forever"]

_logger = logging.getLogger(__name__)


def run_forever(
    database: Database,
    queue: ProcessQueue,
    *,
    stop: threading.Event,
    poll_seconds: float = 1.0,
) -> None:
    """Run jobs until ``stop`` is set; the server's sweep looks after those that a killed worker leaves behind."""
    queue.start()
    try:
        while not stop.wait(poll_seconds):
            try:
                _take_some(database, queue)
            except SQLAlchemyError:
                _logger.warning("the database cannot be asked for jobs", exc_info=True)
    finally:
        queue.close()


def _take_some(database: Database, queue: ProcessQueue) -> None:
    idle = queue.idle  # no more than can begin now: the rest is for other machines
    if idle:
        ready = select(JobRow.id, JobRow.lengthy).where(JobRow.phase == Phase.QUEUED.value)
        ready = ready.where(JobRow.submitted.is_not(None)).order_by(JobRow.lengthy, JobRow.submitted).limit(idle)
        with database.read() as session:
            rows = session.execute(ready).all()
        for row in rows:
            queue.submit(row.id, lengthy=row.lengthy)
