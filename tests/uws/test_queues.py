"""What every queue does with jobs: worker processes of the server on both databases, and Celery."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.support.processes import ending_within
from tests.uws.conftest import AnyJobs
from tests.uws.job_kinds import count_marks, marks
from tests.uws.watching import pid_of, told_end_of, wait_until
from uws import Job, Phase, ProcessQueue
from uws.lifecycle.fair_share import QUEUED_PER_USER

pytestmark = [pytest.mark.slow, pytest.mark.either_database]

_PROCESSES, _CELERY = "processes", "celery"


# Celery is for PostgreSQL alone, so that its cases do not name a database: they run whatever the others run on.
@pytest.fixture(
    params=[(_PROCESSES, "sqlite"), (_PROCESSES, "postgresql"), (_CELERY, "postgresql")],
    ids=["processes-sqlite", "processes-postgresql", "celery"],
)
def setup(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A queue, and a database that it is used with."""
    chosen: tuple[str, str] = request.param
    return chosen


@pytest.fixture
def tables_url(request: pytest.FixtureRequest, setup: tuple[str, str]) -> str:
    url: str = request.getfixturevalue(f"{'sqlite' if setup[1] == 'sqlite' else 'postgres'}_tables_url")
    return url


@pytest.fixture
def open_any(request: pytest.FixtureRequest, setup: tuple[str, str]) -> Callable[..., AnyJobs]:
    opened: Callable[..., AnyJobs] = request.getfixturevalue(
        "open_jobs" if setup[0] == _PROCESSES else "open_celery_jobs"
    )
    return opened


@pytest.fixture
def jobs(open_any: Callable[..., AnyJobs]) -> AnyJobs:
    return open_any()


def test_a_job_lives_from_queued_to_completed(jobs: AnyJobs) -> None:
    created = jobs.service.create("greet", {"name": "Vera"}, owner="ana", run_id="mine")
    assert (created.phase, created.results, created.run_id) == (Phase.QUEUED, (), "mine")
    job = told_end_of(jobs, created)
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


def test_a_pending_job_runs_when_told(jobs: AnyJobs) -> None:
    job = jobs.service.create("nothing", {}, owner="ana", run=False)
    assert job.phase is Phase.PENDING
    jobs.service.run(job.id, owner="ana")
    assert told_end_of(jobs, job).phase is Phase.COMPLETED


def test_progress_is_seen_while_the_job_runs(jobs: AnyJobs) -> None:
    job = jobs.service.create("tell", {}, owner="ana")
    told = wait_until(jobs, job, lambda now: now.progress > 0)
    assert (told.phase, told.progress, told.message) == (Phase.EXECUTING, 0.5, "half is done")
    assert told.results == ()
    (jobs.folder / f"go-{job.id}").touch()
    assert told_end_of(jobs, job).message == "more is done"


def test_the_sentence_of_a_refusal_is_kept_and_an_internal_error_tells_nothing(jobs: AnyJobs) -> None:
    refused = told_end_of(jobs, jobs.service.create("refuse", {"name": "nil"}, owner="ana"))
    assert (refused.phase, refused.error) == (Phase.ERROR, "'nil' is not a name that can be greeted.")
    broken = told_end_of(jobs, jobs.service.create("break", {}, owner="ana"))
    assert broken.phase is Phase.ERROR
    assert broken.error == f"An internal error stopped this job; its id is {broken.id}."
    left = told_end_of(jobs, jobs.service.create("leave", {}, owner="ana"))
    assert left.error == f"An internal error stopped this job; its id is {left.id}."


def test_a_job_beyond_its_memory_ends_with_a_sentence(jobs: AnyJobs) -> None:
    job = told_end_of(jobs, jobs.service.create("hog", {}, owner="ana"))
    assert (job.phase, job.error) == (
        Phase.ERROR,
        "This job needed more memory than the 1 GB that it may use. Try it with fewer data.",
    )
    assert told_end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED


def test_a_job_beyond_its_time_is_aborted_with_a_sentence(jobs: AnyJobs) -> None:
    job = told_end_of(jobs, jobs.service.create("short", {}, owner="ana"))
    assert job.phase is Phase.ABORTED
    assert job.error == "This job was stopped because it took longer than the 1 s that it was allowed."
    assert count_marks(jobs.folder, "ended") == 1


@pytest.mark.parametrize("kind", ["spin", "spin_in_c", "spin_with_gil", "spin_in_duckdb"])
def test_abort_ends_the_use_of_the_processor(jobs: AnyJobs, kind: str) -> None:
    job = jobs.service.create(kind, {}, owner="ana")
    worker = psutil.Process(pid_of(jobs, job))
    with ending_within([worker], 2):
        assert jobs.service.abort(job.id, owner="ana").phase is Phase.ABORTED
    assert told_end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED
    assert marks(jobs.folder).count(f"ended {job.id} ABORTED") == 1


