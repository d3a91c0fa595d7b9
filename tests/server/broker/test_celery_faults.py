"""Jobs on Celery while workers and the broker are killed, stopped and away (attacks and faults R4, R5)."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import update

from core.database import Database
from server.broker.celery_app import sent_mark, waiting_ids
from server.broker.job_queue import CeleryQueue
from tests.support.processes import ending_within, is_gone
from tests.support.redis import RedisServer, redis_server
from tests.support.waiting import wait_for
from tests.support.warm_start import WarmCommand
from tests.uws.celery_workers import celery_worker
from tests.uws.conftest import AnyJobs
from tests.uws.job_kinds import count_marks, make_kinds, marks
from tests.uws.watching import pid_of, told_end_of, wait_until
from uws import Job, JobService, Phase
from uws.schema import JobRow

pytestmark = pytest.mark.slow

SECONDS = 60

SERVER = """
import sys
from pathlib import Path
from core.database import Database
from server.broker.job_queue import CeleryQueue
from tests.uws.job_kinds import make_kinds
from uws import JobService

redis_url, url, folder = sys.argv[1:]
database = Database(url)
service = JobService(database, CeleryQueue(redis_url, database), make_kinds(Path(folder)))
while True:
    print(service.create("brief", {}, owner="ana").id, flush=True)
"""

#: A worker in which Celery meets an error that it does not expect, as it did when Redis died at a wrong moment.
FAILING = """
from celery.worker.consumer import Consumer
from tests.uws.celery_workers import main

def fail(*_):
    raise AttributeError("'NoneType' object has no attribute 'hostname'")

