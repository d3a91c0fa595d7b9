"""What the sweep puts right."""

import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import update

from core.database import Database, utc_now
from core.processes import ProcessIdentity
from tests.uws.conftest import MEMORY_BYTES, Jobs, SilentQueue
from tests.uws.job_kinds import count_marks, make_kinds, marks
from tests.uws.watching import SECONDS, end_of, pid_of
from uws import Job, JobKind, JobLimits, JobPhaseError, JobService, Phase, ProcessQueue, UnknownJobError, run_forever
from uws.leases import Lease
from uws.lifecycle.completion import Endings
from uws.limits import load_of
from uws.models import JobResult
from uws.schema import JobRow
from uws.storage import claim_job

SERVER = """
import functools, sys
from pathlib import Path
from core.database import Database
from tests.uws.job_kinds import make_kinds
from uws import JobService, ProcessQueue

url, folder, *kinds = sys.argv[1:]
factory = functools.partial(make_kinds, Path(folder))
queue = ProcessQueue(Database(url), factory, workers=2, memory_bytes=10**9, scratch=Path(folder) / "scratch")
queue.start()
service = JobService(Database(url), queue, factory())
print(*[service.create(kind, {}, owner="ana").id for kind in kinds], flush=True)
sys.stdin.read()
"""


def test_a_queued_job_that_the_queue_lost_is_submitted_again(service: JobService, silent_queue: SilentQueue) -> None:
    job = service.create("plain", {}, owner="ana")
    service.create("plain", {}, owner="ana", run=False)
    silent_queue.submitted.clear()
    assert service.sweep() == 0
    assert silent_queue.submitted == [job.id]


def test_a_broker_gets_a_job_again_only_after_a_while(
    database: Database, silent_queue: SilentQueue, tmp_path: Path
) -> None:
    minute = timedelta(minutes=1)
    service = JobService(database, silent_queue, make_kinds(tmp_path), resubmit_after=minute)
    job = service.create("plain", {}, owner="ana")
    service.sweep()
    assert silent_queue.submitted == [job.id]
    change(database, job, submitted=job.created - minute)
    service.sweep()
    service.sweep()
    assert silent_queue.submitted == [job.id, job.id]


@pytest.mark.parametrize("lease", ["dead here", "run out elsewhere", "nonsense", "alive here, long run out"])
def test_a_job_without_a_worker_ends_in_error(
    service: JobService, database: Database, tmp_path: Path, lease: str
) -> None:
    job = service.create("nothing", {}, owner="ana")
    take(database, job, lease)
    assert service.sweep() == 1
    ended = service.get(job.id, owner="ana")
    assert ended.phase is Phase.ERROR
    assert ended.error == f"The worker or the server stopped while it ran this job. The id of the job is {job.id}."
    assert service.sweep() == 0
    assert marks(tmp_path) == [f"ended {job.id} ERROR"]


@pytest.mark.parametrize("lease", ["alive here", "alive here, run out", "elsewhere"])
def test_a_job_with_a_worker_is_left_alone(service: JobService, database: Database, lease: str) -> None:
    job = service.create("nothing", {}, owner="ana")
    take(database, job, lease)
    assert service.sweep() == 0
    assert service.get(job.id, owner="ana").phase is Phase.EXECUTING


def test_a_job_is_retried_once(service: JobService, database: Database, silent_queue: SilentQueue) -> None:
    job = service.create("spin_once", {}, owner="ana")
    take(database, job, "dead here")
    service.sweep()
    assert service.get(job.id, owner="ana").phase is Phase.QUEUED
    assert silent_queue.submitted == [job.id, job.id]
    take(database, job, "dead here")
    service.sweep()
    assert service.get(job.id, owner="ana").phase is Phase.ERROR


def test_a_worker_that_lost_its_lease_cannot_end_the_job(
    service: JobService, database: Database, tmp_path: Path
) -> None:
    endings = Endings(database, make_kinds(tmp_path).get)
    job = service.create("spin_once", {}, owner="ana")
    late = take(database, job, "dead here")
    service.sweep()
    present = take(database, job, "dead here")
    results = (JobResult("late", "late"),)
    assert endings.complete(job, late, results) is None
    assert endings.fail(job, late, "late") is None
    assert service.get(job.id, owner="ana").phase is Phase.EXECUTING
    ended = endings.complete(job, present, ())
    assert ended is not None
    assert (ended.phase, ended.results) == (Phase.COMPLETED, ())


