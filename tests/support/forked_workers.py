"""Processes of jobs and of queries that are forked from one that has imported what they need, as tests need many.

One that Python starts anew spends up to seconds of processor time on its imports. Tests of these processes themselves
(``tests/uws/execution``, ``tests/tap/engine``) have real ones.
"""

import atexit
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from tests.support.forking_process import IMPORTED

__all__ = ["fork_all_workers", "forked_workers"]

_SCRIPT = Path(__file__).with_name("forking_process.py")
_STARTING_JOBS = "uws.execution.worker_process.subprocess"
_STARTING_QUERIES = "tap.engine.duckdb.process.subprocess"
_PR_SET_CHILD_SUBREAPER = 36
_ONE_ADOPTS = threading.Lock()


@contextlib.contextmanager
def forked_workers(imported: tuple[str, ...] = IMPORTED) -> Iterator[None]:
    """Fork the processes of jobs and queries that this one starts in the block, from one that has imported modules."""
    jobs, queries = _starting(_forking(imported))
    with patch(_STARTING_JOBS, jobs), patch(_STARTING_QUERIES, queries):
        yield


def fork_all_workers(serve: Callable[[int], None]) -> None:
    """Fork the processes of jobs and queries of this one, which has imported what they need, from a copy it makes now.

    Parameters
    ----------
    serve
        What the copy does, with the descriptor of its socket.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if not os.fork():
        try:
            ours.close()
            serve(theirs.detach())
        finally:
            os._exit(0)
    theirs.close()
    jobs, queries = _starting(_Forking(ours))
    patch(_STARTING_JOBS, jobs).start()
    patch(_STARTING_QUERIES, queries).start()


class _Forked:
    """The part of ``subprocess.Popen`` about the end of a process, which is a child of this one."""

    pid: int

    def __init__(self) -> None:
        self.returncode: int | None = None
        self._reaping = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit status; none while the process runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        """Wait for the end of the process and return its exit status."""
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        status = self._reap(0)
        assert status is not None
        return status

    def kill(self) -> None:
        """Kill the process if it still runs."""
        with self._reaping:
            if self.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)

    def _reap(self, options: int) -> int | None:
        with self._reaping:
            if self.returncode is None:
                try:
                    pid, status = os.waitpid(self.pid, options)
                except ChildProcessError:  # a stranger in this process has reaped it; Popen says the same
                    pid, status = self.pid, 0
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode


class _ForkedWorker(_Forked):
    """What ``WorkerProcess`` starts."""

    def __init__(
        self,
        args: Sequence[str],
        *,
        stdin: int,
        stdout: int,
        pass_fds: Sequence[int],
        env: Mapping[str, str],
        start_new_session: bool,
        forking: "_Forking",
    ) -> None:
        assert stdin == subprocess.DEVNULL
        assert start_new_session
        assert args[3] == "uws.execution.worker"
        super().__init__()
        (descriptor,) = pass_fds
        output = os.open(os.devnull, os.O_WRONLY) if stdout == subprocess.DEVNULL else os.dup(stdout)
        try:
            self.pid = forking.fork(args[3], env, (descriptor, output))
        finally:
            os.close(output)


class _ForkedQueries(_Forked):
    """What ``QueryProcess`` starts."""

    def __init__(
        self,
        args: Sequence[str],
        *,
        stdin: int,
        stdout: int,
        bufsize: int,
        cwd: Path,
        env: Mapping[str, str],
        start_new_session: bool,
        forking: "_Forking",
    ) -> None:
        assert (stdin, stdout, bufsize) == (subprocess.PIPE, subprocess.PIPE, 0)
        assert start_new_session
        assert args[3:] == ["tap.engine.duckdb.worker", str(cwd)]
        super().__init__()
        (theirs, ours), (read, written) = os.pipe(), os.pipe()
        try:
            self.pid = forking.fork(args[3], env, (theirs, written), cwd)
        finally:
            os.close(theirs)
            os.close(written)
        self.stdin, self.stdout = os.fdopen(ours, "wb", buffering=0), os.fdopen(read, "rb", buffering=0)


class _Forking:
    """The process that forks workers, by its socket; it ends with this one."""

    def __init__(self, asked: socket.socket) -> None:
        self._socket = asked

    def fork(self, module: str, env: Mapping[str, str], descriptors: tuple[int, int], cwd: Path | None = None) -> int:
        """Run a worker with an environment, its pipes, and its folder if it has one; give its pid."""
        sent = json.dumps({"module": module, "env": dict(env), "cwd": cwd and str(cwd), "parent": os.getpid()}).encode()
        with _ONE_ADOPTS, _adopting():
            socket.send_fds(self._socket, [sent], descriptors)
            pid, adopted = self._socket.recv(100), self._socket.recv(100)
        assert adopted, "the process that forks workers has ended"
        return int(pid)


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Let processes of children that end become children of this one, and not of the first process of the system."""
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _starting(forking: _Forking) -> tuple[SimpleNamespace, SimpleNamespace]:
    """Return what stands in place of the module ``subprocess`` where processes of jobs and of queries are started."""
    jobs = SimpleNamespace(Popen=partial(_ForkedWorker, forking=forking), DEVNULL=subprocess.DEVNULL)
    return jobs, SimpleNamespace(Popen=partial(_ForkedQueries, forking=forking), PIPE=subprocess.PIPE)


@cache
def _forking(imported: tuple[str, ...]) -> _Forking:
    """Start the one that forks all workers of applications in this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), str(theirs.fileno()), *imported],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return _Forking(ours)
