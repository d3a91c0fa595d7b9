"""What the jobs of one user may take: so many of them, so much disk, and no more turns than others."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import update

from core.database import Database, utc_now
from tests.uws.clients import JobSite
from tests.uws.conftest import Jobs, SilentQueue
from tests.uws.job_kinds import make_kinds
from tests.uws.watching import end_of
from uws import Job, JobLimits, JobService, JobStorageLimitError, Phase, TooManyJobsError, UnknownJobError
from uws.lifecycle.fair_share import QUEUED_PER_USER, FairShare
from uws.limits import size_text, usage_of
from uws.schema import JobRow
from uws.storage import claim_job

pytestmark = pytest.mark.either_database

LIMITS = JobLimits(active_per_owner=2, pending_per_owner=3, stored_bytes_per_owner=10_000_000)


@pytest.fixture
def limited(database: Database, silent_queue: SilentQueue, tmp_path: Path) -> JobService:
    """A service with small limits, whose jobs are run by nobody."""
    return JobService(database, silent_queue, make_kinds(tmp_path), limits=LIMITS)


def test_an_owner_has_so_many_jobs_queued_and_running(limited: JobService, database: Database) -> None:
    first, _ = limited.create("plain", {}, owner="ana"), limited.create("plain", {}, owner="ana")
    waiting = limited.create("plain", {}, owner="ana", run=False)
    with database.write() as session:
        claim_job(session, first.id, "elsewhere:1:1")
    with pytest.raises(TooManyJobsError, match="2 of your jobs are queued or running"):
        limited.create("plain", {}, owner="ana")
    with pytest.raises(TooManyJobsError):
        limited.run(waiting.id, owner="ana")
    assert limited.get(waiting.id, owner="ana").phase is Phase.PENDING
    limited.create("plain", {}, owner="bob")
    limited.abort(first.id, owner="ana")
    assert limited.run(waiting.id, owner="ana").phase is Phase.QUEUED


def test_an_owner_has_so_many_pending_jobs(limited: JobService) -> None:
    jobs = [limited.create("plain", {}, owner=None, run=False) for _ in range(3)]
    with pytest.raises(TooManyJobsError, match="3 of your jobs are PENDING"):
        limited.create("plain", {}, owner=None, run=False)
    limited.run(jobs[0].id, owner=None)
    limited.create("plain", {}, owner=None, run=False)
    limited.create("plain", {}, owner="ana", run=False)


@pytest.mark.parametrize("run", [True, False])
def test_requests_that_come_at_once_do_not_pass_a_limit_together(limited: JobService, *, run: bool) -> None:
    gate, refused = threading.Barrier(12), []

    def create() -> None:
        gate.wait()
        try:
            limited.create("plain", {}, owner="ana", run=run)
        except TooManyJobsError as e:
            refused.append(e)

    threads = [threading.Thread(target=create) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    allowed = LIMITS.active_per_owner if run else LIMITS.pending_per_owner
    assert (len(limited.list("ana")), len(refused)) == (allowed, 12 - allowed)


def test_results_have_so_much_room_and_what_is_deleted_frees_it(open_jobs: Callable[..., Jobs]) -> None:
    jobs = open_jobs(limits=LIMITS)

    def weighed(megabytes: int, owner: str = "ana") -> Job:
        return end_of(jobs, jobs.service.create("weigh", {"bytes": str(megabytes * 1_000_000)}, owner=owner))

    first, late = weighed(7), weighed(4)
    assert (first.phase, late.phase, late.results) == (Phase.COMPLETED, Phase.ERROR, ())
    assert late.error == (
        "The results of this job need 4 MB, but your jobs already use 7 MB of the 10 MB allowed. "
        "Delete jobs that you no longer need, and run this one again."
    )
    (line,) = jobs.service.log(late.id, owner="ana")
    assert line.text == f"room for {3_000_000 - 2 * 1007}", "each job takes a little itself"
    jobs.service.delete(late.id, owner="ana")
    pending = jobs.service.create("weigh", {"bytes": "1"}, owner="ana", run=False)
    fill(jobs.database, first, 10_000_000)
    for ask in (
        lambda: jobs.service.run(pending.id, owner="ana"),
        lambda: jobs.service.create("plain", {}, owner="ana"),
        lambda: jobs.service.create("plain", {}, owner="ana", run=False),
        lambda: jobs.service.change(pending.id, owner="ana", parameters={"bytes": "2"}),
    ):
        with pytest.raises(JobStorageLimitError, match="use 10 MB of the 10 MB allowed, results included"):
            ask()
    assert jobs.service.get(pending.id, owner="ana").parameters == {"bytes": "1"}
    assert weighed(9, owner="bob").phase is Phase.COMPLETED
    jobs.service.delete(first.id, owner="ana")
    jobs.service.run(pending.id, owner="ana")
    assert end_of(jobs, pending).phase is Phase.COMPLETED


def test_parameters_and_their_files_take_room_until_they_are_gone(limited: JobService, database: Database) -> None:
    def taken() -> int:
        with database.read() as session:
            return usage_of(session, "ana").stored_bytes

    job = limited.create("plain", {"QUERY": "é" * 10}, owner="ana", run=False, file_bytes=500)
    assert taken() == 1000 + 20 + 500
    limited.change(job.id, owner="ana", parameters={"QUERY": "e", "MAXREC": "10"}, file_bytes=100)
    assert taken() == 1000 + 3 + 600
    limited.change(job.id, owner="ana", execution_duration=5)
    assert taken() == 1000 + 3 + 600
    limited.abort(job.id, owner="ana")
    assert taken() == 1000 + 3
    limited.delete(job.id, owner="ana")
    assert taken() == 0
    limited.create("plain", {}, owner="ana", run=False, file_bytes=9_999_000)
    with pytest.raises(JobStorageLimitError):
        limited.create("plain", {}, owner="ana", run=False)


def test_changes_that_come_at_once_are_all_kept(limited: JobService) -> None:
    job, gate = limited.create("plain", {}, owner="ana", run=False), threading.Barrier(8)

    def change(number: int) -> None:
        gate.wait()
        limited.change(job.id, owner="ana", parameters={f"P{number}": "x"})

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(limited.get(job.id, owner="ana").parameters) == {f"P{number}" for number in range(8)}


def fill(database: Database, job: Job, size: int) -> None:
    """Let the results of a job be as large as this."""
    with database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == job.id).values(result_bytes=size))


def test_a_limit_is_told_over_http_and_leaves_the_job_as_it_was(
    limited: JobService, database: Database, portal: BlockingPortal
) -> None:
    alice = JobSite(database, limited, "plain", portal).user("alice")
    waiting = alice.create()
    for _ in range(2):
        alice.create(PHASE="RUN")
    refused = alice.post("/jobs", PHASE="RUN")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert refused.text.startswith("2 of your jobs are queued or running")
    assert alice.post(f"{waiting}/phase", PHASE="RUN").status_code == 429
    assert alice.get(f"{waiting}/phase").text == "PENDING"


def test_of_many_jobs_of_one_user_only_the_next_few_are_in_the_queue(
    service: JobService, database: Database, silent_queue: SilentQueue
) -> None:
    many = [service.create("plain", {}, owner="ana").id for _ in range(6)]
    few = [service.create("plain", {}, owner=owner).id for owner in ("bob", None)]
    assert silent_queue.submitted == [*many[:QUEUED_PER_USER], *few]
    with database.write() as session:
        claim_job(session, many[0], "elsewhere:1:1")
    FairShare(database, silent_queue).submit_next(many[0])
    assert silent_queue.submitted == [*many[:QUEUED_PER_USER], *few, many[QUEUED_PER_USER]]
    service.abort(many[1], owner="ana")
    assert silent_queue.submitted[-1] == many[QUEUED_PER_USER + 1]


def test_a_users_own_lengthy_jobs_do_not_take_the_turns_of_short_ones(
    service: JobService, silent_queue: SilentQueue
) -> None:
    lengthy = [service.create("lengthy", {}, owner="ana").id for _ in range(5)]
    short = service.create("plain", {}, owner="ana").id
    assert silent_queue.submitted == [*lengthy[:QUEUED_PER_USER], short]


def test_a_turn_that_was_missed_is_given_by_the_sweep(
    service: JobService, database: Database, silent_queue: SilentQueue
) -> None:
    jobs = [service.create("plain", {}, owner="ana").id for _ in range(4)]
    with database.write() as session:
        claim_job(session, jobs[0], "elsewhere:1:1")  # by a worker that dies before it gives the turn on
    silent_queue.submitted.clear()
    service.sweep()
    assert silent_queue.submitted == [jobs[1], jobs[2]]


@pytest.mark.parametrize(
    ("size", "text"), [(999, "999 bytes"), (1000, "1 kB"), (2_500_000, "2.5 MB"), (20 * 10**9, "20 GB")]
)
def test_sizes_are_told_as_people_read_them(size: int, text: str) -> None:
    assert size_text(size) == text


def test_nobody_is_counted_by_address_and_queued_by_address(
    database: Database, silent_queue: SilentQueue, tmp_path: Path
):
    limits = JobLimits(pending_per_owner=2, active_per_owner=3)
    service = JobService(database, silent_queue, make_kinds(tmp_path), limits=limits)
    for run in (False, False, True, True, True):
        service.create("plain", {}, owner=None, run=run, caller="address 192.0.2.1")
    for run in (False, True):
        with pytest.raises(TooManyJobsError) as refused:
            service.create("plain", {}, owner=None, run=run, caller="address 192.0.2.1")
        assert refused.value.retry_after
        service.create("plain", {}, owner=None, run=run, caller="address 192.0.2.2")
        service.create("plain", {}, owner="ana", run=run, caller="address 192.0.2.1")
    # Two of the first address are in the queue, and those of the others are not behind its third.
    assert len(silent_queue.submitted) == 4


def test_jobs_of_nobody_that_were_not_run_are_removed_after_a_while(
    database: Database, silent_queue: SilentQueue, tmp_path: Path
):
    limits = JobLimits(anonymous_pending=timedelta(minutes=10))
    service = JobService(database, silent_queue, make_kinds(tmp_path), limits=limits)
    forgotten, run = (service.create("plain", {}, owner=None, run=run, caller="a") for run in (False, True))
    owned = service.create("plain", {}, owner="ana", run=False)
    assert service.sweep() == 0
    with database.write() as session:
        session.execute(update(JobRow).values(created=utc_now() - timedelta(minutes=11)))
    fresh = service.create("plain", {}, owner=None, run=False, caller="a")
    assert service.sweep() == 1
    with pytest.raises(UnknownJobError):
        service.get(forgotten.id, owner=None)
    assert {service.get(job.id, owner=job.owner).phase for job in (owned, fresh)} == {Phase.PENDING}
    assert service.get(run.id, owner=None).phase is Phase.QUEUED