def test_on_end_that_nobody_called_is_called_by_the_sweep(
    service: JobService, database: Database, tmp_path: Path
) -> None:
    job = service.create("nothing", {}, owner="ana")
    lease = take(database, job, "alive here")
    Endings(database, make_kinds(tmp_path).get).complete(job, lease, ())  # and here the process died
    service.sweep()
    assert marks(tmp_path) == []
    change(database, job, ended=job.created - timedelta(minutes=1))
    assert (service.sweep(), service.sweep()) == (1, 0)
    assert marks(tmp_path) == [f"ended {job.id} COMPLETED"]


def test_on_end_that_raises_is_called_twice_and_no_more(
    service: JobService, database: Database, tmp_path: Path
) -> None:
    job = service.create("fragile", {}, owner="ana")
    assert service.abort(job.id, owner="ana").phase is Phase.ABORTED
    change(database, job, ended=job.created - timedelta(minutes=1))
    assert (service.sweep(), service.sweep()) == (1, 0)
    assert marks(tmp_path) == [f"ended {job.id} ABORTED"] * 2


def test_a_job_past_its_destruction_time_is_archived_without_its_results(
    service: JobService, database: Database, tmp_path: Path
) -> None:
    kept, old = (service.create("greet", {"name": "Vera"}, owner="ana") for _ in range(2))
    lease = take(database, old, "alive here")
    Endings(database, make_kinds(tmp_path).get).complete(old, lease, (JobResult("a", "b", size=5),))
    change(database, old, destruction=utc_now())
    assert (service.sweep(), service.sweep()) == (1, 0)
    assert [job.id for job in service.list("ana")] == [kept.id]
    assert [job.id for job in service.list("ana", [Phase.ARCHIVED])] == [old.id]
    archived = service.get(old.id, owner="ana")
    assert (archived.phase, archived.results, archived.parameters) == (Phase.ARCHIVED, (), {"name": "Vera"})
    assert marks(tmp_path) == [f"destroyed {old.id}"]
    for refused in (
        lambda: service.run(old.id, owner="ana"),
        lambda: service.abort(old.id, owner="ana"),
        lambda: service.change(old.id, owner="ana", destruction=utc_now()),
    ):
        with pytest.raises(JobPhaseError, match="ARCHIVED"):
            refused()
    with database.read() as session:
        assert load_of(session, "ana").stored_bytes == 2 * 1004


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.QUEUED, Phase.EXECUTING])
def test_a_job_that_has_not_ended_by_its_destruction_time_is_stopped_first(
    service: JobService, database: Database, silent_queue: SilentQueue, tmp_path: Path, phase: Phase
) -> None:
    job = service.create("nothing", {}, owner="ana", run=phase is not Phase.PENDING)
    if phase is Phase.EXECUTING:
        take(database, job, "alive here")
    change(database, job, destruction=utc_now())
    assert service.sweep() == 1
    assert service.get(job.id, owner="ana").phase is Phase.ARCHIVED
    assert silent_queue.cancelled == [job.id]
    assert marks(tmp_path) == [f"ended {job.id} ABORTED", f"destroyed {job.id}"]


def test_an_archived_job_is_removed_after_some_days_or_when_its_owner_says(
    service: JobService, database: Database
) -> None:
    fresh, stale, unwanted = (service.create("plain", {}, owner="ana", run=False) for _ in range(3))
    for job in (fresh, stale, unwanted):
        change(database, job, destruction=utc_now())
    assert service.sweep() == 3
    change(database, stale, destruction=utc_now() - timedelta(days=31))
    service.delete(unwanted.id, owner="ana")
    assert service.sweep() == 1
    assert [job.id for job in service.list("ana", [Phase.ARCHIVED])] == [fresh.id]


def test_jobs_of_nobody_and_of_a_server_that_archives_nothing_are_removed_at_once(
    service: JobService, database: Database, silent_queue: SilentQueue, tmp_path: Path
) -> None:
    forgetful = JobService(database, silent_queue, make_kinds(tmp_path), limits=JobLimits(archive_days=0))
    for jobs, owner in ((service, None), (forgetful, "ana")):
        job = jobs.create("plain", {}, owner=owner, run=False)
        change(database, job, destruction=utc_now())
        assert jobs.sweep() == 1
        with pytest.raises(UnknownJobError):
            jobs.get(job.id, owner=owner)


