"""What may be done with jobs, and by whom."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.database import Database
from core.errors import InvalidValueError, NotFoundError
from tests.uws.conftest import SilentQueue
from tests.uws.job_kinds import make_kinds, marks
from uws import JobLimits, JobPhaseError, JobService, Phase
from uws.storage import claim_job


def test_a_new_job_is_pending_until_it_is_run(service: JobService, silent_queue: SilentQueue) -> None:
    job = service.create("greet", {"name": "Vera"}, owner="ana", run=False, run_id="mine")
    assert service.get(job.id, owner="ana") == job
    assert (job.kind, job.owner, job.phase, job.run_id) == ("greet", "ana", Phase.PENDING, "mine")
    assert (job.parameters, job.results, job.error) == ({"name": "Vera"}, (), None)
    assert (job.started, job.ended, job.quote, job.execution_duration) == (None, None, None, 3600)
    assert job.destruction == job.created + timedelta(days=7)
    assert silent_queue.submitted == []
    assert service.run(job.id, owner="ana").phase is Phase.QUEUED
    assert silent_queue.submitted == [job.id]


def test_a_job_id_has_128_random_bits(service: JobService) -> None:
    ids = {service.create("plain", {}, owner=None, run=False).id for _ in range(20)}
    assert len(ids) == 20
    assert {len(bytes.fromhex(job_id)) for job_id in ids} == {16}


def test_a_job_is_run_once(service: JobService, silent_queue: SilentQueue) -> None:
    job = service.create("plain", {}, owner="ana")
    with pytest.raises(JobPhaseError, match="QUEUED"):
        service.run(job.id, owner="ana")
    assert silent_queue.submitted == [job.id]


def test_the_job_of_another_is_an_unknown_job(service: JobService) -> None:
    job = service.create("plain", {}, owner="ana", run=False)
    absent = "0" * 32
    for owner in ("bob", None):
        for ask in (
            lambda job_id, owner=owner: service.get(job_id, owner=owner),
            lambda job_id, owner=owner: service.run(job_id, owner=owner),
            lambda job_id, owner=owner: service.abort(job_id, owner=owner),
            lambda job_id, owner=owner: service.delete(job_id, owner=owner),
            lambda job_id, owner=owner: service.log(job_id, owner=owner),
            lambda job_id, owner=owner: service.change(job_id, owner=owner, parameters={"a": "b"}),
            lambda job_id, owner=owner: service.wait(job_id, owner=owner, seconds=5),
        ):
            with pytest.raises(NotFoundError) as another:
                ask(job.id)
            with pytest.raises(NotFoundError) as unknown:
                ask(absent)
            assert another.value.message.replace(job.id, absent) == unknown.value.message
        assert service.list(owner) == ()
    assert service.get(job.id, owner="ana") == job


def test_a_job_of_another_kind_is_an_unknown_job(service: JobService) -> None:
    job = service.create("plain", {}, owner="ana", run=False)
    assert service.get(job.id, owner="ana", kind="plain") == job
    with pytest.raises(NotFoundError):
        service.get(job.id, owner="ana", kind="greet")


def test_an_anonymous_job_is_open_to_whoever_knows_its_id_and_in_no_list(service: JobService) -> None:
    job = service.create("plain", {}, owner=None, run=False)
    assert service.get(job.id, owner=None) == service.get(job.id, owner="ana") == job
    assert service.list(None) == service.list("ana") == ()


def test_lists_are_filtered_by_phase_time_number_and_kind(service: JobService) -> None:
    first, second, third = (service.create("plain", {}, owner="ana", run=False) for _ in range(3))
    fourth = service.create("greet", {}, owner="ana")
    service.abort(second.id, owner="ana")

    def ids(*arguments: object, kind: str | None = None) -> list[str]:
        return [job.id for job in service.list("ana", *arguments, kind=kind)]

    assert ids() == [first.id, second.id, third.id, fourth.id]
    assert ids([Phase.ABORTED, Phase.QUEUED]) == [second.id, fourth.id]
    assert ids((), second.created) == [third.id, fourth.id]
    assert ids((), None, 2) == [fourth.id, third.id]
    assert ids([Phase.PENDING], first.created, 5) == [third.id]
    assert ids([Phase.ARCHIVED]) == []
    assert ids(kind="greet") == [fourth.id]


def test_parameters_change_only_while_the_job_is_pending(service: JobService) -> None:
    job = service.create("plain", {"a": "1", "b": "2"}, owner="ana", run=False)
    changed = service.change(job.id, owner="ana", parameters={"b": "3", "c": "4"}, run_id="other")
    assert changed.parameters == {"a": "1", "b": "3", "c": "4"}
    assert changed.run_id == "other"
    service.run(job.id, owner="ana")
    with pytest.raises(JobPhaseError):
        service.change(job.id, owner="ana", parameters={"a": "9"})
    assert service.get(job.id, owner="ana").parameters["a"] == "1"


def test_time_limits_asked_for_are_kept_within_those_of_the_service(
    database: Database, silent_queue: SilentQueue, tmp_path: Path
) -> None:
    limits = JobLimits(seconds=10, longest_seconds=20, days=1, longest_days=2)
    service = JobService(database, silent_queue, make_kinds(tmp_path), limits=limits)
    job = service.create("plain", {}, owner="ana", run=False)
    assert job.execution_duration == 10
    durations = [service.change(job.id, owner="ana", execution_duration=n).execution_duration for n in (15, 99, 0)]
    assert durations == [15, 20, 20]
    far = datetime(2999, 1, 1, tzinfo=UTC)
    assert service.change(job.id, owner="ana", destruction=far).destruction == job.created + timedelta(days=2)


def test_unknown_kinds_and_endless_parameters_are_refused(service: JobService) -> None:
    with pytest.raises(InvalidValueError, match="'dream'"):
        service.create("dream", {}, owner="ana")
    with pytest.raises(InvalidValueError, match="2000001 characters"):
        service.create("plain", {"a": "x" * 2_000_001}, owner="ana")


def test_text_that_no_database_takes_is_stored_all_the_same(service: JobService) -> None:
    job = service.create("plain", {"QUERY": "a\0b \udc80 é"}, owner="ana", run=False, run_id="x\0\udc80")
    stored = service.get(job.id, owner="ana")
    assert stored.parameters == {"QUERY": "a\0b \udc80 é"}
    assert stored.run_id == "x\N{REPLACEMENT CHARACTER}?"


def test_abort_stores_the_end_stops_the_work_and_calls_on_end_once(
    service: JobService, silent_queue: SilentQueue, tmp_path: Path
) -> None:
    job = service.create("nothing", {}, owner="ana")
    aborted = service.abort(job.id, owner="ana")
    assert aborted.phase is Phase.ABORTED
    assert aborted.ended is not None
    assert silent_queue.cancelled == [job.id]
    assert service.abort(job.id, owner="ana") == aborted
    assert marks(tmp_path) == [f"ended {job.id} ABORTED"]
    with pytest.raises(JobPhaseError):
        service.run(job.id, owner="ana")


def test_delete_removes_the_job_and_what_belongs_to_it(service: JobService, tmp_path: Path) -> None:
    job = service.create("nothing", {}, owner="ana")
    service.delete(job.id, owner="ana")
    assert marks(tmp_path) == [f"ended {job.id} ABORTED", f"destroyed {job.id}"]
    with pytest.raises(NotFoundError):
        service.get(job.id, owner="ana")


def test_only_one_worker_takes_a_job(service: JobService, database: Database) -> None:
    job = service.create("plain", {}, owner="ana")
    taken: list[object] = []
    gate = threading.Barrier(8)

    def take(number: int) -> None:
        gate.wait()
        with database.write() as session:
            if claim_job(session, job.id, f"worker {number}") is not None:
                taken.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert service.get(job.id, owner="ana").phase is Phase.EXECUTING


def test_waiting_ends_with_the_time_the_phase_or_the_job(service: JobService) -> None:
    job = service.create("plain", {}, owner="ana", run=False)
    assert service.wait(job.id, owner="ana", seconds=0).phase is Phase.PENDING
    assert service.wait(job.id, owner="ana", seconds=30, phase=Phase.QUEUED).phase is Phase.PENDING
    waited: list[Phase] = []
    thread = threading.Thread(
        target=lambda: waited.append(service.wait(job.id, owner="ana", seconds=-1, phase=Phase.PENDING).phase)
    )
    thread.start()
    service.run(job.id, owner="ana")
    thread.join(60)
    assert waited == [Phase.QUEUED]
    service.abort(job.id, owner="ana")
    assert service.wait(job.id, owner="ana", seconds=30).phase is Phase.ABORTED
