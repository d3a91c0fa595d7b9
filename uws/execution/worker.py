"""Child side of a worker process: receive ids of jobs from a pipe and run them, one at a time.

``uws.execution.worker_process`` starts it as ``python -m uws.execution.worker DESCRIPTOR PARENT``.
"""

import logging
import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection

from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from core.telemetry.logs import log_to_stderr
from core.telemetry.traces import export_traces
from uws.execution.memory_limit import resident_bytes
from uws.execution.runner import JobRunner, RunnerEvent
from uws.execution.worker_process import Assignment, Message, WorkerEvent
from uws.leases import Lease
from uws.models import Job

__all__ = ["main"]

_PARENT_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_MAX_GROWTH_BYTES = 300_000_000

_logger = logging.getLogger(__name__)


def main() -> None:
    """Run jobs until the pipe closes."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Connection(descriptor)
    try:
        # The parent process wrote it: this is how it sends the function that constructs the kinds.
        assignment: Assignment = pickle.loads(pipe.recv_bytes())  # noqa: S301 - see above  # nosec B301
        log_to_stderr(assignment.log_level, assignment.log_format)
        export_traces(assignment.traces)
        _Worker(assignment, pipe).serve()
    except (EOFError, BrokenPipeError):  # the server is gone
        return


class _Worker:
    def __init__(self, assignment: Assignment, pipe: Connection) -> None:
        self._assignment = assignment
        self._pipe = pipe

    def serve(self) -> None:
        try:
            runner = self._runner()
        except Exception:
            _logger.exception("the job kinds could not be constructed")
            self._send(WorkerEvent.UNUSABLE)
            return
        self._send(WorkerEvent.READY)
        fresh = resident_bytes()
        while True:
            job_id = self._pipe.recv_bytes().decode()
            try:
                runner.run(job_id)
            except SQLAlchemyError:  # the recovery of jobs will find the job
                _logger.exception("the database failed job %s", job_id, extra={"job_id": job_id})
                runner.strained = True
            if runner.strained or resident_bytes() - fresh > _MAX_GROWTH_BYTES:
                self._send(WorkerEvent.RETIRED)
                return
            self._send(WorkerEvent.DONE)

    def _runner(self) -> JobRunner:
        given = self._assignment
        return JobRunner(
            Database(given.database_url),
            given.kinds_factory(),
            owner=given.lease_owner,
            scratch=given.scratch,
            memory_bytes=given.memory_bytes,
            stored_bytes=given.stored_bytes,
            notify=self._notify,
        )

    def _notify(self, event: RunnerEvent, job: Job, lease: Lease) -> None:
        self._pipe.send_bytes(Message(WorkerEvent(event), lease.attempt, job.execution_duration).encode())

    def _send(self, event: WorkerEvent) -> None:
        self._pipe.send_bytes(Message(event).encode())


def _die_with(parent: int) -> None:
    """End this process when its parent dies."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)
    threading.Thread(target=_watch_parent, args=(parent,), name="parent", daemon=True).start()


def _watch_parent(parent: int) -> None:
    """Poll for the end of the parent, for systems whose kernel does not signal it."""
    never = threading.Event()
    while not never.wait(_PARENT_SECONDS):
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    main()
