"""Kinds of job: what other packages give to this library."""

from collections.abc import Callable
from dataclasses import dataclass

from uws.context import JobContext
from uws.models import Job

__all__ = ["JobKind"]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job.

    Parameters
    ----------
    run
        Does the work. It may be killed at any moment. A ``PhotozError`` ends the job with its sentence, anything else
        with a sentence that tells nothing of the internals.
    retry
        Whether the work may be done twice: a job whose worker died is then run once more.
    seconds
        Execution duration, when it is not the service's default.
    lengthy
        Whether its jobs commonly take so long that jobs of other kinds should not wait behind them.
    on_end
        Called once after COMPLETED, ERROR or ABORTED was stored, in whichever process stored it, so that the owner of
        a thing can mend its state. When that process dies in between, or the call raises, a sweep calls it once more.
        The work has stopped by then, except that of a job which was aborted from another process: it stops within
        about a second.
    on_destroy
        Called before a job is removed, so that the files of its results go too; it must bear to be called twice.
    """

    name: str
    run: Callable[[JobContext], None]
    retry: bool = False
    seconds: int | None = None
    lengthy: bool = False
    on_end: Callable[[Job], None] | None = None
    on_destroy: Callable[[Job], None] | None = None
