"""Worker processes of jobs that are forked from one that has imported what jobs need, while an application is tested.

A worker that Python starts anew spends seconds of processor time on its imports. Tests of the
workers themselves (``tests/uws/execution``) have real ones.
"""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from tests.support.forking_process import IMPORTED

__all__ = ["fork_all_workers", "forked_workers"]

_SCRIPT = Path(__file__).with_name("forking_process.py")
_STARTING = "uws.execution.worker_process.subprocess"
_PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def forked_workers(imported: tuple[str, ...] = IMPORTED) -> Iterator[None]:
    """Fork the worker processes that this process starts in the block, from one that has imported some modules."""
    with patch(_STARTING, _starting(_forking(imported))):
        yield


def fork_all_workers(serve: Callable[[int], None]) -> None:
    """Fork the worker processes of this one, which has imported what jobs need, from a copy that it makes now.

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
    patch(_STARTING, _starting(_Forking(ours))).start()


class _ForkedWorker:
    """The part of ``subprocess.Popen`` that ``WorkerProcess`` uses; the process is a child of this one."""

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
        (descriptor,) = pass_fds
        output = os.open(os.devnull, os.O_WRONLY) if stdout == subprocess.DEVNULL else os.dup(stdout)
        try:
            self.pid = forking.fork(env, (descriptor, output))
        finally:
            os.close(output)
        self.returncode: int | None = None

    def wait(self) -> int:
        """Wait for the end of the process and return its exit status."""
        if self.returncode is None:
            try:
                self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            except ChildProcessError:  # a stranger in this process has reaped it; Popen says the same
                self.returncode = 0
        return self.returncode


class _Forking:
    """The process that forks workers, by its socket; it ends with this one."""

    def __init__(self, asked: socket.socket) -> None:
        self._lock = threading.Lock()
        self._socket = asked

    def fork(self, env: Mapping[str, str], descriptors: tuple[int, int]) -> int:
        """Run a worker with an environment, its pipe and its output; give its pid."""
        sent = json.dumps({"env": dict(env), "parent": os.getpid()}).encode()
        with self._lock, _adopting():
            socket.send_fds(self._socket, [sent], descriptors)
            pid, adopted = self._socket.recv(100), self._socket.recv(100)
        assert adopted, "the process that forks workers has ended"
        return int(pid)


@contextmanager
def _adopting() -> Iterator[None]:
    """Let processes of children that end become children of this one, and not of the first process of the system."""
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _starting(forking: _Forking) -> SimpleNamespace:
    """Return what stands in place of the module ``subprocess`` where workers are started."""
    return SimpleNamespace(Popen=partial(_ForkedWorker, forking=forking), DEVNULL=subprocess.DEVNULL)


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
