"""Watching jobs, and the processes that run them, from outside."""

import time
from collections.abc import Callable

from core.database import Database
from tests.support.waiting import SECONDS, wait_for
from tests.uws.conftest import AnyJobs, Jobs
from tests.uws.job_kinds import marks
from uws import Job
from uws.schema import JobRow

__all__ = ["SECONDS", "end_of", "is_told", "pid_of", "told_end_of", "wait_until"]


def end_of(jobs: Jobs | AnyJobs, job: Job, seconds: float = SECONDS) -> Job:
    ended = jobs.service.wait(job.id, owner=job.owner, seconds=seconds)
    assert ended.phase.ended, f"the job is still {ended.phase}"
    return ended


def told_end_of(jobs: Jobs | AnyJobs, job: Job, seconds: float = SECONDS) -> Job:
    """Wait for the end of a job and of its ``on_end``, which another process may call a moment later."""
    ended = end_of(jobs, job, seconds)
    wait_for(lambda: is_told(jobs.database, job), "on_end was not called", SECONDS)
    return ended


def wait_until(jobs: Jobs | AnyJobs, job: Job, ready: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + SECONDS
    while not ready(now := jobs.service.get(job.id, owner=job.owner)):
        assert time.monotonic() < deadline, f"the job is still {now.phase}"
        time.sleep(0.01)  # between two looks
    return now


def pid_of(jobs: Jobs | AnyJobs, job: Job) -> int:
    """Wait until the function of a job has begun, and give the number of its process."""
    deadline = time.monotonic() + SECONDS
    while True:
        for mark in marks(jobs.folder):
            if mark.startswith(f"begun {job.id} "):
                return int(mark.split()[2])
        assert time.monotonic() < deadline, "the job did not begin"
        time.sleep(0.01)  # between two looks


def is_told(database: Database, job: Job) -> bool:
    """Whether the ``on_end`` of a job that has ended was called."""
    with database.read() as session:
        row = session.get(JobRow, job.id)
    return row is None or row.end_calls == 0
