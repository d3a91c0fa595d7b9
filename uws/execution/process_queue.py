"""Job queue served by worker processes that this process starts, supervises and stops."""

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from core.database import Database
from core.processes import ProcessIdentity
from core.telemetry.logs import log_format
from core.telemetry.traces import traces_target
from uws.execution.backlog import Backlog
from uws.execution.lease_renewal import LeaseRenewer
from uws.execution.worker_process import Assignment, Message, WorkerEvent, WorkerProcess
from uws.execution.worker_slot import SlotTask, StopReason, TaskOutcome, WorkerSlot
from uws.kinds import JobKind
from uws.leases import Lease
from uws.lifecycle.completion import JobCompletion
from uws.lifecycle.fair_share import FairShare
from uws.models import Job, Phase
from uws.queues import JobNotifier
from uws.schema import JobRow
from uws.storage import find_job

__all__ = ["ProcessQueue"]

_CLOSE_SECONDS = 10.0
_CANCEL_SECONDS = 2.0
_MAX_FAILED_STARTS = 3
_FOLDER_PREFIX = "jobs."

_logger = logging.getLogger(__name__)


class ProcessQueue:
    """Job queue with a pool of worker processes; each runs one job at a time, and can be killed.

    Short jobs go before long-running ones, and one of several workers is reserved for them.

    Parameters
    ----------
    kinds_factory
        Constructs the job kinds in each worker process; it must be picklable, for example a ``functools.partial`` of a
        function of a module.
    kinds
        Returns the job kinds of this process, which calls the ``on_end`` of jobs whose worker died; by default
        ``kinds_factory`` constructs them.
    workers
        Number of processes, hence of jobs that run at once.
    memory_bytes
        Address space that one job may use.
    scratch
        Folder of the private folders of jobs; those of dead servers are removed at the start.
    stored_bytes
        Storage limit of all jobs of one user; None for no limit.
    on_taken
        Called with the id of each job that starts; by default the next job of the same user is submitted.
    """

    def __init__(
        self,
        database: Database,
        kinds_factory: Callable[[], Mapping[str, JobKind]],
        *,
        kinds: Callable[[], Mapping[str, JobKind]] | None = None,
        workers: int,
        memory_bytes: int,
        scratch: Path,
        stored_bytes: int | None = None,
        on_taken: Callable[[str], None] | None = None,
    ) -> None:
        self.notifier = JobNotifier()
        self._kinds_factory = kinds_factory
        self._local_kinds = kinds or kinds_factory
        self._kinds: Mapping[str, JobKind] | None = None
        self._memory_bytes = memory_bytes
        self._stored_bytes = stored_bytes
        self._scratch_root = scratch
        self._scratch: Path | None = None
        self._owner = str(ProcessIdentity.current())
        self._database = database
        self._completion = JobCompletion(self._database, self._kind)
        self._renewer = LeaseRenewer(self._database)
        self._slots = [WorkerSlot(self._make_process, self._owner, self._on_message) for _ in range(workers)]
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._backlog = Backlog(max(workers - 1, 1))
        self._on_taken = on_taken or FairShare(self._database, self).submit_next
        self._failed_starts: dict[str, int] = {}
        self._idle = 0
        self._draining = self._closed = False

    @property
    def idle(self) -> int:
        """Number of jobs that would start at once if they were submitted now."""
        with self._changed:
            return max(self._idle - self._backlog.waiting, 0)

    @property
    def is_serving(self) -> bool:
        """Whether none of its slots has ended; true as well for a queue that was not started."""
        return not self._closed and all(thread.is_alive() for thread in self._threads)

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the worker processes."""
        return tuple(pid for slot in self._slots if (pid := slot.pid) is not None)

    def start(self) -> None:
        """Start the worker processes; jobs wait until one is ready."""
        self._scratch_root.mkdir(parents=True, exist_ok=True)
        _remove_stale_folders(self._scratch_root)
        self._scratch = Path(
            tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{self._owner}.", dir=self._scratch_root)
        ).resolve()
        self._renewer.start()
        for number, slot in enumerate(self._slots):
            # The kernel takes the thread that starts a process for its parent, so the thread must live as long.
            thread = threading.Thread(target=self._serve, args=(slot,), name=f"job-slot-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def submit(self, job_id: str, *, long_running: bool = False) -> None:
        """Submit a QUEUED job; one that waits or runs here already is ignored."""
        with self._changed:
            if not self._closed and self._backlog.add(job_id, long_running=long_running):
                self._changed.notify_all()

    def finish(self, job_id: str, seconds: float) -> bool:
        """Wait until a submitted job is done, up to a time; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: job_id not in self._backlog, seconds)

    def cancel(self, job_id: str) -> None:
        """Remove an aborted job; when it runs here, kill its process and wait for the end of that."""
        with self._changed:
            if self._backlog.remove(job_id):
                return
        if any(slot.stop(job_id, StopReason.CANCELLED) for slot in self._slots):
            with self._changed:
                self._changed.wait_for(lambda: job_id not in self._backlog, _CANCEL_SECONDS)

    def drain(self) -> None:
        """Start no further job; those that run go on until `close`, and those that wait are left to other servers."""
        with self._changed:
            self._draining = True

    def close(self) -> None:
        """Stop within seconds; running jobs are QUEUED again when their kind allows a retry, else they end in ERROR."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for slot in self._slots:
            slot.close()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)
        self._renewer.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _make_process(self) -> WorkerProcess:
        return WorkerProcess(
            Assignment(
                database_url=self._database.url,
                kinds_factory=self._kinds_factory,
                memory_bytes=self._memory_bytes,
                stored_bytes=self._stored_bytes,
                scratch=self._scratch or self._scratch_root,
                lease_owner=self._owner,
                log_level=logging.getLogger().getEffectiveLevel(),
                log_format=log_format(),
                traces=traces_target(),
            )
        )

    def _serve(self, slot: WorkerSlot) -> None:
        while slot.prepare() and (job_id := self._take()) is not None:
            again = False
            try:
                again = slot.prepare() and self._handle_outcome(job_id, slot.run(job_id))
            except Exception:  # the recovery finds the job; the slot must go on
                _logger.exception("the end of job %s could not be handled", job_id, extra={"job_id": job_id})
            finally:
                self._release(job_id, again=again)
        slot.end_process()

    def _take(self) -> str | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: (self._backlog.has_next and not self._draining) or self._closed)
            self._idle -= 1
            return None if self._closed else self._backlog.take()

    def _release(self, job_id: str, *, again: bool) -> None:
        self._renewer.drop(job_id)
        with self._changed:
            if again and not self._closed:
                self._backlog.put_back(job_id)
            else:
                self._backlog.done(job_id)
            self._changed.notify_all()
        self.notifier.notify(job_id)

    def _on_message(self, task: SlotTask, message: Message) -> None:
        lease = task.lease
        if message.event is WorkerEvent.EXECUTING and lease is not None:
            self._renewer.hold(task.job_id, lease, lambda: self._on_lease_loss(task.job_id, lease))
            self._on_taken(task.job_id)
        if message.event is not WorkerEvent.ENDED:  # waiting requests are notified after on_end
            self.notifier.notify(task.job_id)

    def _on_lease_loss(self, job_id: str, lease: Lease) -> None:
        for slot in self._slots:
            slot.stop(job_id, StopReason.CANCELLED, lease)

    def _handle_outcome(self, job_id: str, outcome: TaskOutcome) -> bool:
        """End or retry a job whose process did not store its end; return whether to submit it again."""
        if outcome.lease is None and outcome.died is not None:
            outcome = replace(outcome, lease=self._unreported_lease(job_id))
        if outcome.lease is None:
            return outcome.died is not None and self._should_resubmit(job_id, outcome)
        self._failed_starts.pop(job_id, None)
        self._remove_scratch(job_id)
        if outcome.stored:
            return False
        with self._database.read() as session:
            job = find_job(session, job_id)
        return job is not None and self._handle_loss(job, outcome.lease, outcome)

    def _unreported_lease(self, job_id: str) -> Lease | None:
        """Find the lease of a process that died after it claimed a job, and before it reported that."""
        with self._database.read() as session:
            row = session.get(JobRow, job_id)
        if row is None or row.phase != Phase.EXECUTING or row.lease_owner != self._owner:
            return None
        return Lease(self._owner, row.attempts)

    def _handle_loss(self, job: Job, lease: Lease, outcome: TaskOutcome) -> bool:
        """End or retry a job whose end was not stored; return whether to submit it again."""
        if outcome.stop in {StopReason.CANCELLED, StopReason.DEADLINE}:
            late = f"This job was stopped because it took longer than the {outcome.seconds} s that it was allowed."
            error = late if outcome.stop is StopReason.DEADLINE else None
            ended = self._completion.abort(job.id, job.kind, {Phase.EXECUTING}, lease=lease, error=error)
            if ended is not None:
                self._completion.notify_end(ended)
            return False
        if outcome.stop is StopReason.CLOSED:
            self._completion.lose(job, lease, "The server was stopped while this job ran. Run it again.", counted=False)
            return False
        cause = outcome.died or "its end could not be stored"
        _logger.error("a worker lost job %s: %s", job.id, cause, extra={"job_id": job.id})
        error = f"The worker died while it ran this job ({cause}). The id of the job is {job.id}."
        return self._completion.lose(job, lease, error)

    def _should_resubmit(self, job_id: str, outcome: TaskOutcome) -> bool:
        """Return whether to submit a job again whose process died before it claimed the job."""
        if outcome.stop is not None:
            return False
        with self._changed:
            self._failed_starts[job_id] = count = self._failed_starts.get(job_id, 0) + 1
            if count < _MAX_FAILED_STARTS:
                return True
            del self._failed_starts[job_id]
        _logger.error("worker processes die before they claim a job", extra={"job_id": job_id, "cause": outcome.died})
        return False

    def _remove_scratch(self, job_id: str) -> None:
        if self._scratch is not None:
            for folder in self._scratch.glob(f"{job_id}-*"):
                shutil.rmtree(folder, ignore_errors=True)

    def _kind(self, name: str) -> JobKind | None:
        if self._kinds is None:
            self._kinds = self._local_kinds()
        return self._kinds.get(name)


def _remove_stale_folders(root: Path) -> None:
    for folder in root.glob(f"{_FOLDER_PREFIX}*"):
        with suppress(ValueError):
            owner = ProcessIdentity.parse(folder.name.removeprefix(_FOLDER_PREFIX).rpartition(".")[0])
            if owner.alive is False:
                shutil.rmtree(folder, ignore_errors=True)
