"""The command ``photoz jobs``: list, show, abort and remove the jobs of all users."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import select

from core.auth.audit import Subject, record
from core.database import utc_now
from core.errors import NotFoundError
from server.cli.context import OPERATOR, DataOption, open_services
from uws import Job, Phase
from uws.schema import JobRow
from uws.storage import find_job, job_of_row

if TYPE_CHECKING:
    from server.services import Services

__all__ = ["app"]

app = typer.Typer(help="Jobs of all users: list, show, abort, purge.", no_args_is_help=True)

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


@app.command("list")
def list_command(
    phase: Annotated[list[Phase] | None, typer.Option(help="Only jobs in this phase; may be repeated.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only jobs of this user.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind.")] = None,
    last: Annotated[int, typer.Option(min=1, help="Number of newest jobs to list.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    data: DataOption = None,
) -> None:
    """List jobs, newest first."""
    query = select(JobRow).order_by(JobRow.created.desc()).limit(last)
    if phase:
        query = query.where(JobRow.phase.in_([chosen.value for chosen in phase]))
    if owner is not None:
        query = query.where(JobRow.owner == owner)
    if kind is not None:
        query = query.where(JobRow.kind == kind)
    with open_services(data, prepare=False) as services, services.database.read() as session:
        jobs = [job_of_row(row) for row in session.scalars(query)]
    if as_json:
        typer.echo(json.dumps([_summary(job) for job in jobs], indent=2))
        return
    for job in jobs:
        typer.echo(
            f"{job.id}  {job.phase:<9} {job.progress:>4.0%}  {job.created:%Y-%m-%d %H:%M:%S}  "
            f"{job.kind:<16} {job.owner or 'anonymous'}"
        )


@app.command("show")
def show_command(job: JobArgument, data: DataOption = None) -> None:
    """Show a job with its parameters, results and log, in JSON."""
    with open_services(data, prepare=False) as services:
        found = _find(services, job)
        lines = services.jobs.log(job, owner=found.owner)
    shape = {
        **_summary(found),
        "run_id": found.run_id,
        "message": found.message,
        "error": found.error,
        "execution_duration": found.execution_duration,
        "destruction": _time(found.destruction),
        "parameters": dict(found.parameters),
        "results": [{"id": result.id, "href": result.href, "size": result.size} for result in found.results],
        "log": [f"{_time(line.time)} {line.text}" for line in lines],
    }
    typer.echo(json.dumps(shape, indent=2, ensure_ascii=False))


@app.command("abort")
def abort_command(job: JobArgument, data: DataOption = None) -> None:
    """Abort a job; its work stops within seconds, on any machine."""
    with open_services(data, prepare=False) as services:
        found = _find(services, job)
        services.jobs.abort(job, owner=found.owner)
        with services.database.write() as session:
            about = {"job_kind": found.kind, "owner": found.owner}
            record(session, OPERATOR, "abort job", Subject.JOB, None, job, **about)
    typer.echo(f"Aborted {job}.")


@app.command("purge")
def purge_command(
    days: Annotated[int, typer.Option(min=0, help="Only jobs that ended at least this many days ago.")] = 7,
    owner: Annotated[str | None, typer.Option(help="Only jobs of this user.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    data: DataOption = None,
) -> None:
    """Remove jobs that have ended, with their results."""
    ended = [phase.value for phase in Phase if phase.ended]
    query = select(JobRow).where(JobRow.phase.in_(ended), JobRow.ended <= utc_now() - timedelta(days=days))
    if owner is not None:
        query = query.where(JobRow.owner == owner)
    with open_services(data, prepare=False) as services:
        with services.database.read() as session:
            jobs = [job_of_row(row) for row in session.scalars(query)]
        if jobs and not yes:
            typer.confirm(f"Remove {len(jobs)} jobs with their results?", abort=True)
        for job in jobs:
            services.jobs.delete(job.id, owner=job.owner)
        if jobs:
            with services.database.write() as session:
                record(session, OPERATOR, "purge jobs", Subject.JOB, None, owner or "", days=days, removed=len(jobs))
    typer.echo(f"Removed {len(jobs)} jobs.")


def _find(services: "Services", job_id: str) -> Job:
    with services.database.read() as session:
        job = find_job(session, job_id)
    if job is None:
        raise NotFoundError(f"There is no job '{job_id[:100]}'.", field="job")
    return job


def _summary(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "kind": job.kind,
        "owner": job.owner,
        "phase": job.phase,
        "progress": job.progress,
        "created": _time(job.created),
        "started": _time(job.started),
        "ended": _time(job.ended),
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"
