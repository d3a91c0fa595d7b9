"""A Celery worker with the kinds of job of the tests, as a process of its own.

``python -m tests.uws.celery_workers REDIS DATABASE FOLDER WORKERS`` is what that process runs.
"""

import functools
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.database import Database
from server.broker.job_queue import RESUBMIT_AFTER, CeleryQueue
from server.broker.worker import CeleryWork, run_celery_worker
from tests.uws.job_kinds import make_kinds
from uws import JobLimits, JobService
from uws.lifecycle.fair_share import Turns

__all__ = ["celery_worker"]

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 60
MEMORY_BYTES = 1_000_000_000


@contextmanager
def celery_worker(
    redis_url: str, database_url: str, folder: Path, workers: int = 1
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker; kill it with its pool at the end, which is quicker than telling it to stop."""
    words = [redis_url, database_url, str(folder), str(workers)]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.uws.celery_workers", *words],
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_SECONDS)


def main() -> None:
    redis_url, database_url, folder, workers = sys.argv[1:]
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s")
    run_celery_worker(
        CeleryWork(
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
        self.turns = Turns(self.database, queue)
        self.jobs = JobService(self.database, queue, self.kinds, turns=self.turns, resubmit_after=RESUBMIT_AFTER)


if __name__ == "__main__":
    main()
