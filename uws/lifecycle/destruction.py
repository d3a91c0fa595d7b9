"""Abort, archive and destroy jobs (UWS 1.1 §2.1.3, §2.2.3.2)."""

from collections.abc import Mapping

from sqlalchemy import delete

from core.database import Database
from uws.kinds import JobKind
from uws.lifecycle.completion import JobCompletion
from uws.lifecycle.fair_share import FairShare
from uws.models import ACTIVE_PHASES, Job, Phase
from uws.queues import JobNotifier, JobQueue
from uws.schema import JobRow
from uws.storage import move_job

__all__ = ["JobDestruction"]

_ABORTABLE = frozenset({*ACTIVE_PHASES, Phase.HELD, Phase.SUSPENDED})
_ENDED = frozenset(phase for phase in Phase if phase.ended)


class JobDestruction:
    """Abortion, archiving and removal of jobs with their results.

    Parameters
    ----------
    keep_archived
        Whether the metadata of a job are kept when its results are removed.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        kinds: Mapping[str, JobKind],
        notifier: JobNotifier,
        fair_share: FairShare,
        *,
        keep_archived: bool,
    ) -> None:
        self._database = database
        self._queue = queue
        self._kinds = kinds
        self._completion = JobCompletion(database, kinds.get)
        self._notifier = notifier
        self._fair_share = fair_share
        self._keep_archived = keep_archived

    def abort(self, job: Job) -> bool:
        """Abort a job; return whether it had not ended before."""
        aborted = self._completion.abort(job.id, job.kind, _ABORTABLE)
        if aborted is None:
            return False
        self._queue.cancel(job.id)  # before on_end: the job must have stopped when that runs
        self._completion.notify_end(aborted)
        self._notifier.notify(job.id)
        self._fair_share.submit_next(job.id)
        return True

    def archive(self, job: Job) -> None:
        """Remove the results of a job and keep its metadata, ARCHIVED.

        An anonymous job is removed, because it is in no list.
        """
        if job.owner is None or not self._keep_archived:
            self.destroy(job)
            return
        self._remove_results(job)
        with self._database.write() as session:
            move_job(session, job.id, _ENDED, Phase.ARCHIVED, results=[], result_bytes=0)
        self._notifier.notify(job.id)

    def destroy(self, job: Job) -> None:
        """Remove a job and its results."""
        self._remove_results(job)
        with self._database.write() as session:
            session.execute(delete(JobRow).where(JobRow.id == job.id))
        self._notifier.notify(job.id)

    def _remove_results(self, job: Job) -> None:
        self.abort(job)
        kind = self._kinds.get(job.kind)
        if kind is not None and kind.on_destroy is not None:
            kind.on_destroy(job)
