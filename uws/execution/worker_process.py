"""The server's side of one worker process: starting it, speaking with it, ending it."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Pipe
from pathlib import Path

from uws.kinds import JobKind

__all__ = ["Assignment", "Message", "WorkerEvent", "WorkerProcess"]


class WorkerEvent(StrEnum):
    """What a worker process tells."""

    READY = "ready"  # it has built its kinds and waits for jobs
    UNUSABLE = "unusable"  # it could not build them
    EXECUTING = "executing"
    PROGRESS = "progress"
    ENDED = "ended"  # the end is stored, on_end may still run
    DONE = "done"  # it waits for the next job
    RETIRED = "retired"  # it is done with the job, and should serve no other


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a worker process; seconds and attempt come with EXECUTING."""

    event: WorkerEvent
    attempt: int = 0
    seconds: int = 0

    def encode(self) -> bytes:
        """Return its bytes."""
        return json.dumps([self.event, self.attempt, self.seconds]).encode()

    @classmethod
    def decode(cls, content: bytes) -> "Message":
        """Read what `encode` gave."""
        event, attempt, seconds = json.loads(content)
        return cls(WorkerEvent(event), int(attempt), int(seconds))


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker process is told once, at its beginning."""

    database_url: str
    kinds_factory: Callable[[], Mapping[str, JobKind]]
    memory_bytes: int
    stored_bytes: int | None
    scratch: Path
    lease_owner: str
    log_level: int


class WorkerProcess:
    """A process that runs one job at a time. One thread speaks with it; `kill` may come from any.

    It is started as a program of its own, never forked, so that no thread, lock or connection of the server is in it.
    The kernel ends it when the thread that started it is gone.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._ending = threading.Lock()
        self._ended = False
        self._pipe, theirs = Pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "uws.execution.worker", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno() if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C is for the server, and what the job starts can be ended with it
            )
        except BaseException:
            self._pipe.close()
            raise
        finally:
            theirs.close()
        with contextlib.suppress(OSError):  # when it died already, the next message says so
            self._pipe.send_bytes(pickle.dumps(assignment))

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        # It is not reaped before `end`, so that its number and its group stay its own until then.
        try:
            ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # reaped, by `end` or by a stranger in this process
            return False
        return ended is None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def send(self, job_id: str) -> None:
        """Give it a job; OSError when it is gone."""
        self._pipe.send_bytes(job_id.encode())

    def receive(self, seconds: float) -> Message | None:
        """Wait so long for a message; EOFError when the process is gone."""
        try:
            if self._pipe.poll(max(seconds, 0.0)):
                return Message.decode(self._pipe.recv_bytes())
        except OSError as e:
            raise EOFError from e
        if not self.alive:  # a process that it left behind can hold the pipe open
            raise EOFError
        return None

    def kill(self) -> None:
        """End it and all that it started, whatever they are doing."""
        with self._ending:
            if not self._ended:
                self._kill_group()

    def end(self) -> str:
        """End it, free what it held here, and say how it ended."""
        with self._ending:
            if not self._ended:
                self._kill_group()
                self._process.wait()
                self._pipe.close()
                self._ended = True
        code = self._process.returncode
        if code >= 0:
            return f"exit status {code}"
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # a stranger in this process has reaped it
            os.killpg(self._process.pid, signal.SIGKILL)


def _has_descriptor(stream: object) -> bool:
    try:
        return stream is not None and stream.fileno() >= 0  # type: ignore[attr-defined]  # any stream may stand there
    except (AttributeError, OSError, ValueError):
        return False
