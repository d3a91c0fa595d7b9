"""Parent side of a worker process: start it, exchange messages with it, end it."""

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

from core.telemetry.logs import LogFormat
from core.telemetry.traces import TracesTarget
from uws.kinds import JobKind

__all__ = ["Assignment", "Message", "WorkerEvent", "WorkerProcess"]


class WorkerEvent(StrEnum):
    """Events that a worker process reports."""

    READY = "ready"  # it has constructed its job kinds and waits for jobs
    UNUSABLE = "unusable"  # it could not construct them
    EXECUTING = "executing"
    PROGRESS = "progress"
    ENDED = "ended"  # the final phase is stored, on_end may still run
    DONE = "done"  # it waits for the next job
    RETIRED = "retired"  # the job is done, and the process will run no other


@dataclass(frozen=True, slots=True)
class Message:
    """Message of a worker process; seconds and attempt belong to EXECUTING."""

    event: WorkerEvent
    attempt: int = 0
    seconds: int = 0

    def encode(self) -> bytes:
        """Return the message as bytes."""
        return json.dumps([self.event, self.attempt, self.seconds]).encode()

    @classmethod
    def decode(cls, content: bytes) -> "Message":
        """Parse the bytes of `encode`."""
        event, attempt, seconds = json.loads(content)
        return cls(WorkerEvent(event), int(attempt), int(seconds))


@dataclass(frozen=True, slots=True)
class Assignment:
    """Configuration of a worker process, sent once when it starts."""

    database_url: str
    kinds_factory: Callable[[], Mapping[str, JobKind]]
    memory_bytes: int
    stored_bytes: int | None
    scratch: Path
    lease_owner: str
    log_level: int
    log_format: LogFormat
    traces: TracesTarget | None = None


class WorkerProcess:
    """A child process that runs one job at a time. One thread uses it; `kill` may be called from any thread.

    It is started as a new program, never forked, so that it has no thread, lock or connection of the server.
    The kernel ends it when the thread that started it ends.
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
        with contextlib.suppress(OSError):  # when it has died, `receive` reports it
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
        """Send the id of a job; OSError when the process has ended."""
        self._pipe.send_bytes(job_id.encode())

    def receive(self, seconds: float) -> Message | None:
        """Wait for a message, up to a time; EOFError when the process has ended."""
        try:
            if self._pipe.poll(max(seconds, 0.0)):
                return Message.decode(self._pipe.recv_bytes())
        except OSError as e:
            raise EOFError from e
        if not self.alive:  # a child process of it can hold the pipe open
            raise EOFError
        return None

    def kill(self) -> None:
        """Kill the process and all processes that it started."""
        with self._ending:
            if not self._ended:
                self._kill_group()

    def end(self) -> str:
        """Kill the process, close its pipe, and return how it ended."""
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
        with contextlib.suppress(ProcessLookupError):  # other code in this process has reaped it
            os.killpg(self._process.pid, signal.SIGKILL)


def _has_descriptor(stream: object) -> bool:
    try:
        return stream is not None and stream.fileno() >= 0  # type: ignore[attr-defined]  # any stream may stand there
    except (AttributeError, OSError, ValueError):
        return False
