"""Worker processes of jobs that are forked from one that has imported what jobs need, while an application is tested.

A worker that Python starts anew spends seconds of processor time on its imports. Tests that look at the workers
themselves (``tests/uws``) have real ones.
"""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

__all__ = ["forked_workers"]

_SCRIPT = Path(__file__).with_name("forking_process.py")
_PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def forked_workers() -> Iterator[None]:
    """Fork the worker processes that this process starts in the block."""
    as_usual = SimpleNamespace(Popen=_ForkedWorker, DEVNULL=subprocess.DEVNULL)
    with patch("uws.execution.worker_process.subprocess", as_usual):
        yield


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
    ) -> None:
        assert stdin == subprocess.DEVNULL
        assert start_new_session
        assert args[3] == "uws.execution.worker"
        (descriptor,) = pass_fds
        output = os.open(os.devnull, os.O_WRONLY) if stdout == subprocess.DEVNULL else os.dup(stdout)
        try:
            self.pid = _forking().fork(env, (descriptor, output))
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
    """The process that forks workers; it ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SCRIPT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    def fork(self, env: Mapping[str, str], descriptors: tuple[int, int]) -> int:
        """Run a worker with an environment, its pipe and its output; give its pid."""
        sent = json.dumps({"env": dict(env), "parent": os.getpid()}).encode()
        with self._lock, _adopting():
            socket.send_fds(self._socket, [sent], descriptors)
            pid, adopted = self._socket.recv(100), self._socket.recv(100)
        assert adopted, "the process that forks workers has ended"
        return int(pid)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait()


@contextmanager
def _adopting() -> Iterator[None]:
    """Let processes of children that end become children of this one, and not of the first process of the system."""
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@cache
def _forking() -> _Forking:
    """Return the one that forks all workers of this process."""
    forking = _Forking()
    atexit.register(forking.close)
    return forking
