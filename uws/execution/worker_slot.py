"""Worker slot: supervision of one worker process by a thread of the server."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from uws.execution.worker_process import Message, WorkerEvent, WorkerProcess
from uws.leases import Lease

__all__ = ["SlotTask", "StopReason", "TaskOutcome", "WorkerSlot"]

_POLL_SECONDS = 1.0
_START_SECONDS = 120.0
_LONGEST_PAUSE = 30.0
_ON_END_SECONDS = 60.0

_logger = logging.getLogger(__name__)


class StopReason(Enum):
    """Reason why a running job was stopped from outside."""

    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """Outcome of a job in a slot.

    Parameters
    ----------
    lease
        None when the job could not be claimed, or the process died before it claimed the job.
    died
        How the process ended, when it ended before the job.
    stop
        Reason why this server killed the process.
    seconds
        Execution duration of the job.
    stored
        Whether the worker has stored the final phase of the job.
    """

    lease: Lease | None
    died: str | None = None
    stop: StopReason | None = None
    seconds: int = 0
    stored: bool = False


@dataclass(slots=True)
class SlotTask:
    """The job that a slot is running."""

    job_id: str
    stop: StopReason | None = None
    lease: Lease | None = None
    seconds: int = 0
    deadline: float = float("inf")
    stored: bool = False


class WorkerSlot:
    """A worker process that is replaced when it dies. One thread uses the slot; `stop` may be called from any thread.

    Parameters
    ----------
    make
        Starts a worker process.
    on_message
        Called with each message about the job.
    """

    def __init__(
        self, make: Callable[[], WorkerProcess], lease_owner: str, on_message: Callable[[SlotTask, Message], None]
    ) -> None:
        self._make = make
        self._lease_owner = lease_owner
        self._on_message = on_message
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._task: SlotTask | None = None
        self._closed = threading.Event()

    @property
    def pid(self) -> int | None:
        """Number of the worker process."""
        process = self._process
        return None if process is None else process.pid

    def prepare(self) -> bool:
        """Start a process unless one is ready; return false when the slot is closed.

        A process that cannot be started is tried again, after increasing pauses.
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

    def run(self, job_id: str) -> TaskOutcome:
        """Run a job in the process, and wait for its end, the death of the process, or the deadline."""
        process = self._process
        if process is None:
            return TaskOutcome(None, died="not started")
        task = SlotTask(job_id)
        with self._lock:
            self._task = task
        try:
            process.send(job_id)
            retired = self._follow(process, task)
            died = None
        except (EOFError, OSError):
            retired, died = True, process.end()
        finally:
            with self._lock:
                self._task = None
        if retired:
            self.end_process()
        return TaskOutcome(task.lease, died, task.stop, task.seconds, task.stored)

    def stop(self, job_id: str, reason: StopReason, lease: Lease | None = None) -> bool:
        """Kill the process if it runs this job, under this lease if one is given; return whether it did."""
        with self._lock:
            if self._task is None or self._task.job_id != job_id or self._process is None:
                return False
            if lease is not None and self._task.lease != lease:  # another attempt at the same job
                return False
            self._task.stop = self._task.stop or reason
            self._process.kill()
            return True

    def close(self) -> None:
        """Kill the process, and start no other one."""
        with self._lock:
            self._closed.set()
            if self._task is not None:
                self._task.stop = self._task.stop or StopReason.CLOSED
            if self._process is not None:
                self._process.kill()

    def end_process(self) -> None:
        """End the process and close its pipe; only for the thread that uses the slot."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _follow(self, process: WorkerProcess, task: SlotTask) -> bool:
        """Receive messages until the job is done; return whether the process will run no further job."""
        while True:
            message = process.receive(min(_POLL_SECONDS, task.deadline - time.monotonic()))
            if message is None:
                if time.monotonic() >= task.deadline:
                    self.stop(task.job_id, StopReason.DEADLINE)
                continue
            if message.event is WorkerEvent.EXECUTING:
                task.lease = Lease(self._lease_owner, message.attempt)
                task.seconds = message.seconds
                task.deadline = time.monotonic() + message.seconds if message.seconds else float("inf")
            elif message.event is WorkerEvent.ENDED:
                task.stored, task.deadline = True, time.monotonic() + _ON_END_SECONDS
            elif message.event in {WorkerEvent.DONE, WorkerEvent.RETIRED}:
                return message.event is WorkerEvent.RETIRED
            self._on_message(task, message)

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
                message = process.receive(_POLL_SECONDS)
                if message is not None:
                    return message.event is WorkerEvent.READY
        except EOFError:
            pass
        return False
