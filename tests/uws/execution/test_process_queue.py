"""Jobs that run in worker processes, and what happens when these die."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import update

from core.database import Database
from core.processes import ProcessIdentity
from tests.support.processes import is_gone
from tests.support.resources import Resources
from tests.uws.conftest import Jobs
from tests.uws.job_kinds import marks, no_kinds
from tests.uws.watching import SECONDS, end_of, pid_of, wait_until
from uws import Phase, ProcessQueue
from uws.schema import JobRow

pytestmark = [pytest.mark.slow, pytest.mark.either_database]


@pytest.fixture
def starting_workers() -> contextlib.AbstractContextManager[None]:
    """Workers are programs of their own here, as users have them."""
    return contextlib.nullcontext()


def test_the_work_has_stopped_when_abort_returns(jobs: Jobs) -> None:
    job = jobs.service.create("spin", {}, owner="ana")
    worker = psutil.Process(pid_of(jobs, job))
    jobs.service.abort(job.id, owner="ana")
    assert is_gone(worker)


def test_a_worker_killed_between_jobs_costs_nothing(jobs: Jobs) -> None:
    end_of(jobs, jobs.service.create("nothing", {}, owner="ana"))
    (pid,) = jobs.queue.worker_pids
    os.kill(pid, signal.SIGKILL)
    assert end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED


def test_while_workers_are_killed_again_and_again_every_job_ends_once(open_jobs: Callable[..., Jobs]) -> None:
    jobs = open_jobs(workers=2)
    kinds = ["brief", "brief_retried"]
    created = [jobs.service.create(kinds[number % 2], {}, owner="ana") for number in range(40)]
    for job in created[::8]:
        wait_until(jobs, job, lambda now: now.phase is not Phase.QUEUED)
        for pid in jobs.queue.worker_pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    ends = {job.id: end_of(jobs, job).phase for job in created}
    assert set(ends.values()) <= {Phase.COMPLETED, Phase.ERROR}
    assert list(ends.values()).count(Phase.COMPLETED) >= 20
    with jobs.database.write() as session:  # as if time had passed: a worker can die between the end and on_end
        session.execute(update(JobRow).values(ended=created[0].created - timedelta(minutes=1)))
    jobs.service.sweep()
    told = Counter(mark for mark in marks(jobs.folder) if mark.startswith("ended"))
    assert set(told) == {f"ended {job_id} {phase}" for job_id, phase in ends.items()}


def test_closing_queues_what_can_be_retried_and_ends_the_rest(open_jobs: Callable[..., Jobs]) -> None:
    jobs = open_jobs(workers=2)
    retried = jobs.service.create("spin_once", {}, owner="ana")
    ended = jobs.service.create("spin", {}, owner="ana")
    pid_of(jobs, retried)
    pid_of(jobs, ended)
    begun = time.monotonic()
    jobs.queue.close()
    assert time.monotonic() - begun < SECONDS
    assert jobs.service.get(retried.id, owner="ana").phase is Phase.QUEUED
    job = jobs.service.get(ended.id, owner="ana")
    assert (job.phase, job.error) == (Phase.ERROR, "The server was stopped while this job ran. Run it again.")
    after = open_jobs()
    after.service.sweep()
    assert end_of(after, retried).phase is Phase.COMPLETED


def test_a_draining_queue_starts_no_job_and_leaves_those_that_wait_to_others(open_jobs: Callable[..., Jobs]) -> None:
    jobs = open_jobs()
    running = jobs.service.create("spin", {}, owner="ana")
    pid_of(jobs, running)
    waiting = jobs.service.create("nothing", {}, owner="ana")
    jobs.queue.drain()
    jobs.service.abort(running.id, owner="ana")
    assert jobs.queue.finish(running.id, SECONDS)
    assert not jobs.queue.finish(waiting.id, 0.2)
    assert jobs.service.get(waiting.id, owner="ana").phase is Phase.QUEUED
    jobs.queue.close()
    after = open_jobs()
    after.service.sweep()
    assert end_of(after, waiting).phase is Phase.COMPLETED


def test_closing_leaves_no_process_thread_descriptor_or_folder(
    open_jobs: Callable[..., Jobs], database: Database
) -> None:
    database.close()
    before = Resources.now()
    jobs = open_jobs(workers=2)
    end_of(jobs, jobs.service.create("die_once_retried", {}, owner="ana"))
    jobs.queue.close()
    database.close()
    assert Resources.now().beyond(before) == Resources()
    assert list((jobs.folder / "scratch").iterdir()) == []


def test_folders_of_dead_servers_are_removed_and_those_of_others_stay(
    open_jobs: Callable[..., Jobs], tmp_path: Path
) -> None:
    this = ProcessIdentity.current()
    dead = tmp_path / "scratch" / f"jobs.{this.host}:{this.pid}:{this.start - 1}.abc"
    elsewhere = tmp_path / "scratch" / "jobs.another:1:1.abc"
    other = tmp_path / "scratch" / "thesis"
    for folder in (dead, elsewhere, other):
        folder.mkdir(parents=True)
    open_jobs()
    assert (dead.exists(), elsewhere.exists(), other.exists()) == (False, True, True)


def test_a_queue_whose_kinds_cannot_be_made_stops_when_told(database: Database, tmp_path: Path) -> None:
    queue = ProcessQueue(database, no_kinds, workers=1, memory_bytes=10**9, scratch=tmp_path)
    queue.start()
    queue.submit("x")
    queue.close()
    assert queue.worker_pids == ()
