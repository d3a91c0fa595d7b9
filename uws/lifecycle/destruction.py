"""How a job leaves: stopped, archived when its time has come, removed (UWS 1.1 §2.1.3, §2.2.3.2)."""

from collections.abc import Mapping

from sqlalchemy import delete

from core.database import Database
from uws.kinds import JobKind
from uws.lifecycle.completion import Endings
from uws.lifecycle.fair_share import Turns
from uws.models import ACTIVE_PHASES, Job, Phase
from uws.queues import JobChanges, JobQueue
from uws.schema import JobRow
from uws.storage import move_job

__all__ = ["Removal"]

_ABORTABLE = frozenset({*ACTIVE_PHASES, Phase.HELD, Phase.SUSPENDED})
_ENDED = frozenset(phase for phase in Phase if phase.ended)


class Removal:
    """Stops and removes jobs, with what belongs to them.

    Parameters
    ----------
    keep_archived
        Whether what is known of a job outlasts its results.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        kinds: Mapping[str, JobKind],
        changes: JobChanges,
        turns: Turns,
        *,
        keep_archived: bool,
    ) -> None:
        self._database = database
        self._queue = queue
        self._kinds = kinds
        self._endings = Endings(database, kinds.get)
        self._changes = changes
        self._turns = turns
        self._keep_archived = keep_archived

    def stop(self, job: Job) -> bool:
        """Abort a job; tell whether it had not ended before."""
        aborted = self._endings.abort(job.id, job.kind, _ABORTABLE)
        if aborted is None:
            return False
        self._queue.cancel(job.id)  # before on_end: what that mends, the dying job must not touch again
        self._endings.tell(aborted)
        self._changes.announce(job.id)
        self._turns.after(job.id)
        return True

    def archive(self, job: Job) -> None:
        """Remove the results of a job and keep what is known of it, ARCHIVED.

        A job of nobody is removed: it stands in no list, and nobody is left who could look for it.
        """
        if job.owner is None or not self._keep_archived:
            self.destroy(job)
            return
        self._remove_results(job)
        with self._database.write() as session:
            move_job(session, job.id, _ENDED, Phase.ARCHIVED, results=[], result_bytes=0)
        self._changes.announce(job.id)

    def destroy(self, job: Job) -> None:
        """Remove a job and all that belongs to it."""
        self._remove_results(job)
        with self._database.write() as session:
            session.execute(delete(JobRow).where(JobRow.id == job.id))
        self._changes.announce(job.id)

    def _remove_results(self, job: Job) -> None:
        self.stop(job)
        kind = self._kinds.get(job.kind)
        if kind is not None and kind.on_destroy is not None:
            kind.on_destroy(job)
