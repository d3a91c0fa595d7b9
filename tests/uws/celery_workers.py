"""A Celery worker with the kinds of job of the tests, as a process of its own.

It is forked from a process that has imported what it needs; ``main`` is what it runs, with the words REDIS DATABASE
FOLDER WORKERS. The processes in which its jobs run are programs of their own, as users have them.
"""

import atexit
import functools
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.database import Database
from server.broker.job_queue import RESUBMIT_AFTER, CeleryQueue
from server.broker.worker import CeleryWorkerConfig, run_celery_worker
from tests.support.warm_start import WarmCommand, WarmStarter
from tests.uws.job_kinds import make_kinds
from uws import JobLimits, JobService
from uws.lifecycle.fair_share import FairShare

__all__ = ["MEMORY_BYTES", "celery_worker", "main"]

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 60
MEMORY_BYTES = 1_000_000_000


@contextmanager
def celery_worker(redis_url: str, database_url: str, folder: Path, workers: int = 1) -> Iterator[WarmCommand]:
    """Run a worker; kill it with its pool at the end, which is quicker than telling it to stop."""
    words = [redis_url, database_url, str(folder), str(workers)]
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    process = _starter().start(words, env=environment, output=folder / "worker.log")
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_SECONDS)


@functools.cache
def _starter() -> WarmStarter:
    """Return the one that starts all these workers of this process."""
    starter = WarmStarter(Path(__file__).with_name("celery_process.py"), program=("celery_worker",))
    atexit.register(starter.close)
    return starter


def main() -> None:
    redis_url, database_url, folder, workers = sys.argv[1:]
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s")
    run_celery_worker(
        CeleryWorkerConfig(
            redis_url=redis_url,
            services=functools.partial(_Services, redis_url, database_url, Path(folder)),
            kinds_factory=functools.partial(make_kinds, Path(folder)),
            workers=int(workers),
            memory_bytes=MEMORY_BYTES,
            scratch=Path(folder) / "scratch",
            stored_bytes=JobLimits().stored_bytes_per_owner,
        )
    )


class _Services:
    """The services of one process of the worker, with the kinds of job of the tests."""

    def __init__(self, redis_url: str, database_url: str, folder: Path) -> None:
        self.database = Database(database_url)
        self.kinds = make_kinds(folder)
        queue = CeleryQueue(redis_url, self.database)
        self.fair_share = FairShare(self.database, queue)
        self.jobs = JobService(
            self.database, queue, self.kinds, fair_share=self.fair_share, resubmit_after=RESUBMIT_AFTER
        )
