"""Benchmark of a server over a long time: memory, open files and threads stay what they are after the first minutes.

The claim: the medians of the last third of the run are at most a tenth (memory) and a fifth (files, threads) above
those of the second third, under a mixed load that leaves the server time to breathe.

Run with ``python -m benchmarks.soak [--minutes 30] [--clients 10]``.
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.mixed_load import run_clients
from benchmarks.tap_over_http import publish
from tests.support.server import RunningServer, running_server

_ROWS = 50_000
_MOST = {"memory": 1.1, "files": 1.2, "threads": 1.2}


@dataclass(frozen=True, slots=True)
class Look:
    """What a server and its processes hold at one moment."""

    at: float
    memory: int
    files: int
    threads: int


def look(server: RunningServer, at: float) -> Look:
    """Measure a server together with all processes that it started."""
    memory = files = threads = 0
    for process in (server.process, *server.process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            memory += process.memory_info().rss
            files += process.num_fds()
            threads += process.num_threads()
    return Look(at, memory, files, threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=10)
    chosen = parser.parse_args()
    seconds, looks = chosen.minutes * 60, list[Look]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_server(folder / "data", env={"PHOTOZ_LOG_LEVEL": "WARNING"}))
        account = server.account
        assert account is not None
        table = publish(server, account.token, folder, _ROWS).table
        tally = run_clients(server, table, chosen.clients, seconds, lambda at: looks.append(look(server, at)))
    print(f"{sum(tally.statuses.values())} answers; wrong: {dict(tally.wrong) or 'nothing'}")
    for name, most in _MOST.items():
        second = statistics.median(getattr(each, name) for each in looks if seconds / 3 <= each.at < 2 * seconds / 3)
        last = statistics.median(getattr(each, name) for each in looks if each.at >= 2 * seconds / 3)
        print(f"{name:8} {second:14.0f} in the second third, {last:14.0f} in the last")
        assert last <= most * second, name
    assert not tally.wrong


if __name__ == "__main__":
    main()
