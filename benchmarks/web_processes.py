"""Benchmark of one and of two web processes on one port, with clients that take little of the processors.

Claim: two processes on two idle processors serve at least 1.7 times as many requests as one.

Both servers run on the same data, and are measured in turns: requests a second, and the processor time of a request in
the web processes and in all processes of the server. On a machine with other work, or where clients and query processes
take the second processor, the first ratio says little; then the ratio of the processor times tells whether a second
process costs anything: 1.0 means that two processes on two processors of their own serve twice as many.

Run: python -m benchmarks.web_processes [--clients 16] [--seconds 8] [--rounds 3]
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.tap_over_http import publish
from tests.support.processes import command_of
from tests.support.server import RunningServer, running_server

LIMIT = 1.7


def send(base: str, path: str, seconds: float) -> int:
    """Send requests on one connection after the other's answer, and return how many were answered."""
    where = urlsplit(base)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=120)
    end, answers = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        answers += answer.status == 200
    connection.close()
    return answers


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


def measure(server: RunningServer, path: str, clients: int, seconds: float) -> tuple[float, float, float]:
    """Return the requests a second, and the milliseconds of the web processes and of all for each."""
    command = [sys.executable, "-m", "benchmarks.web_processes", "--send", server.base_url, path, str(seconds)]
    before = processor_seconds(server)
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(clients)]
    answers = sum(int(process.communicate()[0]) for process in running)
    web, total = (after - first for after, first in zip(processor_seconds(server), before, strict=True))
    return answers / seconds, web * 1e3 / answers, total * 1e3 / answers


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--send", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.send:
        print(send(given.send[0], given.send[1], float(given.send[2])))
        return
    with ExitStack() as opened:
        servers = []
        for processes in ("1", "2"):
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            server = opened.enter_context(running_server(folder / "data", arguments=("--workers", processes)))
            assert server.account is not None
            servers.append((server, publish(server, server.account.token, folder, 20_000).table))
        row = "/tap/sync?LANG=ADQL&FORMAT=csv&QUERY={}"
        paths = {"/availability": "/availability", "one row": row}
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        for name, path in paths.items():
            found: list[list[tuple[float, float, float]]] = [[], []]
            for _ in range(given.rounds):
                for place, (server, table) in enumerate(servers):
                    asked = path.format(quote(f"SELECT TOP 1 * FROM {table}"))
                    found[place].append(measure(server, asked, given.clients, given.seconds))
            one, two = ([statistics.median(values) for values in zip(*each, strict=True)] for each in found)
            print(f"{name}: {one[0]:.0f}/s and {two[0]:.0f}/s, ratio {two[0] / one[0]:.2f} (claim {LIMIT})")
            most = (os.cpu_count() or 1) * one[1] / one[2]
            print(f"  one web process with its query processes leaves room for a ratio of {most:.2f}, without clients")
            for what, place in (("web processes", 1), ("all processes", 2)):
                print(f"  processor time of a request in {what}: {one[place]:.2f} and {two[place]:.2f} ms")


if __name__ == "__main__":
    main()
