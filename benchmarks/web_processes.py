"""Benchmark of one and of two web processes on one port, with wrk as clients, which take little processor time.

Claim: two web processes on two processors serve at least 1.7 times as many requests as one on one processor.

Both servers run on the same data, and are measured in turns: requests a second, and the processor time of a request in
the web processes and in all processes of the server. The server with one web process is measured with all processors,
where its query processes take those that it leaves, and bound to one together with its query processes, as in a
container of one processor. On a machine with other work the ratios say little; then the ratio of the processor times
tells whether a second process costs anything: 1.0 means that two on processors of their own serve twice as many.

Run: python -m benchmarks.web_processes [--clients 16] [--seconds 8] [--rounds 3]; it needs wrk (apt-get install wrk).
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from benchmarks.tap_over_http import publish
from tests.support.processes import command_of
from tests.support.server import RunningServer, running_server

LIMIT = 1.7
ONE, BOUND, TWO = "one process", "one process on one processor", "two processes"
WAYS = (ONE, BOUND, TWO)


def processor_seconds(server: RunningServer) -> tuple[float, float]:
    """Return the processor time of the web processes, and of all processes of a server."""
    family = [server.process, *server.process.children(recursive=True)]
    web, total = 0.0, 0.0
    for process in family:
        times = process.cpu_times()
        total += times.user + times.system
        if process == server.process or "server.web_process" in command_of(process):
            web += times.user + times.system
    return web, total


@contextmanager
def bound(server: RunningServer, processors: set[int]) -> Iterator[None]:
    """Have a server and all its processes run on some processors within the block."""
    everywhere = os.sched_getaffinity(0)

    def bind(chosen: set[int]) -> None:
        for process in (server.process, *server.process.children(recursive=True)):
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                with suppress(ProcessLookupError):  # it has just ended
                    os.sched_setaffinity(int(thread.name), chosen)

    bind(processors)
    try:
        yield
    finally:
        bind(everywhere)


def measure(server: RunningServer, path: str, clients: int, seconds: int) -> tuple[float, float, float]:
    """Return the requests a second, and the milliseconds of the web processes and of all for each."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "120s", server.base_url + path]
    before = processor_seconds(server)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    web, total = (after - first for after, first in zip(processor_seconds(server), before, strict=True))
    found = re.search(r"(\d+) requests in", told)
    answers = int(found.group(1)) if found else 0
    if not answers or "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(f"Not all were answered:\n{told}")
    return answers / seconds, web * 1e3 / answers, total * 1e3 / answers


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("Skipped: wrk is not installed (apt-get install wrk)")
    with ExitStack() as opened:
        servers = []
        for processes in ("1", "2"):
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            server = opened.enter_context(running_server(folder / "data", arguments=("--workers", processes)))
            assert server.account is not None
            servers.append((server, publish(server, server.account.token, folder, 20_000).table))
        row = "/tap/sync?LANG=ADQL&FORMAT=csv&QUERY={}"
        for server, table in servers:  # the first query has the query processes started
            urlopen(server.base_url + row.format(quote(f"SELECT TOP 1 * FROM {table}")), timeout=120).read()
        paths = {"/availability": "/availability", "one row": row}
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        for name, path in paths.items():
            found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
            for _ in range(given.rounds):
                for way, (server, table) in zip(WAYS, (servers[0], servers[0], servers[1]), strict=True):
                    asked = path.format(quote(f"SELECT TOP 1 * FROM {table}"))
                    with bound(server, {0} if way == BOUND else os.sched_getaffinity(0)):
                        found[way].append(measure(server, asked, given.clients, given.seconds))
            print(name)
            medians = {way: [statistics.median(values) for values in zip(*found[way], strict=True)] for way in WAYS}
            for way, (rate, web, total) in medians.items():
                times = f"{web:6.2f} ms of the web processes and {total:6.2f} of all for a request"
                print(f"  {way:32} {rate:7.0f}/s   {medians[TWO][0] / rate:5.2f}   {times}", flush=True)
            ratio = medians[TWO][0] / medians[BOUND][0]
            print(f"  two to one on one processor: {ratio:.2f} (claim {LIMIT})")


if __name__ == "__main__":
    main()
