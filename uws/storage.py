"""Storage of jobs: rows to `Job`, and changes of phase as compare-and-set in SQL."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, select, update
from sqlalchemy.orm import Session

from core.database import utc_now
from uws.leases import LEASE_SECONDS, Lease
from uws.models import Job, JobResult, Phase
from uws.schema import JobRow

__all__ = [
    "alter_job",
    "claim_job",
    "clean_text",
    "find_job",
    "job_of_row",
    "move_job",
    "results_value",
    "select_entries",
    "select_jobs",
]

_LONGEST_TEXT = 10_000


def job_of_row(row: JobRow) -> Job:
    """Return the job that a row stores."""
    return Job(
        id=row.id,
        kind=row.kind,
        owner=row.owner,
        phase=Phase(row.phase),
        run_id=row.run_id,
        parameters=row.parameters,
        results=tuple(JobResult(**result) for result in row.results),
        error=row.error,
        progress=row.progress,
        message=row.message,
        created=row.created,
        started=row.started,
        ended=row.ended,
        destruction=row.destruction,
        quote=row.quote,
        execution_duration=row.execution_duration,
        caller=row.caller,
    )


def find_job(session: Session, job_id: str) -> Job | None:
    """Read a job."""
    row = session.get(JobRow, job_id, populate_existing=True)
    return None if row is None else job_of_row(row)


def select_entries(
    owner: str, phases: Collection[Phase], after: datetime | None, last: int | None, kind: str | None
) -> Select[str, str | None, str, str | None, datetime]:
    """Select the entries of a user's job list, oldest first, or newest first with ``last`` (UWS 1.1 §2.2.2.1)."""
    query = select(JobRow.id, JobRow.owner, JobRow.phase, JobRow.run_id, JobRow.created).where(JobRow.owner == owner)
    if phases:
        query = query.where(JobRow.phase.in_([phase.value for phase in phases]))
    else:
        query = query.where(JobRow.phase != Phase.ARCHIVED.value)
    if after is not None:
        query = query.where(JobRow.created > after)
    if kind is not None:
        query = query.where(JobRow.kind == kind)
    if last is not None:
        return query.order_by(JobRow.created.desc(), JobRow.id).limit(last)
    return query.order_by(JobRow.created, JobRow.id)


def select_jobs(owner: str | None, kinds: Collection[str], phases: Collection[Phase]) -> Select[JobRow]:
    """Select the jobs of a user, or of all users, of all kinds or of some, the newest first.

    ARCHIVED jobs are selected only when ``phases`` names that phase.
    """
    query = select(JobRow).order_by(JobRow.created.desc(), JobRow.id)
    if owner is not None:
        query = query.where(JobRow.owner == owner)
    if kinds:
        query = query.where(JobRow.kind.in_(kinds))
    if phases:
        return query.where(JobRow.phase.in_([phase.value for phase in phases]))
    return query.where(JobRow.phase != Phase.ARCHIVED.value)


def move_job(
    session: Session,
    job_id: str,
    sources: Collection[Phase],
    phase: Phase,
    *,
    lease: Lease | None = None,
    **values: Any,  # columns of JobRow
) -> bool:
    """Change the phase of a job if it is in one of these phases and under this lease; return whether it was."""
    statement = update(JobRow).where(JobRow.id == job_id, JobRow.phase.in_([source.value for source in sources]))
    if lease is not None:
        statement = statement.where(JobRow.lease_owner == lease.owner, JobRow.attempts == lease.attempt)
    result = session.execute(statement.values(phase=phase.value, **values).execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1


def alter_job(
    session: Session,
    job_id: str,
    sources: Collection[Phase],
    values: Mapping[str, Any],  # columns of JobRow
    file_bytes: int,
) -> bool:
    """Change columns of a job and add to its file size, if it is in one of these phases; return whether it was."""
    statement = update(JobRow).where(JobRow.id == job_id, JobRow.phase.in_([source.value for source in sources]))
    counted = {**values, "file_bytes": JobRow.file_bytes + file_bytes}
    result = session.execute(statement.values(**counted).execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1


def claim_job(session: Session, job_id: str, owner: str) -> tuple[Job, Lease] | None:
    """Move a QUEUED job to EXECUTING under a new lease of this owner; None when it is not QUEUED any more."""
    now = utc_now()
    taken = move_job(
        session,
        job_id,
        {Phase.QUEUED},
        Phase.EXECUTING,
        started=now,
        attempts=JobRow.attempts + 1,
        lease_owner=owner,
        lease_until=now + timedelta(seconds=LEASE_SECONDS),
        progress=0.0,
        message="",
    )
    row = session.get(JobRow, job_id, populate_existing=True) if taken else None
    return None if row is None else (job_of_row(row), Lease(owner, row.attempts))


def results_value(results: Collection[JobResult]) -> list[Mapping[str, Any]]:
    """Return results as JSON values for the database."""
    return [asdict(result) for result in results]


def clean_text(text: str) -> str:
    """Replace characters that PostgreSQL cannot store, and cut a text that is too long."""
    text = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"