def test_a_job_that_cannot_be_cleared_away_does_not_keep_the_others(
    database: Database, silent_queue: SilentQueue
) -> None:
    def broken(_job: Job) -> None:
        message = "the disk is gone"
        raise OSError(message)

    kinds = {"plain": JobKind("plain", lambda _: None), "broken": JobKind("broken", lambda _: None, on_destroy=broken)}
    service = JobService(database, silent_queue, kinds)
    stuck, other = (service.create(kind, {}, owner="ana", run=False) for kind in ("broken", "plain"))
    for job in (stuck, other):
        change(database, job, destruction=utc_now())
    service.sweep()
    phases = [service.get(job.id, owner="ana").phase for job in (stuck, other)]
    assert phases == [Phase.ABORTED, Phase.ARCHIVED], "the first one is tried again at the next sweep"


def test_jobs_of_a_killed_server_end_or_run_again_at_once(
    database: Database, open_jobs: Callable[..., Jobs], tmp_path: Path, project_root: Path
) -> None:
    with server(database.url, tmp_path, project_root, "spin_once", "spin", "nothing", "nothing") as (process, ids):
        jobs = open_jobs(workers=0)
        retried, ended, *queued = (jobs.service.get(job_id, owner="ana") for job_id in ids)
        workers = [psutil.Process(pid_of(jobs, job)) for job in (retried, ended)]
        process.send_signal(signal.SIGKILL)
        process.wait()
    for worker in workers:
        worker.wait(SECONDS)
    after = open_jobs()
    assert after.service.sweep() == 2
    assert end_of(after, retried).phase is Phase.COMPLETED
    assert end_of(after, ended).phase is Phase.ERROR
    assert {end_of(after, job).phase for job in queued} == {Phase.COMPLETED}
    assert all(count_marks(tmp_path, f"ended {job_id}") == 1 for job_id in ids)


def test_workers_that_stand_alone_share_the_jobs_of_the_database(
    service: JobService, database: Database, tmp_path: Path
) -> None:
    stop = threading.Event()
    factory, scratch = functools.partial(make_kinds, tmp_path), tmp_path / "scratch"
    queues = [ProcessQueue(database, factory, workers=1, memory_bytes=MEMORY_BYTES, scratch=scratch) for _ in range(2)]
    standing = [
        threading.Thread(target=run_forever, args=(database, queue), kwargs={"stop": stop, "poll_seconds": 0.05})
        for queue in queues
    ]
    for thread in standing:
        thread.start()
    jobs = [service.create("nothing", {}, owner="ana") for _ in range(20)]
    ends = {service.wait(job.id, owner="ana", seconds=SECONDS).phase for job in jobs}
    stop.set()
    for thread in standing:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert ends == {Phase.COMPLETED}
    assert sorted(marks(tmp_path)) == sorted(f"ended {job.id} COMPLETED" for job in jobs)


def take(database: Database, job: Job, lease: str) -> Lease:
    """Take a job as a worker would that is in this state."""
    this, now = ProcessIdentity.current(), utc_now()
    dead = ProcessIdentity(this.host, this.pid, this.start - 1)
    elsewhere = ProcessIdentity("another", this.pid, this.start)
    owner, until = {
        "dead here": (str(dead), now + timedelta(minutes=10)),
        "run out elsewhere": (str(elsewhere), now - timedelta(seconds=1)),
        "nonsense": ("nobody", now - timedelta(seconds=1)),
        "alive here, long run out": (str(this), now - timedelta(seconds=90)),
        "alive here": (str(this), now + timedelta(minutes=10)),
        "alive here, run out": (str(this), now - timedelta(seconds=1)),
        "elsewhere": (str(elsewhere), now + timedelta(minutes=10)),
    }[lease]
    with database.write() as session:
        claimed = claim_job(session, job.id, owner)
    assert claimed is not None
    change(database, job, lease_until=until)
    return claimed[1]


def change(database: Database, job: Job, **values: object) -> None:
    with database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == job.id).values(**values))


@contextmanager
def server(url: str, folder: Path, root: Path, *kinds: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that owns a queue and has made jobs of these kinds; gives it with the ids."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, url, str(folder), *kinds],
        env=os.environ | {"PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()
        finally:
            process.kill()
