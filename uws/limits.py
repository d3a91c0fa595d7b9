"""What the jobs of one user take of what they may (UWS 1.1 leaves limits to the service).

Callers without a name share what one user may take. What is counted and then stored is counted under a lock of the
user, so that requests that arrive at once do not all pass the same limit.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.errors import InvalidValueError
from uws.errors import JobStorageLimitError, TooManyJobsError
from uws.models import Job, JobLimits, Phase
from uws.schema import JobRow
from uws.storage import clean_text

__all__ = [
    "JobUsage",
    "alterable_phases",
    "altered_values",
    "check_job_count",
    "check_parameters",
    "check_stored_bytes",
    "lock_owner",
    "owned_by",
    "parameters_size",
    "size_text",
    "usage_of",
]

_LEAST_BYTES = 1000
_LOCKS = 0x6A6F  # the first half of the keys of our locks among all advisory locks of a database


@dataclass(frozen=True, slots=True)
class JobUsage:
    """What the jobs of one user take.

    Parameters
    ----------
    stored_bytes
        Size of parameters, files and results of all their jobs, and a little for each job.
    """

    jobs: Mapping[Phase, int]
    stored_bytes: int

    @property
    def active(self) -> int:
        """Jobs that are QUEUED or EXECUTING."""
        return self.jobs.get(Phase.QUEUED, 0) + self.jobs.get(Phase.EXECUTING, 0)


def owned_by(owner: str | None) -> ColumnElement[bool]:
    """Return the condition for the jobs of a user, or of nobody."""
    return JobRow.owner.is_(None) if owner is None else JobRow.owner == owner


def lock_owner(session: Session, owner: str | None) -> None:
    """Let others who lock the same user wait until this transaction has ended; on SQLite all writers wait anyway."""
    if session.get_bind().dialect.name == "postgresql":
        key = zlib.crc32((owner or "").encode()) - 2**31
        session.execute(select(func.pg_advisory_xact_lock(_LOCKS, key)))


def usage_of(session: Session, owner: str | None) -> JobUsage:
    """Count what the jobs of a user, or of nobody, take."""
    size = JobRow.parameter_bytes + JobRow.file_bytes + JobRow.result_bytes
    counted = (
        select(JobRow.phase, func.count(), func.coalesce(func.sum(size), 0))
        .where(owned_by(owner))
        .group_by(JobRow.phase)
    )
    rows = session.execute(counted).all()
    return JobUsage({Phase(phase): count for phase, count, _ in rows}, sum(int(size) for _, _, size in rows))


def parameters_size(parameters: Mapping[str, str]) -> int:
    """Count the bytes that a job takes before it has run."""
    return _LEAST_BYTES + sum(len(value.encode("utf-8", "replace")) for value in parameters.values())


def check_job_count(load: JobUsage, limits: JobLimits, *, run: bool) -> None:
    """Refuse one more job that is to be run, or to be PENDING.

    Raises
    ------
    TooManyJobsError
        There are as many in these phases as the limit allows.
    JobStorageLimitError
        Earlier jobs take all the room there is for them.
    """
    pending = load.jobs.get(Phase.PENDING, 0)
    if not run and pending >= limits.pending_per_owner:
        raise TooManyJobsError(
            f"{pending} of your jobs are PENDING, as many as this service allows. Run some of them, or delete them."
        )
    if run and load.active >= limits.active_per_owner:
        raise TooManyJobsError(
            f"{load.active} of your jobs are queued or running, as many as this service allows. "
            "Wait until one has ended, or abort one."
        )
    check_stored_bytes(load.stored_bytes, limits)


def check_stored_bytes(stored_bytes: int, limits: JobLimits) -> None:
    """Refuse more when the jobs of a user take all the room there is for them, or raise JobStorageLimitError."""
    if stored_bytes >= limits.stored_bytes_per_owner:
        raise JobStorageLimitError(
            f"Your jobs take {size_text(stored_bytes)} with their results, and "
            f"{size_text(limits.stored_bytes_per_owner)} is what they may take. Delete jobs that you no longer need."
        )


def size_text(size: int) -> str:
    """Return a size as people read it."""
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def check_parameters(parameters: Mapping[str, str], limits: JobLimits) -> None:
    """Refuse parameters that are too long together, or raise InvalidValueError."""
    length, limit = sum(map(len, parameters.values())), limits.parameter_characters
    if length > limit:
        raise InvalidValueError(f"The parameters of the job have {length} characters; {limit} are allowed.")


def altered_values(
    job: Job,
    limits: JobLimits,
    *,
    parameters: Mapping[str, str] | None = None,
    run_id: str | None = None,
    execution_duration: int | None = None,
    destruction: datetime | None = None,
) -> dict[str, Any]:
    """Return the new values of columns; times beyond the limits become the limits."""
    values: dict[str, Any] = {}
    if parameters is not None:
        values["parameters"] = dict(job.parameters) | dict(parameters)
        values["parameter_bytes"] = parameters_size(values["parameters"])
        check_parameters(values["parameters"], limits)
    if run_id is not None:
        values["run_id"] = clean_text(run_id)
    if execution_duration is not None:
        longest = limits.longest_seconds
        values["execution_duration"] = min(execution_duration, longest) if execution_duration > 0 else longest
    if destruction is not None:
        values["destruction"] = min(destruction, job.created + timedelta(days=limits.longest_days))
    return values


def alterable_phases(values: Mapping[str, Any]) -> frozenset[Phase]:
    """Return the phases in which these columns may change: the destruction time in all but one, others in one alone."""
    return frozenset(Phase) - {Phase.ARCHIVED} if values.keys() <= {"destruction"} else frozenset({Phase.PENDING})
