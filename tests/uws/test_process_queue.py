"""Jobs that run in worker processes, and what happens when these die."""

import contextlib
import gc
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import update

from core.database import Database
from tests.uws.conftest import Jobs
from tests.uws.job_kinds import count_marks, marks, no_kinds
from uws import Job, Phase, ProcessQueue
from uws.leases import ProcessIdentity
from uws.schema import JobRow

SECONDS = 30


def test_a_job_lives_from_queued_to_completed(jobs: Jobs) -> None:
    created = jobs.service.create("greet", {"name": "Vera"}, owner="ana", run_id="mine")
    assert (created.phase, created.results, created.run_id) == (Phase.QUEUED, (), "mine")
    job = end_of(jobs, created)
    assert job.phase is Phase.COMPLETED
    assert [(r.id, r.href, r.mime_type, r.size) for r in job.results] == [
        ("greeting", "results/greeting.txt", "text/plain", 4)
    ]
    assert job.progress == 1.0
    assert job.error is None
    assert job.started is not None
    assert job.ended is not None
    assert job.created <= job.started <= job.ended
    assert [line.text for line in jobs.service.log(job.id, owner="ana")] == ["hello"]
    assert marks(jobs.folder) == [f"ended {job.id} COMPLETED"]


def test_a_pending_job_runs_when_told(jobs: Jobs) -> None:
    job = jobs.service.create("nothing", {}, owner="ana", run=False)
    assert job.phase is Phase.PENDING
    jobs.service.run(job.id, owner="ana")
    assert end_of(jobs, job).phase is Phase.COMPLETED


def test_progress_is_seen_while_the_job_runs(jobs: Jobs) -> None:
    job = jobs.service.create("tell", {}, owner="ana")
    told = wait_until(jobs, job, lambda now: now.progress > 0)
    assert (told.phase, told.progress, told.message) == (Phase.EXECUTING, 0.5, "half is done")
    assert told.results == ()
    (jobs.folder / f"go-{job.id}").touch()
    assert end_of(jobs, job).message == "more is done"


def test_the_sentence_of_a_refusal_is_kept_and_an_internal_error_tells_nothing(jobs: Jobs) -> None:
    refused = end_of(jobs, jobs.service.create("refuse", {"name": "nil"}, owner="ana"))
    assert (refused.phase, refused.error) == (Phase.ERROR, "'nil' is not a name that can be greeted.")
    broken = end_of(jobs, jobs.service.create("break", {}, owner="ana"))
    assert broken.phase is Phase.ERROR
    assert broken.error == f"An internal error stopped this job; its id is {broken.id}."
    left = end_of(jobs, jobs.service.create("leave", {}, owner="ana"))
    assert left.error == f"An internal error stopped this job; its id is {left.id}."


def test_a_job_beyond_its_memory_ends_with_a_sentence(jobs: Jobs) -> None:
    job = end_of(jobs, jobs.service.create("hog", {}, owner="ana"))
    assert (job.phase, job.error) == (
        Phase.ERROR,
        "This job needed more memory than the 1 GB that it may use. Try it with fewer data.",
    )
    assert end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED


def test_a_job_beyond_its_time_is_aborted_with_a_sentence(jobs: Jobs) -> None:
    job = end_of(jobs, jobs.service.create("short", {}, owner="ana"))
    assert job.phase is Phase.ABORTED
    assert job.error == "This job took longer than the 1 s that it was given, and was stopped."
    assert count_marks(jobs.folder, "ended") == 1


@pytest.mark.parametrize("kind", ["spin", "spin_in_c", "spin_with_gil"])
def test_abort_ends_the_use_of_the_processor(jobs: Jobs, kind: str) -> None:
    job = jobs.service.create(kind, {}, owner="ana")
    worker = psutil.Process(pid_of(jobs, job))
    begun = time.monotonic()
    assert jobs.service.abort(job.id, owner="ana").phase is Phase.ABORTED
    assert is_gone(worker)
    assert time.monotonic() - begun < 2
    assert end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED
    assert marks(jobs.folder).count(f"ended {job.id} ABORTED") == 1


def test_abort_by_another_process_ends_the_work_too(jobs: Jobs, open_jobs: Callable[..., Jobs]) -> None:
    job = jobs.service.create("spin", {}, owner="ana")
    worker = psutil.Process(pid_of(jobs, job))
    other = open_jobs(workers=0)
    other.service.abort(job.id, owner="ana")
    deadline = time.monotonic() + 5
    while not is_gone(worker):
        assert time.monotonic() < deadline, "the worker goes on"
    assert jobs.service.get(job.id, owner="ana").phase is Phase.ABORTED


def test_a_job_that_tells_its_progress_notices_that_it_was_deleted(jobs: Jobs) -> None:
    job = jobs.service.create("report", {}, owner="ana")
    pid_of(jobs, job)
    jobs.service.delete(job.id, owner="ana")
    assert end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED
    assert marks(jobs.folder)[1:3] == [f"ended {job.id} ABORTED", f"destroyed {job.id}"]


