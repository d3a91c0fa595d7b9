"""What the processes of a server take: memory by their part in it, files, threads and processor time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil

from tests.support.server import RunningServer

__all__ = ["Look", "look", "processor_seconds"]

_PARTS = {
    "server.web_process": "web processes",
    "uws.execution.worker": "job workers",
    "tap.engine.duckdb.worker": "query processes",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a server holds at one moment.

    Parameters
    ----------
    at
        Seconds since the beginning.
    memory
        Bytes by part of the server; what processes share is divided among them (PSS).
    """

    at: float
    memory: Counter[str]
    files: int
    threads: int

    @property
    def total(self) -> int:
        """Bytes of all processes."""
        return self.memory.total()


def look(server: RunningServer, at: float) -> Look:
    """Measure a server together with all processes that it started."""
    memory: Counter[str] = Counter()
    files = threads = 0
    for process in _processes(server):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            command = " ".join(process.cmdline())
            part = next((part for module, part in _PARTS.items() if module in command), "web processes")
            memory[part] += process.memory_full_info().pss
            files += process.num_fds()
            threads += process.num_threads()
    return Look(at, memory, files, threads)


def processor_seconds(server: RunningServer) -> float:
    """Return the processor time of a server, of its processes and of those that have ended."""
    taken = 0.0
    for process in _processes(server):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            taken += times.user + times.system + times.children_user + times.children_system
    return taken


def _processes(server: RunningServer) -> Iterator[psutil.Process]:
    yield server.process
    yield from server.process.children(recursive=True)
