"""Benchmark of the overhead of a UWS job: from its POST to COMPLETED, with warm workers.

Both queues are measured in one run: worker processes, and Celery when a Redis server is installed; once by calls of the
service in this process, and once over HTTP as a client meets it: POST with PHASE=RUN, then GET with WAIT until the job
is COMPLETED. Run as ``python -m benchmarks.uws_overhead [--url DATABASE] [--workers N] [--jobs N]``. Goal: from POST to
COMPLETED a median under 100 ms.
"""

import argparse
import functools
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis
import requests
import uvicorn
from fastapi import FastAPI, Response

from core.auth.dependencies import Authenticator
from core.auth.service import AccountService
from core.database import Base, Database
from server.broker.job_queue import RESUBMIT_AFTER, CeleryQueue
from server.broker.worker import CeleryWorkerConfig, run_celery_worker
from uws import JobContext, JobKind, JobQueue, JobService, ProcessQueue
from uws.handlers import JobList, JobResources, uws_routes
from uws.lifecycle.fair_share import FairShare

_WAIT_SECONDS = 60.0
_CLIENTS = 20
_MEMORY_BYTES = 1_000_000_000

#: Opens a queue for a database with a number of workers, in a folder; closing the stack stops it.
OpenQueue = Callable[[ExitStack, Database, Path, int], JobQueue]


def make_kinds() -> Mapping[str, JobKind]:
    return {"nothing": JobKind("nothing", do_nothing)}


def do_nothing(_context: JobContext) -> None:
    """Do nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="SQLAlchemy address of an empty database; by default a new SQLite file")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/jobs.sqlite"
        measure("processes", open_processes, url, Path(folder), options.workers, options.jobs)
        binary = shutil.which("redis-server")
        if binary is None:
            print("celery: Redis is not installed")
        else:
            open_queue = functools.partial(open_celery, binary)
            measure("celery", open_queue, url, Path(folder), options.workers, options.jobs)


def measure(name: str, open_queue: OpenQueue, url: str, folder: Path, workers: int, count: int) -> None:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    with ExitStack() as stack:
        stack.callback(database.close)
        begun = time.perf_counter()
        queue = open_queue(stack, database, folder, workers)
        service = JobService(database, queue, make_kinds())
        finish(service, service.create("nothing", {}, owner="bench").id)
        print(f"{name}: start of the queue to the end of its first job: {time.perf_counter() - begun:.2f} s")
        latencies = sorted(one(service) for _ in range(count))
        print(
            f"{name}: one after another: median {statistics.median(latencies) * 1e3:.1f} ms, "
            f"95 of 100 under {latencies[int(count * 0.95)] * 1e3:.1f} ms"
        )
        begun = time.perf_counter()
        ids = [service.create("nothing", {}, owner="bench").id for _ in range(count)]
        for job_id in ids:
            finish(service, job_id)
        print(f"{name}: all at once: {count / (time.perf_counter() - begun):.0f} jobs/s on {workers} workers")
        measure_http(name, stack.enter_context(running_site(service, database)), count)


def measure_http(name: str, address: str, count: int) -> None:
    with requests.Session() as session:
        latencies = sorted(one_over_http(session, address) for _ in range(count))
    print(
        f"{name}: over HTTP: median {statistics.median(latencies) * 1e3:.1f} ms from POST to COMPLETED, "
        f"95 of 100 under {latencies[int(count * 0.95)] * 1e3:.1f} ms"
    )
    with ThreadPoolExecutor(_CLIENTS) as clients:
        begun = time.perf_counter()
        for _ in clients.map(many_over_http, [address] * _CLIENTS, [count // _CLIENTS] * _CLIENTS):
            pass
        took = time.perf_counter() - begun
    print(f"{name}: over HTTP: {count // _CLIENTS * _CLIENTS / took:.0f} jobs/s from {_CLIENTS} clients at once")


def one_over_http(session: requests.Session, address: str) -> float:
    begun = time.perf_counter()
    job = session.post(address, data={"PHASE": "RUN"}, allow_redirects=False, timeout=_WAIT_SECONDS).headers["Location"]
    document = ""
    while ">COMPLETED<" not in document:
        document = session.get(job, params={"WAIT": "-1"}, timeout=_WAIT_SECONDS).text
        assert ">ERROR<" not in document, document
    return time.perf_counter() - begun


def many_over_http(address: str, count: int) -> None:
    with requests.Session() as session:
        for _ in range(count):
            one_over_http(session, address)


@contextmanager
def running_site(service: JobService, database: Database) -> Iterator[str]:
    """Serve the jobs over HTTP, in a thread of this process, and yield the address of the job list."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = FastAPI()
        app.include_router(
            uws_routes(
                "/jobs",
                JobList(service, "nothing", f"{address}/jobs", ()),
                Authenticator(AccountService(database), address),
                JobResources(result=lambda *_: Response(status_code=404)),
            )
        )
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"{address}/jobs"
        finally:
            server.should_exit = True
            thread.join()


def open_processes(stack: ExitStack, database: Database, folder: Path, workers: int) -> JobQueue:
    scratch = folder / "scratch"
    queue = ProcessQueue(database, make_kinds, workers=workers, memory_bytes=_MEMORY_BYTES, scratch=scratch)
    stack.callback(queue.close)
    queue.start()
    return queue


class _Services:
    """The services of one process of the Celery worker."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        self.database = Database(database_url)
        self.kinds = make_kinds()
        queue = CeleryQueue(redis_url, self.database)
        self.fair_share = FairShare(self.database, queue)
        self.jobs = JobService(
            self.database, queue, self.kinds, fair_share=self.fair_share, resubmit_after=RESUBMIT_AFTER
        )


def open_celery(binary: str, stack: ExitStack, database: Database, folder: Path, workers: int) -> JobQueue:
    url = stack.enter_context(running_redis(binary))
    work = CeleryWorkerConfig(
        url, functools.partial(_Services, url, database.url), make_kinds, workers, _MEMORY_BYTES, folder / "scratch"
    )
    worker = multiprocessing.get_context("spawn").Process(target=run_celery_worker, args=(work,))
    worker.start()
    stack.callback(worker.join)
    stack.callback(worker.terminate)
    queue = CeleryQueue(url, database)
    stack.callback(queue.close)
    return queue


@contextmanager
def running_redis(binary: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"redis://127.0.0.1:{port}/0"
            with redis.Redis.from_url(url) as client:
                while not answers(client):
                    time.sleep(0.02)
            yield url
        finally:
            process.terminate()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def one(service: JobService) -> float:
    begun = time.perf_counter()
    finish(service, service.create("nothing", {}, owner="bench").id)
    return time.perf_counter() - begun


def finish(service: JobService, job_id: str) -> None:
    job = service.wait(job_id, owner="bench", seconds=_WAIT_SECONDS)
    assert job.phase == "COMPLETED", f"the job is {job.phase}: {job.error}"


if __name__ == "__main__":
    # Worker processes import the kinds by the name of this module, which is not __main__ for them.
    from benchmarks import uws_overhead

    uws_overhead.main()