def test_a_killed_worker_ends_the_job_in_error(jobs: Jobs) -> None:
    job = jobs.service.create("spin", {}, owner="ana")
    os.kill(pid_of(jobs, job), signal.SIGKILL)
    job = end_of(jobs, job)
    assert job.phase is Phase.ERROR
    assert job.error == f"The worker died while it ran this job (SIGKILL). The id of the job is {job.id}."
    assert marks(jobs.folder).count(f"ended {job.id} ERROR") == 1


def test_a_job_that_may_be_retried_is_run_once_more(jobs: Jobs) -> None:
    job = end_of(jobs, jobs.service.create("die_once_retried", {}, owner="ana"))
    assert job.phase is Phase.COMPLETED
    assert count_marks(jobs.folder, "begun") == 2
    assert marks(jobs.folder).count(f"ended {job.id} COMPLETED") == 1


def test_a_worker_killed_between_jobs_costs_nothing(jobs: Jobs) -> None:
    end_of(jobs, jobs.service.create("nothing", {}, owner="ana"))
    (pid,) = jobs.queue.worker_pids
    os.kill(pid, signal.SIGKILL)
    assert end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED


def test_the_scratch_folder_is_gone_whatever_happened(jobs: Jobs) -> None:
    end_of(jobs, jobs.service.create("scratch", {}, owner="ana"))
    end_of(jobs, jobs.service.create("scratch", {"die": "yes"}, owner="ana"))
    folders = [Path(mark.split()[1]) for mark in marks(jobs.folder) if mark.startswith("scratch")]
    assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)
    assert all(jobs.folder / "scratch" in folder.parents for folder in folders)


def test_two_hundred_jobs_from_ten_threads_all_end_once(open_jobs: Callable[..., Jobs]) -> None:
    jobs = open_jobs(workers=2)
    created: list[Job] = []

    def submit() -> None:
        created.extend(jobs.service.create("nothing", {}, owner="ana") for _ in range(20))

    threads = [threading.Thread(target=submit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {end_of(jobs, job).phase for job in created} == {Phase.COMPLETED}
    assert Counter(marks(jobs.folder)) == Counter(f"ended {job.id} COMPLETED" for job in created)
    assert len(created) == 200


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
    assert time.monotonic() - begun < 5
    assert jobs.service.get(retried.id, owner="ana").phase is Phase.QUEUED
    job = jobs.service.get(ended.id, owner="ana")
    assert (job.phase, job.error) == (Phase.ERROR, "The server was stopped while this job ran. Run it again.")
    after = open_jobs()
    after.service.sweep()
    assert end_of(after, retried).phase is Phase.COMPLETED


def test_closing_leaves_no_process_thread_descriptor_or_folder(
    open_jobs: Callable[..., Jobs], database: Database
) -> None:
    database.close()
    gc.collect()  # what earlier tests left to it
    before = psutil.Process().num_fds(), threading.active_count(), workers_left()
    jobs = open_jobs(workers=2)
    end_of(jobs, jobs.service.create("die_once_retried", {}, owner="ana"))
    jobs.queue.close()
    database.close()
    assert (psutil.Process().num_fds(), threading.active_count(), workers_left()) == before
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


def test_a_queue_whose_kinds_cannot_be_made_stops_when_told(database_url: str, tmp_path: Path) -> None:
    queue = ProcessQueue(database_url, no_kinds, workers=1, memory_bytes=10**9, scratch=tmp_path)
    queue.start()
    queue.submit("x")
    queue.close()
    assert queue.worker_pids == ()


def end_of(jobs: Jobs, job: Job) -> Job:
    ended = jobs.service.wait(job.id, owner=job.owner, seconds=SECONDS)
    assert ended.phase.ended, f"the job is still {ended.phase}"
    return ended


def wait_until(jobs: Jobs, job: Job, ready: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + SECONDS
    with jobs.queue.changes.watching(job.id) as changed:
        while not ready(now := jobs.service.get(job.id, owner=job.owner)):
            assert time.monotonic() < deadline
            changed.wait(0.2)
            changed.clear()
    return now


def pid_of(jobs: Jobs, job: Job) -> int:
    """Wait until the function of a job has begun, and give the number of its process."""
    deadline = time.monotonic() + SECONDS
    while True:
        for mark in marks(jobs.folder):
            if mark.startswith(f"begun {job.id} "):
                return int(mark.split()[2])
        assert time.monotonic() < deadline, "the job did not begin"
        time.sleep(0.01)  # between two looks


def workers_left() -> list[int]:
    return [child.pid for child in psutil.Process().children() if "uws.worker" in child.cmdline()]


def is_gone(process: psutil.Process) -> bool:
    """Tell whether a process has ended, without reaping it: that is for the queue to do."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
