"""Waiting for jobs: woken by changes, without a thread for each who waits."""

import asyncio
import threading
import time

import pytest
from anyio.from_thread import BlockingPortal

from tests.uws.clients import JobSite
from tests.uws.conftest import Jobs
from uws import Job, JobService, Phase
from uws.handlers.waiting import LONGEST_WAIT, job_states, wait_for_change


@pytest.fixture
def tables_url(sqlite_tables_url: str) -> str:
    """One database will do: what the two do differently is tried in test_service."""
    return sqlite_tables_url


async def nobody_left() -> bool:
    return False


async def waiting(service: JobService, job: Job, seconds: float, phase: Phase | None = None) -> Job:
    return await wait_for_change(service, job, owner="alice", seconds=seconds, phase=phase, is_disconnected=nobody_left)


def test_hundreds_wait_without_a_thread_each(service: JobService):
    job = service.create("nothing", {}, owner="alice", run=False)

    async def scene() -> tuple[list[Job], int, float]:
        before = threading.active_count()
        tasks = [asyncio.create_task(waiting(service, job, -1)) for _ in range(300)]
        while not any(task.done() for task in tasks) and service.get(job.id, owner="alice").phase is Phase.PENDING:
            await asyncio.sleep(0.1)  # until all have looked once
            threads = threading.active_count() - before
            await asyncio.to_thread(service.abort, job.id, owner="alice")
        began = time.monotonic()
        found = await asyncio.gather(*tasks)
        return found, threads, time.monotonic() - began

    found, threads, seconds = asyncio.run(scene())
    assert {job.phase for job in found} == {Phase.ABORTED}
    assert threads < 60  # the pool of threads has 40
    assert seconds < LONGEST_WAIT


def test_a_wait_ends_when_its_time_is_over(service: JobService):
    job = service.create("nothing", {}, owner="alice")
    began = time.monotonic()
    found = asyncio.run(waiting(service, job, 0.3, Phase.QUEUED))
    assert (found.phase, 0.3 <= time.monotonic() - began < LONGEST_WAIT) == (Phase.QUEUED, True)


def test_a_wait_ends_when_nobody_listens_any_more(service: JobService):
    job = service.create("nothing", {}, owner="alice", run=False)

    async def gone() -> bool:
        return True

    found = asyncio.run(wait_for_change(service, job, owner="alice", seconds=-1, phase=None, is_disconnected=gone))
    assert found.phase is Phase.PENDING


def test_nobody_waits_when_the_server_stops(service: JobService):
    job = service.create("nothing", {}, owner="alice", run=False)

    async def scene() -> Job:
        task = asyncio.create_task(waiting(service, job, -1))
        await asyncio.sleep(0)
        await asyncio.to_thread(service.notifier.close)
        return await task

    began = time.monotonic()
    assert asyncio.run(scene()).phase is Phase.PENDING
    assert time.monotonic() - began < LONGEST_WAIT


def test_who_watches_sees_progress_and_the_end(jobs: Jobs):
    job = jobs.service.create("tell", {}, owner="alice")

    async def scene() -> list[tuple[Phase, float]]:
        seen: list[tuple[Phase, float]] = []
        async for state in job_states(jobs.service, job.id, owner="alice", seconds=60):
            if (state.phase, state.progress) not in seen:
                seen.append((state.phase, state.progress))
            if state.progress == pytest.approx(0.5):
                (jobs.folder / f"go-{job.id}").touch()
        return seen

    seen = asyncio.run(scene())
    assert seen[-1] == (Phase.COMPLETED, 1.0)
    assert (Phase.EXECUTING, 0.5) in seen


def test_results_and_the_end_come_over_http(jobs: Jobs, portal: BlockingPortal):
    client = JobSite(jobs.database, jobs.service, "greet", portal).user("alice")
    path = client.create(name="Vera", PHASE="RUN")
    for phase in ("QUEUED", "EXECUTING"):
        answer = client.get(path, WAIT=30, PHASE=phase)
    assert b"<uws:phase>COMPLETED</uws:phase>" in answer.content
    assert b"<progress>1.0</progress>" in answer.content
    assert client.get(f"{path}/results/greeting").text == "the greeting"
    assert client.get(f"{path}/log").text.endswith("Z hello")


def test_an_error_is_a_sentence(jobs: Jobs, portal: BlockingPortal):
    client = JobSite(jobs.database, jobs.service, "refuse", portal).user("alice")
    path = client.create(name="Vera", PHASE="RUN")
    for phase in ("QUEUED", "EXECUTING"):
        client.get(path, WAIT=30, PHASE=phase)
    assert client.get(f"{path}/error").text == "'Vera' is not a name that can be greeted."
