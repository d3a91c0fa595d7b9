"""Benchmark of the processor time and the memory that a request costs, from which operators plan machines.

One client sends each kind of request of the mixed load many times, one after the other; printed is the processor time
that the server with all its processes takes for one, which is nearly the same on a busy machine, unlike the time of an
answer.
The claim: a page, a list or a query of one row costs less than 100 ms of one processor.

Run with ``python -m benchmarks.capacity [--times 100]``.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx2 as httpx

from benchmarks.mixed_load import Mix, Tally
from benchmarks.server_processes import look, processor_seconds
from benchmarks.tap_over_http import publish
from tests.support.server import running_server

_ROWS = 50_000
_FIRST = 10
_SETTLE_SECONDS = 3.0
_CHEAP = frozenset({"page", "list", "row"})
_MOST_MS = 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=100)
    times = parser.parse_args().times
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_server(folder / "data", env={"PHOTOZ_LOG_LEVEL": "WARNING"}))
        account = server.account
        assert account is not None
        table = publish(server, account.token, folder, _ROWS).table
        mix = stack.enter_context(Mix(server.base_url, account.token, table, Tally(), 1))
        mix.kinds["write"]()
        print(f"{'kind':8} {'ms of processor time':>21} {'a second on 2 processors':>25}")
        costs = {name: _cost(send, times, lambda: processor_seconds(server)) for name, send in mix.kinds.items()}
        for name, seconds in costs.items():
            print(f"{name:8} {seconds * 1e3:21.1f} {2 / seconds:25.0f}")
        for part, size in look(server, 0).memory.items():
            print(f"memory of {part}: {size / 1e6:.0f} MB")
    assert all(costs[name] * 1e3 < _MOST_MS for name in _CHEAP)


def _cost(send: Callable[[], httpx.Response], times: int, taken: Callable[[], float]) -> float:
    """Return the processor seconds of one request, beyond what the server takes without any."""
    for _ in range(_FIRST):
        assert send().status_code < 400
    time.sleep(_SETTLE_SECONDS)  # what ends after the last answer
    before, since = taken(), time.monotonic()
    time.sleep(_SETTLE_SECONDS)
    idle = (taken() - before) / (time.monotonic() - since)
    before, since = taken(), time.monotonic()
    for _ in range(times):
        assert send().status_code < 400
    return max(1e-4, (taken() - before - idle * (time.monotonic() - since)) / times)


if __name__ == "__main__":
    main()
