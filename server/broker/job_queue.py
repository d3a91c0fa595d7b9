"""Job queue on Celery: submits jobs to the workers, and cancels them (UWS 1.1 §2.2)."""

import logging
import time
from datetime import timedelta

import redis
from kombu.exceptions import KombuError
from kombu.utils.url import maybe_sanitize_url
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from server.broker.celery_app import (
    LONG_PRIORITY,
    MARK_SECONDS,
    RUN_JOB,
    SHORT_PRIORITY,
    broker_client,
    make_celery,
    sent_mark,
    waiting_ids,
)
from uws.storage import find_job

__all__ = ["RESUBMIT_AFTER", "STOP_SIGNAL", "CeleryQueue", "count_workers"]

#: Time after which a QUEUED job is submitted again; the marks of sent ids keep the recovery from flooding the broker.
RESUBMIT_AFTER = timedelta(seconds=10)

#: Signal upon which a worker checks whether its job was aborted.
STOP_SIGNAL = "SIGUSR1"

_READ_SECONDS = 1.0
_PAUSE_SECONDS = 3.0
_PING_SECONDS = 1.0

# The worker itself stops a job at its deadline; Celery's hard limit is for a worker that hangs, and leaves it the time
# to store the end and to call on_end.
_HARD_LIMIT_MARGIN = 120

_BROKER_ERRORS = (redis.RedisError, KombuError, OSError)

_logger = logging.getLogger(__name__)


class CeleryQueue:
    """Job queue that sends the ids of jobs to Celery workers through Redis.

    No job is lost while the broker is unavailable: a job that could not be sent stays QUEUED in the database, and the
    recovery of a server or a worker sends it later.
    """

    def __init__(self, redis_url: str, database: Database) -> None:
        self._database = database
        self._app = make_celery(redis_url, patient=False)
        self._broker = broker_client(redis_url)
        self._pause_until = float("-inf")
        self._read: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def submit(self, job_id: str, *, long_running: bool = False) -> None:
        """Send a QUEUED job; an id that the broker or a living worker holds is not sent twice."""
        if time.monotonic() < self._pause_until:
            return  # the broker was unavailable a moment ago: many jobs must not wait for it one after another
        try:
            if not self._broker.exists(sent_mark(job_id)):
                if job_id not in self._waiting():
                    self._send(job_id, long_running=long_running)
                self._broker.set(sent_mark(job_id), 1, ex=MARK_SECONDS)
        except _BROKER_ERRORS as e:
            self._pause_until = time.monotonic() + _PAUSE_SECONDS
            _logger.warning("the broker cannot take job %s yet: %s", job_id, e, extra={"job_id": job_id})
        except SQLAlchemyError:
            _logger.warning("job %s cannot be sent yet", job_id, extra={"job_id": job_id}, exc_info=True)

    def cancel(self, job_id: str) -> None:
        """Revoke an aborted job, and have its worker stop it at once.

        While the broker is unavailable, the worker sees the phase in the database within about a second.
        """
        try:
            self._app.control.revoke(job_id, terminate=True, signal=STOP_SIGNAL)
            self._broker.delete(sent_mark(job_id))
        except _BROKER_ERRORS as e:
            _logger.warning("the broker cannot cancel job %s: %s", job_id, e, extra={"job_id": job_id})

    def check(self) -> None:
        """Raise ConnectionError when the broker does not answer."""
        try:
            self._broker.ping()
        except _BROKER_ERRORS as e:
            raise ConnectionError("the broker does not answer") from e

    def start(self) -> None:
        """Do nothing: workers are started by ``photoz worker``."""

    def close(self) -> None:
        """Close the connections to the broker."""
        self._app.close()
        self._broker.close()

    def _waiting(self) -> frozenset[str]:
        """Return the ids that wait in the broker; those of a moment ago, because many jobs are sent in a row."""
        if time.monotonic() - self._read_at > _READ_SECONDS:
            self._read, self._read_at = waiting_ids(self._broker), time.monotonic()
        return self._read

    def _send(self, job_id: str, *, long_running: bool) -> None:
        with self._database.read() as session:
            job = find_job(session, job_id)
        if job is None:
            return
        seconds = job.execution_duration
        self._app.send_task(
            RUN_JOB,
            args=(job_id,),
            task_id=job_id,
            priority=LONG_PRIORITY if long_running else SHORT_PRIORITY,
            soft_time_limit=seconds or None,
            time_limit=seconds + _HARD_LIMIT_MARGIN if seconds else None,
        )


def count_workers(redis_url: str) -> int:
    """Return the number of workers that answer.

    Raises
    ------
    OSError
        The broker does not answer.
    """
    app, broker = make_celery(redis_url, patient=False), broker_client(redis_url)
    try:
        broker.ping()
        return len(app.control.ping(timeout=_PING_SECONDS))
    except _BROKER_ERRORS as e:
        address = maybe_sanitize_url(redis_url)
        raise ConnectionError(f"Redis at {address} does not answer ({e}); start it, or correct PHOTOZ_REDIS_URL") from e
    finally:
        app.close()
        broker.close()
