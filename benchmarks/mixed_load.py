"""Benchmark of a server under many mixed clients: pages, lists, queries, jobs, uploads, downloads, slow readers.

The claims, measured in one run against a real server with two web processes:

- no answer but those that are asked for, and 429 or 503 with ``Retry-After``; no connection is refused or cut;
- memory is flat: after a warm-up of a third of the run (threads, libraries, caches and query processes come with the
  first requests), its median in the last third is at most a tenth above that in the second.

Memory is that of all processes, what they share counted once (PSS), and is printed by the parts of the server. How fast
answers come depends on what else the machine does; the processor time of a request does not.

Run with ``python -m benchmarks.mixed_load [--clients 200] [--seconds 300] [--workers 2]``.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx2 as httpx

from benchmarks.server_processes import Look, look, processor_seconds
from benchmarks.tap_over_http import publish
from tests.support.server import RunningServer, running_server

__all__ = ["Mix", "Tally", "print_memory", "run_clients", "thirds"]

_ROWS = 50_000
_BUSY = frozenset({429, 503})
_PAUSE_SECONDS = 1.0
_GROWTH = 1.1
_ERRORS = 20


@dataclass(slots=True)
class Tally:
    """Answers of all clients by kind of request, and what was wrong with them."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


class Mix:
    """Requests of one client, in random order.

    Parameters
    ----------
    base, token, table
        Address of the server, token of a user, and a table with rows.
    """

    def __init__(self, base: str, token: str, table: str, tally: Tally, seed: int) -> None:
        self._client = httpx.Client(base_url=base, timeout=300, headers={"Authorization": f"Bearer {token}"})
        self._table, self._tally, self._seed = table, tally, seed
        self._choose = random.Random(seed)  # noqa: S311 - the same load in each run
        self._weighted: Mapping[str, tuple[int, Callable[[], httpx.Response]]] = {
            "page": (6, lambda: self._client.get("/products")),
            "list": (6, lambda: self._client.get("/api/products")),
            "row": (8, lambda: self._query(f"SELECT * FROM {self._table} WHERE objectId = {self._number()}")),
            "count": (
                3,
                lambda: self._query(
                    f"SELECT COUNT(*) FROM {self._table} WHERE mag_i < {self._choose.randrange(15, 30)}"
                ),
            ),
            "rows": (2, lambda: self._query(f"SELECT TOP 20000 * FROM {self._table}")),
            "job": (1, self._job),
            "write": (3, self._write),
            "read": (3, lambda: self._client.get(self._path)),
            "slow": (1, self._read_slowly),
        }

    @property
    def kinds(self) -> Mapping[str, Callable[[], httpx.Response]]:
        """Functions that send a request of a kind, by the name of the kind."""
        return {name: send for name, (_, send) in self._weighted.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def _path(self) -> str:
        return f"/vospace/files/home/admin/load{self._seed}"

    def run(self, ended: threading.Event) -> None:
        """Send requests until the end; wait as long as the server asks when it is busy."""
        names, kinds = list(self._weighted), self.kinds
        weights = [weight for weight, _ in self._weighted.values()]
        with self:
            while self._write().status_code in _BUSY and not ended.wait(_PAUSE_SECONDS):
                pass
            while not ended.is_set():
                (name,) = self._choose.choices(names, weights)
                began = time.perf_counter()
                try:
                    answer = kinds[name]()
                except httpx.HTTPError as e:
                    self._tally.wrong[f"{name}: {type(e).__name__}"] += 1
                    continue
                self._tally.seconds[name].append(time.perf_counter() - began)
                self._note(name, answer, ended)

    def _note(self, name: str, answer: httpx.Response, ended: threading.Event) -> None:
        status = answer.status_code
        self._tally.statuses[name, status] += 1
        if status in _BUSY:
            if "retry-after" not in answer.headers:
                self._tally.wrong[f"{name}: {status} without Retry-After"] += 1
            ended.wait(min(_PAUSE_SECONDS, float(answer.headers.get("retry-after", 1))))
        elif status >= 400:
            self._tally.wrong[f"{name}: {status}"] += 1

    def _number(self) -> int:
        return self._choose.randrange(_ROWS)

    def _query(self, query: str) -> httpx.Response:
        return self._client.get("/tap/sync", params={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"})

    def _job(self) -> httpx.Response:
        query = f"SELECT TOP 10 * FROM {self._table}"
        answer = self._client.post("/tap/async", data={"LANG": "ADQL", "QUERY": query, "PHASE": "RUN"})
        if answer.status_code == 303:
            self._client.get(answer.headers["location"] + "/phase", params={"WAIT": "5"})
        return answer

    def _write(self) -> httpx.Response:
        return self._client.put(self._path, content=self._choose.randbytes(200_000))

    def _read_slowly(self) -> httpx.Response:
        params = {"LANG": "ADQL", "QUERY": f"SELECT * FROM {self._table}", "RESPONSEFORMAT": "csv"}
        with self._client.stream("GET", "/tap/sync", params=params) as answer:
            for number, _ in enumerate(answer.iter_bytes(1 << 16)):
                time.sleep(0.05)  # this is what makes it slow
                if number > 40:
                    break
        return answer


def run_clients(
    server: RunningServer, table: str, clients: int, seconds: float, watch: Callable[[float], None]
) -> Tally:
    """Run clients for so many seconds, and call a function with the time that has passed once a second."""
    account = server.account
    assert account is not None
    tally, ended = Tally(), threading.Event()
    mixes = [Mix(server.base_url, account.token, table, tally, seed) for seed in range(clients)]
    threads = [threading.Thread(target=mix.run, args=(ended,)) for mix in mixes]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    while (passed := time.monotonic() - began) < seconds:
        watch(passed)
        ended.wait(1)
    ended.set()
    for thread in threads:
        thread.join(400)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    chosen = parser.parse_args()
    looks: list[Look] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        env = {"PHOTOZ_WEB_PROCESSES": str(chosen.workers), "PHOTOZ_LOG_LEVEL": "WARNING", "PHOTOZ_QUERY_WORKERS": "2"}
        server = stack.enter_context(running_server(folder / "data", env=env))
        account = server.account
        assert account is not None
        table = publish(server, account.token, folder, _ROWS).table
        before = processor_seconds(server)
        tally = run_clients(server, table, chosen.clients, chosen.seconds, lambda at: looks.append(look(server, at)))
        taken = processor_seconds(server) - before
        errors = [line for line in server.log.read_text(errors="replace").splitlines() if '"level": "ERROR"' in line]
    print(f"{'kind':8} {'answers':>8} {'busy':>6} {'median s':>9} {'p95 s':>7}")
    for name, times in sorted(tally.seconds.items()):
        busy = sum(count for (kind, status), count in tally.statuses.items() if kind == name and status in _BUSY)
        print(f"{name:8} {len(times):8} {busy:6} {statistics.median(times):9.3f} {_p95(times):7.3f}")
    requests = sum(tally.statuses.values())
    print(f"{requests} requests, {taken / requests * 1e3:.1f} ms of processor time each")
    print_memory(looks)
    second, last = thirds(looks, lambda each: each.total)
    print("wrong:", dict(tally.wrong) or "nothing")
    for line in errors[:_ERRORS]:
        print(line)
    assert not tally.wrong
    assert len(tally.seconds) == 9, "kinds of requests were not answered"
    assert last <= _GROWTH * second, "memory grows"


def thirds(looks: Sequence[Look], value: Callable[[Look], float]) -> tuple[float, float]:
    """Return the medians of the second and of the last third of a run."""
    third = looks[-1].at / 3
    second = statistics.median(value(each) for each in looks if third <= each.at < 2 * third)
    return second, statistics.median(value(each) for each in looks if each.at >= 2 * third)


def print_memory(looks: Sequence[Look]) -> None:
    """Print the memory of the parts of a server over a run, in ten steps."""
    parts = sorted({part for each in looks for part in each.memory})
    print(f"{'MB at':>8} {'all':>6} " + " ".join(f"{part:>15}" for part in parts))
    for number in range(10):
        some = looks[number * len(looks) // 10 : (number + 1) * len(looks) // 10] or looks[-1:]
        cells = " ".join(f"{statistics.median(each.memory[part] for each in some) / 1e6:15.0f}" for part in parts)
        print(f"{some[0].at:6.0f} s {statistics.median(each.total for each in some) / 1e6:6.0f} {cells}")


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


if __name__ == "__main__":
    main()
