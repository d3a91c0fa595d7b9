"""Benchmark of a server over a long time: memory, open files and threads stay what they are after the first minutes.

The claim: the medians of the last third of the run are at most a tenth (memory) and a fifth (files, threads) above
those of the second third, under a mixed load that leaves the server time to breathe.

Run with ``python -m benchmarks.soak [--minutes 30] [--clients 10]``.
"""

import argparse
import tempfile
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path

from benchmarks.mixed_load import print_memory, run_clients, thirds
from benchmarks.server_processes import Look, look
from benchmarks.tap_over_http import publish
from tests.support.server import running_server

_ROWS = 50_000
_MOST = {"total": 1.1, "files": 1.2, "threads": 1.2}


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
    print_memory(looks)
    for name, most in _MOST.items():
        second, last = thirds(looks, attrgetter(name))
        print(f"{name:8} {second:14.0f} in the second third, {last:14.0f} in the last")
        assert last <= most * second, name
    assert not tally.wrong


if __name__ == "__main__":
    main()
