"""Jobs whose work requests of clients do."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.database import Database, utc_now
from core.errors import InvalidValueError
from tests.uws.conftest import SilentQueue
from uws import ClientWork, Job, JobKind, JobLimits, JobPhaseError, JobResult, JobService, Phase, TooManyJobsError
from uws.schema import JobRow

pytestmark = pytest.mark.either_database

ADDRESS = JobResult("address", "https://example.org/put")


@pytest.fixture
def ended() -> list[Phase]:
    return []


@pytest.fixture
def service(database: Database, silent_queue: SilentQueue, ended: list[Phase]) -> JobService:
    def begin(job: Job) -> ClientWork | None:
        said = job.parameters.get("say", "")
        if said == "refused":
            message = "This is refused."
            raise InvalidValueError(message)
        return None if said == "worker" else ClientWork((ADDRESS,), 0.0 if said == "nothing" else 60.0)

    def run(_context: object) -> None:
        raise AssertionError

    kind = JobKind("upload", run, begin=begin, on_end=lambda job: ended.append(job.phase), expired="Too late.")
    return JobService(database, silent_queue, {"upload": kind}, limits=JobLimits(active_per_owner=2))


def pass_deadline(database: Database, job: Job) -> None:
    with database.write() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(JobRow).where(JobRow.id == job.id).values(lease_until=past))


@pytest.mark.parametrize("at_once", [False, True])
def test_such_a_job_is_executing_with_its_results_and_in_no_queue(service, silent_queue, at_once):
    job = service.create("upload", {}, owner="ana", run=at_once)
    if not at_once:
        assert job.phase is Phase.PENDING
        job = service.run(job.id, owner="ana")
    assert (job.phase, job.results, job.ended) == (Phase.EXECUTING, (ADDRESS,), None)
    assert job.started is not None
    assert silent_queue.submitted == []
    service.sweep()
    assert service.get(job.id, owner="ana") == job
    with pytest.raises(JobPhaseError, match="EXECUTING"):
        service.run(job.id, owner="ana")


def test_it_ends_once(service, ended):
    job = service.create("upload", {}, owner="ana")
    assert service.client_jobs.complete(job.id)
    done = service.get(job.id, owner="ana")
    assert (done.phase, done.results, done.error) == (Phase.COMPLETED, (ADDRESS,), None)
    assert not service.client_jobs.fail(job.id, "Too late")
    assert not service.client_jobs.complete(job.id)
    assert not service.client_jobs.renew(job.id, 60)
    assert service.get(job.id, owner="ana") == done
    assert ended == [Phase.COMPLETED]


def test_what_begins_with_an_error_or_with_nothing_to_do_ends_at_once(service, ended):
    refused = service.create("upload", {"say": "refused"}, owner="ana")
    assert (refused.phase, refused.error, refused.results) == (Phase.ERROR, "This is refused.", ())
    nothing = service.create("upload", {"say": "nothing"}, owner="ana")
    assert (nothing.phase, nothing.error, nothing.results) == (Phase.COMPLETED, None, (ADDRESS,))
    assert ended == [Phase.ERROR, Phase.COMPLETED]


def test_without_work_for_clients_a_worker_runs_it(service, silent_queue):
    job = service.create("upload", {"say": "worker"}, owner="ana")
    assert (job.phase, silent_queue.submitted) == (Phase.QUEUED, [job.id])
    for change in (service.client_jobs.complete, lambda key: service.client_jobs.fail(key, "no")):
        assert not change(job.id)
    assert not service.client_jobs.renew(job.id, 60)


def test_after_its_deadline_it_ends_with_the_message_of_its_kind(service, database, ended):
    job = service.create("upload", {}, owner="ana")
    pass_deadline(database, job)
    assert not service.client_jobs.renew(job.id, 60)
    assert service.sweep() == 1
    late = service.get(job.id, owner="ana")
    assert (late.phase, late.error, ended) == (Phase.ERROR, "Too late.", [Phase.ERROR])


def test_a_request_postpones_the_deadline_within_the_execution_duration(service, database):
    job = service.create("upload", {}, owner="ana", run=False)
    service.change(job.id, owner="ana", execution_duration=100)
    job = service.run(job.id, owner="ana")

    def left() -> float:
        with database.read() as session:
            until = session.get_one(JobRow, job.id).lease_until
        return (until - job.started).total_seconds()

    assert left() == pytest.approx(60, abs=1)
    assert service.client_jobs.renew(job.id, 1)
    assert left() == pytest.approx(60, abs=1)
    assert service.client_jobs.renew(job.id, 500)
    assert left() == 100


def test_abort_ends_it_and_its_number_is_limited(service, silent_queue):
    jobs = [service.create("upload", {}, owner="ana") for _ in range(2)]
    with pytest.raises(TooManyJobsError):
        service.create("upload", {}, owner="ana")
    assert {entry.id for entry in service.list("ana")} == {job.id for job in jobs}
    assert service.abort(jobs[0].id, owner="ana").phase is Phase.ABORTED
    assert not service.client_jobs.renew(jobs[0].id, 60)
    assert not service.client_jobs.complete(jobs[0].id)
    assert service.create("upload", {}, owner="ana").phase is Phase.EXECUTING
