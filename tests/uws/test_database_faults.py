"""PostgreSQL crashes in the middle of jobs, on both queues: no job is lost, none runs twice (attacks and faults R6)."""

import functools
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from server.broker.job_queue import CeleryQueue
from tests.support.databases import make_tables
from tests.support.postgres import PostgresServer, postgres_binaries, running_postgres
from tests.support.redis import running_redis
from tests.uws.celery_workers import MEMORY_BYTES, celery_worker
from tests.uws.conftest import AnyJobs
from tests.uws.job_kinds import count_marks, make_kinds, marks
from tests.uws.watching import SECONDS, told_end_of, wait_until
from uws import Job, JobService, Phase, ProcessQueue

pytestmark = pytest.mark.slow

AWAY_SECONDS = 1.5


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of one's own, which may crash."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_postgres(binaries, durable=True) as running:
        yield running


@pytest.fixture(params=["processes", "celery"])
def jobs(request: pytest.FixtureRequest, server: PostgresServer, tmp_path: Path) -> Iterator[AnyJobs]:
    kinds = make_kinds(tmp_path)
    with ExitStack() as opened:
        url = opened.enter_context(server.new_database())
        database = Database(url)
        opened.callback(database.close)
        make_tables(database.engine)
        if request.param == "processes":
            factory = functools.partial(make_kinds, tmp_path)
            queue = ProcessQueue(database, factory, workers=1, memory_bytes=MEMORY_BYTES, scratch=tmp_path / "scratch")
            queue.start()
        else:
            binary = shutil.which("redis-server")
            if binary is None:
                pytest.skip("Redis is not installed: apt-get install redis-server")
            redis_url = opened.enter_context(running_redis(binary))
            queue = CeleryQueue(redis_url, database)
            opened.enter_context(celery_worker(redis_url, url, tmp_path))
        opened.callback(queue.close)
        yield AnyJobs(JobService(database, queue, kinds, resubmit_after=timedelta(0)), queue, database, tmp_path)


def test_jobs_outlive_a_crash_of_the_database(jobs: AnyJobs, server: PostgresServer) -> None:
    running = jobs.service.create("tell", {}, owner="ana")
    wait_until(jobs, running, lambda now: now.progress > 0)
    waiting = [jobs.service.create("nothing", {}, owner="ana") for _ in range(5)]
    server.crash()
    (jobs.folder / f"go-{running.id}").touch()  # the job ends while nobody can store that it did
    with pytest.raises(SQLAlchemyError):
        jobs.service.get(running.id, owner="ana")
    threading.Event().wait(AWAY_SECONDS)  # whoever needs the database has met its absence by now
    server.start()
    ends = [sweep_to_the_end(jobs, job) for job in (running, *waiting)]
    assert {job.phase for job in ends} == {Phase.COMPLETED}
    assert count_marks(jobs.folder, f"begun {running.id}") == 1
    assert sorted(mark for mark in marks(jobs.folder) if mark.startswith("ended")) == sorted(
        f"ended {job.id} COMPLETED" for job in ends
    )


def sweep_to_the_end(jobs: AnyJobs, job: Job) -> Job:
    """Sweep as a server does, only more often, until a job has ended."""
    deadline = time.monotonic() + 2 * SECONDS
    while not jobs.service.wait(job.id, owner="ana", seconds=0.2).phase.ended:
        assert time.monotonic() < deadline, f"the job is still {jobs.service.get(job.id, owner='ana')}"
        jobs.service.sweep()
    return told_end_of(jobs, job)
