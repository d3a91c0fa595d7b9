"""The real ``photoz serve`` as a process of its own, spoken to over HTTP alone."""

import atexit
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from tests.support.ports import free_port
from tests.support.processes import command_as, is_gone, start, stop, wait_until
from tests.support.waiting import is_answered
from tests.support.warm_start import WarmCommand, WarmStarter

__all__ = [
    "Account",
    "RunningServer",
    "account_of",
    "first_account",
    "photoz_command",
    "processes_marked",
    "running_server",
    "warm_starter",
]

_START_SECONDS = 240.0
_LEAVE_SECONDS = 30.0
_MARK = "TEST_SERVER_MARK"

#: A server may catch Ctrl-C and end well, or tell by its status that it was interrupted.
_CTRL_C_STATUSES = (0, 128 + signal.SIGINT, -signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a new server makes and shows once."""

    name: str
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that is ready.

    Parameters
    ----------
    base_url
        Its address, without a trailing slash.
    account
        The first account, read off what the server printed; none when the data folder had one already.
    """

    base_url: str
    data: Path
    account: Account | None
    log: Path
    process: psutil.Process

    @property
    def printed(self) -> str:
        """Everything that the server printed so far."""
        return self.log.read_text(errors="replace")

    def memory_bytes(self) -> int:
        """Give the resident memory of the server and all processes that it started."""
        total = 0
        for process in (self.process, *self.process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total


def photoz_command() -> Path | None:
    """Find the command ``photoz`` beside the Python that runs the tests; none when it is not installed there."""
    path = Path(sys.executable).parent / "photoz"
    return path if path.exists() else None


@contextmanager
def running_server(
    data: Path,
    *,
    env: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    command: Sequence[str | Path] | None = None,
    ready_path: str = "/availability",
    leave_seconds: float = _LEAVE_SECONDS,
) -> Iterator[RunningServer]:
    """Start ``photoz serve`` on a free port, wait until it answers, and stop it by Ctrl-C at the end.

    Parameters
    ----------
    data
        Its data folder, which may not exist yet.
    env
        Further environment variables, for example ``PHOTOZ_DATABASE_URL``. Demo data are left out and one job runs at
        a time unless ``PHOTOZ_DEMO`` and ``PHOTOZ_JOB_WORKERS`` say otherwise.
    command
        What to run, for example ``make serve``, or ``photoz serve`` as users start it; without it, ``photoz serve`` is
        forked from a process that has imported it.
    ready_path
        What is asked for until it is answered by 200.
    leave_seconds
        How long processes that it started may stay after it.

    Raises
    ------
    AssertionError
        The server did not end well by Ctrl-C, or left a process behind.
    """
    port, mark = free_port(), uuid.uuid4().hex
    log = data.parent / f"{data.name}.{mark}.log"
    environment = _environment(data, port, mark) | dict(env or {})
    process: subprocess.Popen[bytes] | WarmCommand
    if command is None:
        process = warm_starter().start(["serve", *arguments], env=environment, output=log)
    else:
        process = start(command_as(None, [*command, *arguments]), log=log, env=environment)
    base_url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_answered(base_url + ready_path), process, log, _START_SECONDS)
        yield RunningServer(
            base_url, data, first_account(log.read_text(errors="replace")), log, psutil.Process(process.pid)
        )
        status = stop(process)
    finally:
        stop(process)
        left = _end_marked(mark, leave_seconds)
    assert status in _CTRL_C_STATUSES, (
        f"Ctrl-C ended the server with status {status}:\n{log.read_text(errors='replace')}"
    )
    assert not left, f"the server left processes behind: {left}"


@cache
def warm_starter() -> WarmStarter:
    """Return the one that starts all servers of this process."""
    starter = WarmStarter()
    atexit.register(starter.close)
    return starter


def account_of(printed: str) -> Account | None:
    """Read the first account off what the server printed."""
    found = [re.search(rf"(?m)^\s+{label}\s+(\S+)$", printed) for label in ("name", "password", "token")]
    values = [match.group(1) for match in found if match is not None]
    return Account(*values) if len(values) == len(found) else None


def first_account(printed: str) -> Account | None:
    """Read the first account off what the server printed, or off the file that it names there."""
    named = re.search(r"(?m)^This is a new server\. Its first account is in (.+); remove the file", printed)
    return account_of(printed if named is None else Path(named[1]).read_text())


def processes_marked(mark: str) -> list[psutil.Process]:
    """Find every process whose environment or log carries a mark, whoever its parent is by now.

    Those that were forked have the environment of the process they were forked from.
    """
    marked = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            marked_by = (process.environ().get(_MARK), *_outputs(process))
            if any(mark in each for each in marked_by if each) and process.status() != psutil.STATUS_ZOMBIE:
                marked.append(process)
    return marked


def _outputs(process: psutil.Process) -> list[str]:
    """Give the files to which a process prints."""
    found = []
    for number in (1, 2):
        with suppress(OSError):  # it has ended, or has none
            found.append(str(Path(f"/proc/{process.pid}/fd/{number}").readlink()))
    return found


def _environment(data: Path, port: int, mark: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOZ_")}
    return kept | {
        "PHOTOZ_DATA": str(data),
        "PHOTOZ_HOST": "127.0.0.1",
        "PHOTOZ_PORT": str(port),
        "PHOTOZ_DEMO": "false",
        "PHOTOZ_JOB_WORKERS": "1",  # each takes seconds to import what jobs need
        "PHOTOZ_STOP_SECONDS": "5",  # for what a test leaves open
        "PYTHONUNBUFFERED": "1",
        _MARK: mark,
    }


def _end_marked(mark: str, seconds: float) -> list[str]:
    """End what a server left behind, and tell what it was; children that are just ending are given a moment."""
    left, deadline = processes_marked(mark), time.monotonic() + seconds
    while (left := [process for process in left if not is_gone(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)  # between two looks
    told = []
    for process in left:
        with suppress(psutil.NoSuchProcess):
            told.append(subprocess.list2cmdline(process.cmdline()))
            process.kill()
    return told
