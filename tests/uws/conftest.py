"""Databases with the tables of jobs, and services with queues over them."""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.database import Database
from server.broker.job_queue import CeleryQueue
from tests.support.forked_workers import forked_workers
from tests.uws.celery_workers import MEMORY_BYTES, celery_worker
from tests.uws.job_kinds import make_kinds
from uws import JobLimits, JobQueue, JobService, ProcessQueue


@dataclass(frozen=True, slots=True)
class Jobs:
    """A service, its running queue, and the folder where the kinds leave their marks."""

    service: JobService
    queue: ProcessQueue
    database: Database
    folder: Path


@dataclass(frozen=True, slots=True)
class AnyJobs:
    """The same, on whichever queue."""

    service: JobService
    queue: JobQueue
    database: Database
    folder: Path


@dataclass(slots=True)
class SilentQueue:
    """A queue that only remembers what it was told."""

    submitted: list[str]
    cancelled: list[str]

    def submit(self, job_id: str, *, long_running: bool = False) -> None:
        self.submitted.append(job_id)

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


@pytest.fixture
def starting_workers() -> AbstractContextManager[None]:
    """How the worker processes of a queue are started."""
    return forked_workers(("uws.execution.worker",))


@pytest.fixture
def open_jobs(
    database: Database, tmp_path: Path, starting_workers: AbstractContextManager[None]
) -> Iterator[Callable[..., Jobs]]:
    """A function that starts a queue with a service over it; all are stopped at the end."""
    opened: list[ProcessQueue] = []

    def open_one(workers: int = 1, limits: JobLimits | None = None) -> Jobs:
        factory = functools.partial(make_kinds, tmp_path)
        queue = ProcessQueue(
            database,
            factory,
            workers=workers,
            memory_bytes=MEMORY_BYTES,
            scratch=tmp_path / "scratch",
            stored_bytes=(limits or JobLimits()).stored_bytes_per_owner,
        )
        opened.append(queue)
        queue.start()
        return Jobs(JobService(database, queue, factory(), limits=limits), queue, database, tmp_path)

    with starting_workers:
        yield open_one
        for queue in opened:
            queue.close()


@pytest.fixture
def jobs(open_jobs: Callable[..., Jobs]) -> Jobs:
    return open_jobs()


@pytest.fixture
def open_celery_jobs(database: Database, redis_url: str, tmp_path: Path) -> Iterator[Callable[..., AnyJobs]]:
    """A function that starts a Celery worker, and gives a service over its queue; all are stopped at the end."""
    kinds = make_kinds(tmp_path)
    with ExitStack() as opened:

        def open_one(workers: int = 1) -> AnyJobs:
            queue = CeleryQueue(redis_url, database)
            opened.callback(queue.close)
            if workers:
                opened.enter_context(celery_worker(redis_url, database.url, tmp_path, workers))
            return AnyJobs(JobService(database, queue, kinds), queue, database, tmp_path)

        yield open_one


@pytest.fixture
def silent_queue() -> SilentQueue:
    return SilentQueue([], [])


@pytest.fixture
def service(database: Database, silent_queue: SilentQueue, tmp_path: Path) -> JobService:
    """A service whose jobs are run by nobody."""
    return JobService(database, silent_queue, make_kinds(tmp_path))
