"""A deployment on this machine: web processes and workers of one server, which are killed and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.ports import free_port
from tests.support.processes import is_gone, wait_until
from tests.support.server import Account, first_account, warm_starter
from tests.support.waiting import is_answered, wait_for
from tests.support.warm_start import WarmCommand

__all__ = ["Deployment", "Part"]

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


class Part:
    """One command ``photoz`` of a deployment, on the same port through all its restarts.

    Parameters
    ----------
    words
        The command, ``serve`` or ``worker``.
    """

    def __init__(self, name: str, words: tuple[str, ...], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.port = free_port() if words[0] == "serve" else 0
        self._words = words
        self._env = dict(env) | ({"PHOTOZ_PORT": str(self.port)} if self.port else {})
        self._process: WarmCommand | None = None

    @property
    def url(self) -> str:
        """Its own address, without the proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def process(self) -> psutil.Process:
        """Its process."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def begin(self) -> None:
        """Start it, and do not wait."""
        self._process = warm_starter().start(list(self._words), env=self._env, output=self.log)

    def start(self) -> None:
        """Start it, and wait until a web process is ready."""
        self.begin()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until a web process is ready."""
        if self.port and self._process is not None:
            wait_until(self.is_ready, self._process, self.log, _START_SECONDS)

    def is_ready(self) -> bool:
        """Tell whether it says that it is ready."""
        return is_answered(f"{self.url}/health/ready", seconds=10)

    def stop(self) -> int:
        """Send SIGTERM as a service manager does, and give the exit status."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill it and all that it started at once, as a crash of its container does."""
        if self._process is None:
            return
        processes = []
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._process.pid)
            processes = [parent, *parent.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(_STOP_SECONDS)
        wait_for(lambda: all(map(is_gone, processes)), "processes outlive SIGKILL")


class Deployment:
    """Web processes and workers on one database.

    Parameters
    ----------
    folder
        Folder of the data folder and the logs.
    env
        Settings of all parts.
    servers, workers
        How many of each there are.
    apart
        Whether each of them has a data folder of its own, as on several machines.
    """

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, servers: int = 2, workers: int = 0, apart: bool = False
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOZ_")}
        self.data = folder / "data"
        settings = {
            "PHOTOZ_DATA": str(self.data),
            "PHOTOZ_HOST": "127.0.0.1",
            "PHOTOZ_DEMO": "false",
            "PHOTOZ_JOB_WORKERS": "1",
            "PHOTOZ_QUERY_WORKERS": "1",
            "PHOTOZ_MIN_FREE_BYTES": "0",
            "PYTHONUNBUFFERED": "1",
        }
        self.env = kept | settings | dict(env)

        def part(name: str, command: str) -> Part:
            own = {"PHOTOZ_DATA": str(folder / f"data-{name}")} if apart else {}
            return Part(name, (command,), self.env | own, folder)

        self.servers = [part(f"web-{number}", "serve") for number in range(servers)]
        self.workers = [part(f"worker-{number}", "worker") for number in range(workers)]

    @property
    def parts(self) -> list[Part]:
        """All of them."""
        return [*self.servers, *self.workers]

    def start(self) -> Account:
        """Start all of them, the first web process before the others; give the first account."""
        self.servers[0].start()
        account = first_account(self.servers[0].log.read_text(errors="replace"))
        assert account is not None
        for part in self.parts[1:]:
            part.begin()
        for part in self.servers[1:]:
            part.wait_until_ready()
        return account

    def close(self) -> None:
        """Stop all of them."""
        for part in reversed(self.parts):
            with suppress(AssertionError, psutil.NoSuchProcess):
                if part.is_running:
                    os.kill(part.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for part in self.parts:
            while part.is_running and time.monotonic() < deadline:
                time.sleep(0.02)  # between two looks
            part.kill()