def test_abort_by_another_process_ends_the_work_too(jobs: AnyJobs, open_any: Callable[..., AnyJobs]) -> None:
    job = jobs.service.create("spin", {}, owner="ana")
    worker = psutil.Process(pid_of(jobs, job))
    other = open_any(workers=0)
    with ending_within([worker], 5):
        other.service.abort(job.id, owner="ana")
    assert jobs.service.get(job.id, owner="ana").phase is Phase.ABORTED


def test_a_job_that_tells_its_progress_notices_that_it_was_deleted(jobs: AnyJobs) -> None:
    job = jobs.service.create("report", {}, owner="ana")
    pid_of(jobs, job)
    jobs.service.delete(job.id, owner="ana")
    assert told_end_of(jobs, jobs.service.create("nothing", {}, owner="ana")).phase is Phase.COMPLETED
    assert marks(jobs.folder)[1:3] == [f"ended {job.id} ABORTED", f"destroyed {job.id}"]


def test_a_killed_worker_ends_the_job_in_error(jobs: AnyJobs) -> None:
    job = jobs.service.create("spin", {}, owner="ana")
    os.kill(pid_of(jobs, job), signal.SIGKILL)
    job = told_end_of(jobs, job)
    assert job.phase is Phase.ERROR
    assert job.error == f"The worker died while it ran this job (SIGKILL). The id of the job is {job.id}."
    assert marks(jobs.folder).count(f"ended {job.id} ERROR") == 1


def test_a_job_that_may_be_retried_is_run_once_more(jobs: AnyJobs) -> None:
    job = told_end_of(jobs, jobs.service.create("die_once_retried", {}, owner="ana"))
    assert job.phase is Phase.COMPLETED
    assert count_marks(jobs.folder, "begun") == 2
    assert marks(jobs.folder).count(f"ended {job.id} COMPLETED") == 1


def test_the_scratch_folder_is_gone_whatever_happened(jobs: AnyJobs) -> None:
    told_end_of(jobs, jobs.service.create("scratch", {}, owner="ana"))
    told_end_of(jobs, jobs.service.create("scratch", {"die": "yes"}, owner="ana"))
    folders = [Path(mark.split()[1]) for mark in marks(jobs.folder) if mark.startswith("scratch")]
    assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)
    assert all(jobs.folder / "scratch" in folder.parents for folder in folders)


def test_short_jobs_pass_lengthy_ones(jobs: AnyJobs) -> None:
    first = jobs.service.create("tell", {}, owner="ana")
    pid_of(jobs, first)
    lengthy = [jobs.service.create("lengthy", {}, owner=owner) for owner in ("ana", "bob", "ana")]
    short = jobs.service.create("brief", {}, owner="ana")
    (jobs.folder / f"go-{first.id}").touch()
    for job in (*lengthy, short):
        told_end_of(jobs, job)
    assert begun(jobs) == [job.id for job in (first, short, *lengthy)]


def test_many_jobs_of_one_user_let_those_of_another_pass(jobs: AnyJobs) -> None:
    first = jobs.service.create("tell", {}, owner="ana")
    pid_of(jobs, first)
    many = [jobs.service.create("brief", {}, owner="ana") for _ in range(40)]
    few = [jobs.service.create("brief", {}, owner=owner) for owner in ("bob", None, "bob")]
    (jobs.folder / f"go-{first.id}").touch()
    assert {told_end_of(jobs, job).phase for job in (*many, *few)} == {Phase.COMPLETED}
    order = begun(jobs)
    assert [order.index(job.id) for job in few] == [QUEUED_PER_USER + 1, QUEUED_PER_USER + 2, QUEUED_PER_USER + 3]
    ids = [job.id for job in many]
    begun_of_ids = [job_id for job_id in order if job_id in ids]
    if isinstance(jobs.queue, ProcessQueue):
        assert begun_of_ids == ids
    else:  # a sweep of beat may give one turn while the worker gives the next, and be the later one to send it
        assert sorted(begun_of_ids) == sorted(ids)


@pytest.mark.long(only="celery")
def test_a_thousand_jobs_from_twenty_clients_at_once_all_end_once(
    open_any: Callable[..., AnyJobs], setup: tuple[str, str]
) -> None:
    jobs = open_any(workers=2)
    owners = ["ana", "bob", "cleo", None]
    # A thousand are tried on Celery and PostgreSQL; on worker processes fewer, which queue up as well.
    each = 10 if setup[0] == _PROCESSES else 50

    def submit(client: int) -> list[Job]:
        return [jobs.service.create("nothing", {}, owner=owners[client % len(owners)]) for _ in range(each)]

    with ThreadPoolExecutor(20) as clients:
        created = [job for some in clients.map(submit, range(20)) for job in some]
    assert {told_end_of(jobs, job, seconds=280).phase for job in created} == {Phase.COMPLETED}
    assert len(created) == 20 * each
    assert Counter(marks(jobs.folder)) == Counter(f"ended {job.id} COMPLETED" for job in created)


def begun(jobs: AnyJobs) -> list[str]:
    """Give the ids of the jobs in the order in which they began."""
    return [mark.split()[1] for mark in marks(jobs.folder) if mark.startswith("begun")]