Consumer.start = fail
main()
"""


@pytest.fixture(scope="module")
def broker_process() -> Iterator[RedisServer]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    with redis_server(binary) as server:
        yield server


@pytest.fixture
def broker(broker_process: RedisServer) -> RedisServer:
    """A Redis that answers and holds nothing."""
    broker_process.restart()
    return broker_process


@pytest.fixture
def jobs(broker: RedisServer, postgres_tables_url: str, tmp_path: Path) -> Iterator[AnyJobs]:
    """A service over Celery whose sweep waits for nothing; no worker runs yet."""
    database, kinds = Database(postgres_tables_url), make_kinds(tmp_path)
    queue = CeleryQueue(broker.url, database)
    yield AnyJobs(JobService(database, queue, kinds, resubmit_after=timedelta(0)), queue, database, tmp_path)
    queue.close()
    database.close()


@pytest.fixture
def start_worker(jobs: AnyJobs, broker: RedisServer) -> Iterator[Callable[..., WarmCommand]]:
    with ExitStack() as started:
        yield lambda workers=1: started.enter_context(
            celery_worker(broker.url, jobs.database.url, jobs.folder, workers)
        )


def test_a_worker_killed_with_all_its_processes_loses_no_job(jobs: AnyJobs, start_worker: Callable) -> None:
    worker = start_worker(2)
    retried = jobs.service.create("spin_once", {}, owner="ana")
    ended = jobs.service.create("spin", {}, owner="ana")
    running = [psutil.Process(pid_of(jobs, job)) for job in (retried, ended)]
    os.killpg(worker.pid, signal.SIGKILL)
    wait_for(lambda: all(map(is_gone, running)))
    start_worker()
    assert sweep_to_the_end(jobs, retried).phase is Phase.COMPLETED
    lost = sweep_to_the_end(jobs, ended)
    assert lost.phase is Phase.ERROR
    assert lost.error == f"The worker or the server stopped while it ran this job. The id of the job is {lost.id}."
    assert count_marks(jobs.folder, f"begun {retried.id}") == 2
    assert sorted(mark for mark in marks(jobs.folder) if mark.startswith("ended")) == sorted(
        [f"ended {retried.id} COMPLETED", f"ended {ended.id} ERROR"]
    )


def test_when_the_head_of_a_worker_is_killed_all_of_it_goes(jobs: AnyJobs, start_worker: Callable) -> None:
    worker = start_worker()
    job = jobs.service.create("spin", {}, owner="ana")
    running = psutil.Process(pid_of(jobs, job))
    pool = psutil.Process(worker.pid).children()
    os.kill(worker.pid, signal.SIGKILL)
    wait_for(lambda: is_gone(running) and all(map(is_gone, pool)))
    assert sweep_to_the_end(jobs, job).phase is Phase.ERROR


def test_a_killed_process_of_the_pool_is_replaced(jobs: AnyJobs, start_worker: Callable) -> None:
    start_worker()
    job = jobs.service.create("spin_once", {}, owner="ana")
    running = psutil.Process(pid_of(jobs, job))
    watcher = running.parent()
    assert watcher is not None
    watcher.kill()
    wait_for(lambda: is_gone(running))
    assert sweep_to_the_end(jobs, job).phase is Phase.COMPLETED
    assert count_marks(jobs.folder, f"begun {job.id}") == 2


@pytest.mark.long
def test_while_workers_are_killed_again_and_again_every_job_ends_once(
    jobs: AnyJobs, start_worker: Callable, broker: RedisServer
) -> None:
    kinds = ["brief", "brief_retried"]
    created = [jobs.service.create(kinds[number % 2], {}, owner=f"user {number % 3}") for number in range(60)]
    for seen in range(10, 60, 10):
        worker = start_worker(2)
        wait_for(lambda seen=seen: count_marks(jobs.folder, "begun") >= seen)
        os.killpg(worker.pid, signal.SIGKILL)
        jobs.service.sweep()
    broker.restart()
    start_worker(2)
    ends = {job.id: swept_end_of(jobs, job).phase for job in created}
    assert set(ends.values()) <= {Phase.COMPLETED, Phase.ERROR}
    assert list(ends.values()).count(Phase.COMPLETED) >= 45, "a kill costs two jobs at most, and some are run again"
    with jobs.database.write() as session:  # as if time had passed: a worker can die between the end and on_end
        session.execute(update(JobRow).values(ended=created[0].created - timedelta(minutes=1)))
    jobs.service.sweep()
    told = {mark for mark in marks(jobs.folder) if mark.startswith("ended")}
    assert told == {f"ended {job_id} {phase}" for job_id, phase in ends.items()}


def test_a_server_that_is_killed_while_it_submits_loses_no_job_that_it_answered(
    jobs: AnyJobs, broker: RedisServer, start_worker: Callable, project_root: Path
) -> None:
    start_worker(2)
    words = [sys.executable, "-c", SERVER, broker.url, jobs.database.url, str(jobs.folder)]
    environment = os.environ | {"PYTHONPATH": str(project_root)}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        answered = [server.stdout.readline().strip() for _ in range(30)]
        server.kill()
    ends = [sweep_to_the_end(jobs, jobs.service.get(job_id, owner="ana")) for job_id in answered]
    assert {job.phase for job in ends} == {Phase.COMPLETED}
    assert all(count_marks(jobs.folder, f"begun {job_id}") == 1 for job_id in answered)


def test_a_worker_that_is_told_to_stop_gives_its_jobs_back_and_leaves_nothing(
    jobs: AnyJobs, start_worker: Callable
) -> None:
    worker = start_worker(2)
    retried = jobs.service.create("spin_once", {}, owner="ana")
    ended = jobs.service.create("spin", {}, owner="ana")
    pid_of(jobs, retried)
    pid_of(jobs, ended)
    processes = psutil.Process(worker.pid).children(recursive=True)
    assert len(processes) == 5, "two of the pool, each with the process of its jobs, and beat"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(SECONDS) == 0
    wait_for(lambda: all(map(is_gone, processes)))
    assert jobs.service.get(retried.id, owner="ana").phase is Phase.QUEUED
    assert jobs.service.get(ended.id, owner="ana").phase is Phase.ERROR
    assert list((jobs.folder / "scratch").iterdir()) == []


def test_a_job_that_was_submitted_while_redis_was_away_runs_when_it_is_back(
    jobs: AnyJobs, broker: RedisServer, start_worker: Callable
) -> None:
    broker.kill()
    begun = time.monotonic()
    job = jobs.service.create("nothing", {}, owner="ana")
    assert time.monotonic() - begun < SECONDS
    assert job.phase is Phase.QUEUED
    broker.start()
    start_worker()
    assert sweep_to_the_end(jobs, job).phase is Phase.COMPLETED


def test_a_job_that_redis_forgot_is_sent_again(jobs: AnyJobs, broker: RedisServer, start_worker: Callable) -> None:
    created = [jobs.service.create("nothing", {}, owner="ana") for _ in range(5)]
    broker.restart()
    start_worker()
    assert {sweep_to_the_end(jobs, job).phase for job in created} == {Phase.COMPLETED}
    assert sorted(marks(jobs.folder)) == sorted(f"ended {job.id} COMPLETED" for job in created)


def test_messages_that_a_killed_worker_had_taken_are_sent_again(
    jobs: AnyJobs, broker: RedisServer, start_worker: Callable
) -> None:
    worker = start_worker()
    told_end_of(jobs, jobs.service.create("nothing", {}, owner="ana"))
    with redis.Redis.from_url(broker.url) as client:
        wait_for(
            lambda: not client.hlen("unacked"), "the worker does not acknowledge the message of a job that has ended"
        )
        for child in psutil.Process(worker.pid).children():
            child.suspend()  # so that it takes a message and does not begin it
        job = jobs.service.create("nothing", {}, owner="bob")
        wait_for(lambda: client.hlen("unacked"), "the worker takes no message")
        mark = sent_mark(job.id)
        client.expire(mark, 11)
        wait_for(lambda: client.ttl(mark) > 11, "the living worker does not renew the mark of what it holds")
        os.killpg(worker.pid, signal.SIGKILL)
        assert client.ttl(mark) <= 15  # with a recovery every ten seconds: half a minute
        client.delete(mark)  # as if time had passed
    start_worker()
    assert sweep_to_the_end(jobs, job).phase is Phase.COMPLETED


def test_ids_that_wait_in_the_broker_are_not_sent_again_when_their_marks_end(
    jobs: AnyJobs, broker: RedisServer
) -> None:
    created = [jobs.service.create(kind, {}, owner="ana") for kind in ("nothing", "spin_lengthy")]
    with redis.Redis.from_url(broker.url) as client:
        assert waiting_ids(client) == {job.id for job in created}
        for _ in range(3):
            client.delete(*map(sent_mark, (job.id for job in created)))
            jobs.queue._read_at = float("-inf")
            jobs.service.sweep()
            assert all(client.exists(sent_mark(job.id)) for job in created)
        assert sum(client.llen(key) for key in client.scan_iter("photoz.jobs*")) == len(created)


def test_a_worker_that_ends_by_itself_tells_so_by_its_status(
    jobs: AnyJobs, broker: RedisServer, project_root: Path
) -> None:
    words = [sys.executable, "-c", FAILING, broker.url, jobs.database.url, str(jobs.folder), "1"]
    environment = os.environ | {"PYTHONPATH": str(project_root)}
    done = subprocess.run(words, env=environment, stderr=subprocess.PIPE, text=True, check=False, timeout=2 * SECONDS)
    assert done.returncode == 1
    assert "the worker ended although nobody stopped it" in done.stderr


def test_beat_of_a_worker_sends_again_what_redis_forgot(
    jobs: AnyJobs, broker: RedisServer, start_worker: Callable
) -> None:
    job = jobs.service.create("nothing", {}, owner="ana")
    broker.restart()
    with jobs.database.write() as session:
        session.execute(update(JobRow).values(submitted=job.created - timedelta(minutes=1)))
    start_worker()
    assert jobs.service.wait(job.id, owner="ana", seconds=2 * SECONDS).phase is Phase.COMPLETED


def test_a_worker_whose_beat_is_killed_gives_its_jobs_back_and_ends(jobs: AnyJobs, start_worker: Callable) -> None:
    worker = start_worker()
    job = jobs.service.create("spin_once", {}, owner="ana")
    pid_of(jobs, job)
    processes = psutil.Process(worker.pid).children(recursive=True)
    (beat,) = [each for each in psutil.Process(worker.pid).children() if not each.children()]
    beat.kill()
    assert worker.wait(SECONDS) == 1
    wait_for(lambda: all(map(is_gone, processes)))
    assert jobs.service.get(job.id, owner="ana").phase is Phase.QUEUED


def test_redis_may_die_while_a_job_runs(jobs: AnyJobs, broker: RedisServer, start_worker: Callable) -> None:
    start_worker()
    running = jobs.service.create("tell", {}, owner="ana")
    wait_until(jobs, running, lambda now: now.progress > 0)
    waiting = jobs.service.create("nothing", {}, owner="ana")
    broker.kill()
    (jobs.folder / f"go-{running.id}").touch()
    assert told_end_of(jobs, running).phase is Phase.COMPLETED
    broker.start()
    assert sweep_to_the_end(jobs, waiting).phase is Phase.COMPLETED
    assert count_marks(jobs.folder, f"begun {running.id}") == 1
    assert count_marks(jobs.folder, "ended") == 2


def test_abort_stops_the_work_although_redis_is_away(
    jobs: AnyJobs, broker: RedisServer, start_worker: Callable
) -> None:
    start_worker()
    job = jobs.service.create("spin", {}, owner="ana")
    running = psutil.Process(pid_of(jobs, job))
    broker.kill()
    with ending_within([running], 3):
        assert jobs.service.abort(job.id, owner="ana").phase is Phase.ABORTED


def test_a_frozen_redis_does_not_hold_up_who_submits(
    jobs: AnyJobs, broker: RedisServer, start_worker: Callable
) -> None:
    jobs.service.create("nothing", {}, owner="ana")
    broker.freeze()
    begun = time.monotonic()
    created = [jobs.service.create("nothing", {}, owner=f"user {number}") for number in range(SECONDS)]
    assert time.monotonic() - begun < SECONDS, "many wait a second or longer"
    broker.thaw()
    start_worker()
    assert {sweep_to_the_end(jobs, job).phase for job in created} == {Phase.COMPLETED}


def test_lengthy_jobs_leave_a_process_of_the_worker_to_short_ones(jobs: AnyJobs, start_worker: Callable) -> None:
    first, second = (jobs.service.create("spin_lengthy", {}, owner=owner) for owner in ("ana", "bob"))
    start_worker(2)
    wait_for(lambda: count_marks(jobs.folder, "begun") > 0)
    running, waiting = (first, second) if count_marks(jobs.folder, f"begun {first.id}") else (second, first)
    wait_for(lambda: not is_submitted(jobs, waiting))  # it was taken, and found no place
    short = jobs.service.create("brief", {}, owner=waiting.owner)
    assert told_end_of(jobs, short).phase is Phase.COMPLETED
    assert jobs.service.get(waiting.id, owner=waiting.owner).phase is Phase.QUEUED
    jobs.service.abort(running.id, owner=running.owner)
    pid_of(jobs, waiting)


def is_submitted(jobs: AnyJobs, job: Job) -> bool:
    with jobs.database.read() as session:
        return session.get_one(JobRow, job.id).submitted is not None


def test_only_the_id_crosses_the_broker_and_only_once(jobs: AnyJobs, broker: RedisServer) -> None:
    job = jobs.service.create("greet", {"name": "a secret name"}, owner="an owner")
    for _ in range(3):
        jobs.service.sweep()
    with redis.Redis.from_url(broker.url) as client:
        (message,) = client.lrange("photoz.jobs", 0, -1)
        everything = b"".join(client.dump(key) for key in client.scan_iter())
    assert job.id.encode() in message
    assert b"application/json" in message
    assert b"a secret name" not in everything
    assert b"an owner" not in everything


def sweep_to_the_end(jobs: AnyJobs, job: Job) -> Job:
    """Sweep as a server does, only more often, until a job has ended, and wait for the call of its ``on_end``."""
    swept_end_of(jobs, job)
    return told_end_of(jobs, job)


def swept_end_of(jobs: AnyJobs, job: Job) -> Job:
    """The same without the call, for jobs whose worker may have been killed before it."""
    deadline = time.monotonic() + SECONDS
    while not jobs.service.wait(job.id, owner=job.owner, seconds=0.2).phase.ended:
        assert time.monotonic() < deadline, f"the job is still {jobs.service.get(job.id, owner=job.owner)}"
        jobs.service.sweep()
    return jobs.service.get(job.id, owner=job.owner)
