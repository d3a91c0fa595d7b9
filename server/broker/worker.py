"""The Celery worker that ``photoz worker`` runs when Celery is the queue.

Each process of Celery's pool takes one job at a time and watches over it: it has a warm process of its own in which the
job runs (``uws.execution.process_queue``), holds the job's lease, and stops it at its deadline, on ABORT, and when the
worker stops. A job deep in C code, or out of memory, therefore harms neither Celery nor its own lease.
"""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

import redis
from celery import signals
from celery.worker import state
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from server.broker.beat import LocalScheduler, schedule_sweep
from server.broker.celery_app import RUN_JOB, broker_client, make_celery, sent_mark
from server.broker.job_queue import STOP_SIGNAL
from server.broker.lengthy_slots import LengthyPlaces
from uws import ACTIVE_PHASES, JobKind, JobService, Phase, ProcessQueue
from uws.lifecycle.fair_share import Turns
from uws.schema import JobRow
from uws.storage import find_job, move_job

__all__ = ["CeleryWork", "WorkerServices", "run_celery_worker"]

_LOOK_SECONDS = 0.25

_logger = logging.getLogger(__name__)


class WorkerServices(Protocol):
    """The parts of the services of a process that this worker uses."""

    @property
    def database(self) -> Database:
        """The metadata database."""

    @property
    def kinds(self) -> Mapping[str, JobKind]:
        """The kinds of job by name."""

    @property
    def turns(self) -> Turns:
        """Lets jobs into the broker's queue."""

    @property
    def jobs(self) -> JobService:
        """Jobs, over the broker's queue."""


@dataclass(frozen=True, slots=True)
class CeleryWork:
    """What a worker needs.

    Parameters
    ----------
    services
        Makes the services of one process of the pool, or of beat, after the fork.
    kinds_factory
        Makes the kinds of job in the process in which a job runs; it must be picklable.
    workers
        Jobs that run at once; one of several is left to short ones.
    memory_bytes
        Address space that one job may use.
    scratch
        Where the private folders of jobs are made.
    stored_bytes
        Bytes that the results of all jobs of one user may take; none for no limit.
    """

    redis_url: str
    services: Callable[[], WorkerServices]
    kinds_factory: Callable[[], Mapping[str, JobKind]]
    workers: int
    memory_bytes: int
    scratch: Path
    stored_bytes: int | None = None


def run_celery_worker(work: CeleryWork) -> None:
    """Run jobs until Ctrl-C or SIGTERM; running ones are then QUEUED again, or end when they cannot be run twice."""
    app = make_celery(work.redis_url, patient=True)
    watch = _Watch(work)

    @app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_job(job_id: str) -> None:
        watch.run(job_id)

    schedule_sweep(app, _Sweeping(work).run)
    signals.setup_logging.connect(_leave_logging_alone)
    signals.worker_process_init.connect(watch.start)
    signals.worker_process_shutdown.connect(watch.close)
    signals.worker_shutting_down.connect(_stop_running_jobs)
    worker = app.Worker(
        concurrency=work.workers,
        pool="prefork",
        beat=True,
        scheduler=LocalScheduler,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()


class _Watch:
    """Watches over the jobs of one process of the pool; it is made before the fork, and begins after it."""

    def __init__(self, work: CeleryWork) -> None:
        self._work = work
        self._places = LengthyPlaces(max(work.workers - 1, 1))
        self._stopping = False
        self._look = False

    def start(self, **_: object) -> None:
        """Begin, in a new process of the pool."""
        work = self._work
        self._broker = broker_client(work.redis_url)
        services = work.services()
        self._database, self._turns = services.database, services.turns
        self._queue = ProcessQueue(
            self._database,
            work.kinds_factory,
            kinds=lambda: services.kinds,
            workers=1,
            memory_bytes=work.memory_bytes,
            scratch=work.scratch,
            stored_bytes=work.stored_bytes,
            on_taken=self._turns.after,
        )
        self._queue.start()

    def close(self, **_: object) -> None:
        """Stop, at the end of the process."""
        self._queue.close()

    def run(self, job_id: str) -> None:
        """Run a job to its end, unless it was taken already or is not wanted any more, or is to wait for its place."""
        with suppress(redis.RedisError):  # the mark ends by itself, too
            self._broker.delete(sent_mark(job_id))
        try:
            if not self._is_lengthy(job_id):
                self._run(job_id)
                return
            with self._places.one() as placed:
                if placed:
                    self._run(job_id)
                else:
                    self._postpone(job_id)
            if placed:
                self._turns.give_all()
        except SQLAlchemyError:  # the sweep finds the job
            _logger.warning("job %s cannot be run now", job_id, extra={"job_id": job_id}, exc_info=True)

    def _is_lengthy(self, job_id: str) -> bool:
        with self._database.read() as session:
            return bool(session.scalar(select(JobRow.lengthy).where(JobRow.id == job_id)))

    def _postpone(self, job_id: str) -> None:
        """Let a job wait for another turn, which it gets when a lengthy one has ended, or from the sweep."""
        with self._database.write() as session:
            move_job(session, job_id, {Phase.QUEUED}, Phase.QUEUED, submitted=None)

    def _run(self, job_id: str) -> None:
        with self._handling_signals():
            self._queue.submit(job_id)
            while not self._queue.finish(job_id, _LOOK_SECONDS):
                if self._stopping:
                    self.close()
                elif self._look:
                    self._look = False
                    self._cancel_unwanted(job_id)

    @contextmanager
    def _handling_signals(self) -> Iterator[None]:
        """Take the signals that are meant for a running job; between jobs they are Celery's."""
        handlers = {signal.SIGTERM: self._on_stop, signal.Signals[STOP_SIGNAL]: self._on_look}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _on_look(self, _number: int, _frame: FrameType | None) -> None:
        self._look = True

    def _cancel_unwanted(self, job_id: str) -> None:
        """Stop a job that was aborted; the signal may also have been meant for the one before it."""
        try:
            with self._database.read() as session:
                job = find_job(session, job_id)
        except SQLAlchemyError:  # the keeper of the leases looks again within a second
            _logger.warning("job %s cannot be looked at", job_id, extra={"job_id": job_id}, exc_info=True)
            return
        if job is None or job.phase not in ACTIVE_PHASES:
            self._queue.cancel(job_id)


class _Sweeping:
    """Looks after the jobs that other workers and the broker lost; made before beat's process, used in it."""

    def __init__(self, work: CeleryWork) -> None:
        self._work = work
        self._services: WorkerServices | None = None

    def run(self) -> None:
        """Sweep once."""
        try:
            self._services = self._services or self._work.services()
            self._services.jobs.sweep()
        except Exception:  # the sweep must go on whatever one round meets
            _logger.exception("sweep failed")


def _leave_logging_alone(**_: object) -> None:
    """Be there: Celery sets up logging only when nobody listens to this signal."""


def _stop_running_jobs(**_: object) -> None:
    """Tell the processes that run jobs to bring them to an end, when the worker is told to stop."""
    for request in tuple(state.active_requests):
        if request.worker_pid:
            with suppress(ProcessLookupError):
                os.kill(request.worker_pid, signal.SIGTERM)
