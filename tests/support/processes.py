"""Servers started by the tests: as another user when need be, and gone when the tests are gone, however they end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.forking_process import QUERY_PROCESS
from tests.support.warm_start import WarmCommand

__all__ = [
    "command_as",
    "command_of",
    "ending_within",
    "is_gone",
    "is_query_process",
    "private_folder",
    "processor_seconds",
    "start",
    "stop",
    "unprivileged_user",
    "wait_until",
]

_STOP_SECONDS = 60.0
_END_SECONDS = 60.0


def unprivileged_user(*names: str) -> str | None:
    """Give the first of these users that exists when the tests run as root; none otherwise."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in names if name in known), None)


def command_as(user: str | None, command: Sequence[str | Path]) -> list[str]:
    """Prefix a command so that it runs as a user, and dies with the process that started it where Linux can do that."""
    words = [str(word) for word in command]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return words if user is None else [_runuser(), "-u", user, "--", *words]
    prefix = [setpriv, "--pdeathsig", "INT"]
    if user is not None:
        entry = pwd.getpwnam(user)
        prefix += ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
    return [*prefix, *words]


@contextmanager
def private_folder(name: str, user: str | None) -> Iterator[Path]:
    """Make a temporary folder that belongs to a user and is removed at the end.

    It lies directly under the system's temporary folder: pytest's own is closed to other users, and the path of a
    Unix socket must stay under 108 bytes.
    """
    with tempfile.TemporaryDirectory(prefix=f"photoz-{name}-", ignore_cleanup_errors=True) as path:
        if user is not None:
            entry = pwd.getpwnam(user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        yield Path(path)


def start(command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a process whose output goes to a file, in a process group of its own, so that Ctrl-C is ours to send."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd="/",
            process_group=0,
        )


def stop(process: subprocess.Popen[bytes] | WarmCommand) -> int:
    """Press Ctrl-C, which a terminal sends to the whole group; end what does not end by it; give the exit status."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(_STOP_SECONDS)


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes] | WarmCommand, log: Path, seconds: float
) -> None:
    """Ask again and again whether a server is ready, until it is, has died, or the time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            message = f"{process.args!r} ended with status {process.returncode}:\n{log.read_text(errors='replace')}"
            raise RuntimeError(message)
        if time.monotonic() > deadline:
            message = f"{process.args!r} was not ready after {seconds:g} s:\n{log.read_text(errors='replace')}"
            raise TimeoutError(message)
        time.sleep(0.05)  # between two questions; nothing is assumed to be ready after it


def is_gone(process: psutil.Process) -> bool:
    """Tell whether a process has ended, without reaping it: that is for its parent to do."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def command_of(process: psutil.Process) -> list[str]:
    """Give the words of the command of a process; none when it has just ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def is_query_process(process: psutil.Process) -> bool:
    """Whether a process runs queries, started as a program or forked; false when it has just ended."""
    try:
        return "tap.engine.duckdb.worker" in process.cmdline() or process.name() == QUERY_PROCESS
    except psutil.NoSuchProcess:
        return False


@contextmanager
def ending_within(processes: Iterable[psutil.Process], seconds: float) -> Iterator[None]:
    """Say that what is done in the block ends processes that compute, within so many seconds.

    On a busy machine everything takes longer, but nothing is computed longer: there the seconds of processor time
    count that one of the processes still takes.
    """
    left = list(processes)
    before, begun = {process: processor_seconds(process) for process in left}, time.monotonic()
    yield
    while left := [process for process in left if not is_gone(process)]:
        passed = time.monotonic() - begun
        computed = max(processor_seconds(process) - before[process] for process in left)
        assert min(passed, computed) <= seconds, f"the work goes on after {seconds:g} s: {left}"
        assert passed < _END_SECONDS, f"idle processes stay: {left}"
        time.sleep(0.01)  # between two looks


def processor_seconds(process: psutil.Process) -> float:
    """Give the processor time that a process has taken; none when it has ended."""
    try:
        return float(sum(process.cpu_times()[:2]))
    except psutil.NoSuchProcess:
        return 0.0


def _runuser() -> str:
    found = shutil.which("runuser")
    if found is None:
        message = "Neither setpriv nor runuser is there: run the tests as another user than root."
        raise RuntimeError(message)
    return found
