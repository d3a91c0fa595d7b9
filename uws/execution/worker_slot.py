"""One place for a running job: a thread of the server with a worker process, watched while it works."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from uws.execution.worker_process import Message, WorkerEvent, WorkerProcess
from uws.leases import Lease

__all__ = ["Slot", "Stop", "Work", "WorkOutcome"]

_LOOK_SECONDS = 1.0
_START_SECONDS = 120.0
_LONGEST_PAUSE = 30.0
_ON_END_SECONDS = 60.0

_logger = logging.getLogger(__name__)


class Stop(Enum):
    """Why a running job was stopped from outside."""

    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """How the process did with a job.

    Parameters
    ----------
    lease
        None when the job was not there to be taken, or the process died before it took it.
    died
        How the process ended, when it did before the job was done.
    stop
        Why it was killed, when it was killed by us.
    stored
        Whether the end of the job was stored before.
    """

    lease: Lease | None
    died: str | None = None
    stop: Stop | None = None
    seconds: int = 0
    stored: bool = False


@dataclass(slots=True)
class Work:
    """A job in the hands of a slot."""

    job_id: str
    stop: Stop | None = None
    lease: Lease | None = None
    seconds: int = 0
    deadline: float = float("inf")
    stored: bool = False


class Slot:
    """A worker process that is replaced when it dies. One thread uses it; `stop` may come from any.

    Parameters
    ----------
    make
        Starts a worker process.
    on_message
        Called with each message about the job.
    """

    def __init__(
        self, make: Callable[[], WorkerProcess], lease_owner: str, on_message: Callable[[Work, Message], None]
    ) -> None:
        self._make = make
        self._lease_owner = lease_owner
        self._on_message = on_message
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._work: Work | None = None
        self._closed = threading.Event()

    @property
    def pid(self) -> int | None:
        """Number of the worker process."""
        process = self._process
        return None if process is None else process.pid

    def prepare(self) -> bool:
        """Have a process that is ready for a job; false when the slot is closed.

        A process that cannot be started is tried again, after longer and longer pauses.
        """
        pause = 0.5
        while not self._closed.is_set():
            if self._process is not None and self._process.alive:
                return True
            self._replace()
            if self._process is not None and self._becomes_ready(self._process):
                return True
            if not self._closed.wait(pause):
                _logger.error("a worker process could not be started; it is tried again")
            pause = min(pause * 2, _LONGEST_PAUSE)
        return False

    def run(self, job_id: str) -> WorkOutcome:
        """Let the process run a job and wait for its end, the process's death, or the job's deadline."""
        process = self._process
        if process is None:
            return WorkOutcome(None, died="not started")
        work = Work(job_id)
        with self._lock:
            self._work = work
        try:
            process.send(job_id)
            retired = self._follow(process, work)
            died = None
        except (EOFError, OSError):
            retired, died = True, process.end()
        finally:
            with self._lock:
                self._work = None
        if retired:
            self.end_process()
        return WorkOutcome(work.lease, died, work.stop, work.seconds, work.stored)

    def stop(self, job_id: str, why: Stop, lease: Lease | None = None) -> bool:
        """Kill the process if it runs this job, under this lease if one is given; tell whether it did."""
        with self._lock:
            if self._work is None or self._work.job_id != job_id or self._process is None:
                return False
            if lease is not None and self._work.lease != lease:  # another attempt at the same job
                return False
            self._work.stop = self._work.stop or why
            self._process.kill()
            return True

    def close(self) -> None:
        """Kill the process; no other one is started."""
        with self._lock:
            self._closed.set()
            if self._work is not None:
                self._work.stop = self._work.stop or Stop.CLOSED
            if self._process is not None:
                self._process.kill()

    def end_process(self) -> None:
        """End the process and free what it held; for the thread that uses the slot."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _follow(self, process: WorkerProcess, work: Work) -> bool:
        """Hear what the process says until it is done; tell whether it should serve no further job."""
        while True:
            message = process.receive(min(_LOOK_SECONDS, work.deadline - time.monotonic()))
            if message is None:
                if time.monotonic() >= work.deadline:
                    self.stop(work.job_id, Stop.DEADLINE)
                continue
            if message.event is WorkerEvent.EXECUTING:
                work.lease = Lease(self._lease_owner, message.attempt)
                work.seconds = message.seconds
                work.deadline = time.monotonic() + message.seconds if message.seconds else float("inf")
            elif message.event is WorkerEvent.ENDED:
                work.stored, work.deadline = True, time.monotonic() + _ON_END_SECONDS
            elif message.event in {WorkerEvent.DONE, WorkerEvent.RETIRED}:
                return message.event is WorkerEvent.RETIRED
            self._on_message(work, message)

    def _replace(self) -> None:
        self.end_process()
        with self._lock:
            if self._closed.is_set():
                return
            try:
                self._process = self._make()
            except OSError:
                _logger.exception("no worker process could be started")

    def _becomes_ready(self, process: WorkerProcess) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        try:
            while time.monotonic() < deadline:
                message = process.receive(_LOOK_SECONDS)
                if message is not None:
                    return message.event is WorkerEvent.READY
        except EOFError:
            pass
        return False
