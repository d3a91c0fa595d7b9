"""Celery worker, which ``photoz worker`` runs when Celery is the job queue.

Each process of Celery's pool runs one job at a time in a child process (``uws.execution.process_queue``). It holds the
job's lease, and stops the job at its deadline, on ABORT, and when the worker stops. A job in C code, or out of memory,
therefore harms neither Celery nor its own lease.
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
from server.broker.beat import BeatWatch, LocalScheduler, schedule_sweep
from server.broker.celery_app import RUN_JOB, broker_client, make_celery, sent_mark
from server.broker.job_queue import STOP_SIGNAL
from server.broker.long_job_slots import LongJobSlots
from server.broker.message_marks import MessageMarks
from uws import ACTIVE_PHASES, FairShare, JobKind, JobService, Phase, ProcessQueue
from uws.schema import JobRow
from uws.storage import find_job, move_job

__all__ = ["CeleryWorkerConfig", "WorkerServices", "run_celery_worker"]

_POLL_SECONDS = 0.25

_logger = logging.getLogger(__name__)


class WorkerServices(Protocol):
    """The services that a Celery worker uses."""

    @property
    def database(self) -> Database:
        """The metadata database."""

    @property
    def kinds(self) -> Mapping[str, JobKind]:
        """Job kinds by name."""

    @property
    def fair_share(self) -> FairShare:
        """The fair-share queue in front of the broker."""

    @property
    def jobs(self) -> JobService:
        """The job service."""


@dataclass(frozen=True, slots=True)
class CeleryWorkerConfig:
    """Configuration of a Celery worker.

    Parameters
    ----------
    services
        Constructs the services of one process of the pool, or of beat, after the fork.
    kinds_factory
        Constructs the job kinds in the process in which a job runs; it must be picklable.
    workers
        Jobs that run at once; one of several workers is reserved for short jobs.
    memory_bytes
        Address space that one job may use.
    scratch
        Folder of the private folders of jobs.
    stored_bytes
        Storage limit of all jobs of one user; None for no limit.
    """

    redis_url: str
    services: Callable[[], WorkerServices]
    kinds_factory: Callable[[], Mapping[str, JobKind]]
    workers: int
    memory_bytes: int
    scratch: Path
    stored_bytes: int | None = None


def run_celery_worker(config: CeleryWorkerConfig) -> None:
    """Run jobs until Ctrl-C or SIGTERM; running ones are then QUEUED again, or end if their kind allows no retry.

    Raises
    ------
    SystemExit
        The worker ended although nobody stopped it, as Celery does on some errors of the broker; the status is not
        zero, so that a service manager starts it again.
    """
    app = make_celery(config.redis_url, patient=True)
    supervisor = _JobSupervisor(config)
    shutdown = _Shutdown()
    marks = MessageMarks(config.redis_url)
    watch = BeatWatch(lambda: shutdown.was_asked)

    @app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_job(job_id: str) -> None:
        supervisor.run(job_id)

    schedule_sweep(app, _Recovery(config).run)
    signals.setup_logging.connect(_keep_logging)
    signals.worker_process_init.connect(supervisor.start)
    signals.worker_process_shutdown.connect(supervisor.close)
    signals.worker_shutting_down.connect(shutdown.begin)
    signals.worker_ready.connect(marks.start)
    signals.worker_ready.connect(watch.start)
    worker = app.Worker(
        concurrency=config.workers,
        pool="prefork",
        beat=True,
        scheduler=LocalScheduler,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    marks.close()
    watch.close()
    if watch.has_ended or not shutdown.was_asked:
        _logger.critical("the worker ended although nobody stopped it")
        raise SystemExit(1)


class _JobSupervisor:
    """Supervisor of the jobs of one process of the pool; constructed before the fork, started after it."""

    def __init__(self, config: CeleryWorkerConfig) -> None:
        self._config = config
        self._slots = LongJobSlots(max(config.workers - 1, 1))
        self._stopping = False
        self._should_check = False

    def start(self, **_: object) -> None:
        """Start in a new process of the pool."""
        config = self._config
        self._broker = broker_client(config.redis_url)
        services = config.services()
        self._database, self._fair_share = services.database, services.fair_share
        self._queue = ProcessQueue(
            self._database,
            config.kinds_factory,
            kinds=lambda: services.kinds,
            workers=1,
            memory_bytes=config.memory_bytes,
            scratch=config.scratch,
            stored_bytes=config.stored_bytes,
            on_taken=self._fair_share.submit_next,
        )
        self._queue.start()

    def close(self, **_: object) -> None:
        """Stop at the end of the process."""
        self._queue.close()

    def run(self, job_id: str) -> None:
        """Run a job to its end, unless it is not QUEUED any more, or no slot for long-running jobs is free."""
        with suppress(redis.RedisError):  # the mark also expires
            self._broker.delete(sent_mark(job_id))
        try:
            if not self._is_long_running(job_id):
                self._run(job_id)
                return
            with self._slots.one() as is_free:
                if is_free:
                    self._run(job_id)
                else:
                    self._postpone(job_id)
            if is_free:
                self._fair_share.submit_all()
        except SQLAlchemyError:  # the recovery finds the job
            _logger.warning("job %s cannot be run now", job_id, extra={"job_id": job_id}, exc_info=True)

    def _is_long_running(self, job_id: str) -> bool:
        with self._database.read() as session:
            return bool(session.scalar(select(JobRow.long_running).where(JobRow.id == job_id)))

    def _postpone(self, job_id: str) -> None:
        """Return a job to the fair-share queue, which submits it when a long-running job has ended."""
        with self._database.write() as session:
            move_job(session, job_id, {Phase.QUEUED}, Phase.QUEUED, submitted=None)

    def _run(self, job_id: str) -> None:
        with self._handling_signals():
            self._queue.submit(job_id)
            while not self._queue.finish(job_id, _POLL_SECONDS):
                if self._stopping:
                    self.close()
                elif self._should_check:
                    self._should_check = False
                    self._cancel_if_aborted(job_id)

    @contextmanager
    def _handling_signals(self) -> Iterator[None]:
        """Handle the signals that are meant for a running job; between jobs Celery handles them."""
        handlers = {signal.SIGTERM: self._on_stop, signal.Signals[STOP_SIGNAL]: self._on_check}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _on_check(self, _number: int, _frame: FrameType | None) -> None:
        self._should_check = True

    def _cancel_if_aborted(self, job_id: str) -> None:
        """Stop the job if it was aborted; the signal may have been meant for the job before it."""
        try:
            with self._database.read() as session:
                job = find_job(session, job_id)
        except SQLAlchemyError:  # the lease renewal checks again within a second
            _logger.warning("the phase of job %s cannot be read", job_id, extra={"job_id": job_id}, exc_info=True)
            return
        if job is None or job.phase not in ACTIVE_PHASES:
            self._queue.cancel(job_id)


class _Recovery:
    """Recovery of jobs that other workers and the broker lost; constructed before beat's process, used in it."""

    def __init__(self, config: CeleryWorkerConfig) -> None:
        self._config = config
        self._services: WorkerServices | None = None

    def run(self) -> None:
        """Recover jobs once."""
        try:
            self._services = self._services or self._config.services()
            self._services.jobs.sweep()
        except Exception:  # the next round must run whatever this one meets
            _logger.exception("recovery of jobs failed")


def _keep_logging(**_: object) -> None:
    """Do nothing: Celery sets up logging unless this signal has a receiver."""


class _Shutdown:
    """Shutdown of the worker by a signal."""

    def __init__(self) -> None:
        self.was_asked = False

    def begin(self, **_: object) -> None:
        """Signal the processes that run jobs to stop them."""
        self.was_asked = True
        for request in tuple(state.active_requests):
            if request.worker_pid:
                with suppress(ProcessLookupError):
                    os.kill(request.worker_pid, signal.SIGTERM)
