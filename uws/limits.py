"""Per-user limits: number of jobs, and bytes of parameters, files and results (UWS 1.1 leaves limits to the service).

Anonymous callers are distinguished by their addresses. Usage is counted and changed under a lock of the user, so that
concurrent requests do not all pass the same limit.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
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

_BYTES_PER_JOB = 1000
_LOCKS = 0x6A6F  # the first half of the key of our advisory locks in PostgreSQL


@dataclass(frozen=True, slots=True)
class JobUsage:
    """Resources that the jobs of one user use.

    Parameters
    ----------
    jobs
        Number of jobs in each phase.
    stored_bytes
        Size of parameters, files and results of all jobs, and a constant for each job.
    """

    jobs: Mapping[Phase, int]
    stored_bytes: int

    @property
    def active(self) -> int:
        """Jobs that are QUEUED or EXECUTING."""
        return self.jobs.get(Phase.QUEUED, 0) + self.jobs.get(Phase.EXECUTING, 0)


def owned_by(owner: str | None, caller: str = "") -> ColumnElement[bool]:
    """Return the SQL condition for the jobs of a user, or for the anonymous jobs from one address."""
    return and_(JobRow.owner.is_(None), JobRow.caller == caller) if owner is None else JobRow.owner == owner


def lock_owner(session: Session, owner: str | None, caller: str = "") -> None:
    """Lock the jobs of a user, or the anonymous jobs from one address, until the transaction ends.

    On SQLite every writing transaction excludes the others.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = zlib.crc32((owner or f"\0{caller}").encode()) - 2**31
        session.execute(select(func.pg_advisory_xact_lock(_LOCKS, key)))


def usage_of(session: Session, owner: str | None, caller: str = "") -> JobUsage:
    """Count the resources that the jobs of a user, or the anonymous jobs from one address, use."""
    size = JobRow.parameter_bytes + JobRow.file_bytes + JobRow.result_bytes
    counted = (
        select(JobRow.phase, func.count(), func.coalesce(func.sum(size), 0))
        .where(owned_by(owner, caller))
        .group_by(JobRow.phase)
    )
    rows = session.execute(counted).all()
    return JobUsage({Phase(phase): count for phase, count, _ in rows}, sum(int(size) for _, _, size in rows))


def parameters_size(parameters: Mapping[str, str]) -> int:
    """Return the bytes that a job counts for before it has run."""
    return _BYTES_PER_JOB + sum(len(value.encode("utf-8", "replace")) for value in parameters.values())


def check_job_count(usage: JobUsage, limits: JobLimits, *, run: bool) -> None:
    """Check that one more job may be run, or be PENDING.

    Raises
    ------
    TooManyJobsError
        The limit of jobs in these phases is reached.
    JobStorageLimitError
        The storage limit is reached.
    """
    pending = usage.jobs.get(Phase.PENDING, 0)
    if not run and pending >= limits.pending_per_owner:
        raise TooManyJobsError(
            f"{pending} of your jobs are PENDING, the most that this service allows. Run some of them, or delete them."
        )
    if run and usage.active >= limits.active_per_owner:
        raise TooManyJobsError(
            f"{usage.active} of your jobs are queued or running, the most that this service allows. "
            "Wait until one has ended, or abort one."
        )
    check_stored_bytes(usage.stored_bytes, limits)


def check_stored_bytes(stored_bytes: int, limits: JobLimits) -> None:
    """Check that the jobs of a user are below their storage limit, or raise JobStorageLimitError."""
    if stored_bytes >= limits.stored_bytes_per_owner:
        raise JobStorageLimitError(
            f"Your jobs use {size_text(stored_bytes)} of the {size_text(limits.stored_bytes_per_owner)} allowed, "
            "results included. Delete jobs that you no longer need."
        )


def size_text(size: int) -> str:
    """Format a size in bytes with a decimal unit."""
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def check_parameters(parameters: Mapping[str, str], limits: JobLimits) -> None:
    """Check the total length of the parameters, or raise InvalidValueError."""
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
    """Return the columns to change; times beyond the limits are reduced to the limits."""
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
    """Return the phases in which columns may change: the destruction time in all but ARCHIVED, others in PENDING."""
    return frozenset(Phase) - {Phase.ARCHIVED} if values.keys() <= {"destruction"} else frozenset({Phase.PENDING})
