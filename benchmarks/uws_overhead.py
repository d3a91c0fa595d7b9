"""What a job costs that does nothing: from its creation to COMPLETED, with warm worker processes.

Run as ``python -m benchmarks.uws_overhead [--url DATABASE] [--workers N] [--jobs N]``. Goal: a median under 50 ms.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from core.database import Base, Database
from uws import JobContext, JobKind, JobService, ProcessQueue

_WAIT_SECONDS = 60.0


def make_kinds() -> Mapping[str, JobKind]:
    return {"nothing": JobKind("nothing", do_nothing)}


def do_nothing(_context: JobContext) -> None:
    """Do what the name says."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="SQLAlchemy address of an empty database; by default a new SQLite file")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.url or f"sqlite:///{folder}/jobs.sqlite", Path(folder), options.workers, options.jobs)


def measure(url: str, folder: Path, workers: int, count: int) -> None:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    queue = ProcessQueue(url, make_kinds, workers=workers, memory_bytes=1_000_000_000, scratch=folder / "scratch")
    begun = time.perf_counter()
    queue.start()
    service = JobService(database, queue, make_kinds())
    try:
        finish(service, service.create("nothing", {}, owner="bench").id)
        print(f"start of the queue to the end of its first job: {time.perf_counter() - begun:.2f} s")
        latencies = sorted(one(service) for _ in range(count))
        print(
            f"one after another: median {statistics.median(latencies) * 1e3:.1f} ms, "
            f"95 of 100 under {latencies[int(count * 0.95)] * 1e3:.1f} ms"
        )
        begun = time.perf_counter()
        ids = [service.create("nothing", {}, owner="bench").id for _ in range(count)]
        for job_id in ids:
            finish(service, job_id)
        print(f"all at once: {count / (time.perf_counter() - begun):.0f} jobs/s on {workers} workers")
    finally:
        queue.close()
        database.close()


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
