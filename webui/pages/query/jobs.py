"""Queries as jobs: submit, follow, abort, and what is done with their results."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import AuthenticationError, InvalidValueError, PhotozError
from core.web.dali import DaliParameters
from tap.async_queries.result_files import QUERY_JOB
from tap.async_queries.result_tables import result_table_name
from tap.handlers.query_job_list import QueryJobList
from tap.results import DEFAULT_FORMAT, ResultFormat, format_for
from uws import Job, Phase, UnknownJobError
from webui.pages.forms import see_other
from webui.pages.query.form import QueryForm, tap_parameters
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = [
    "PRODUCT_FORMATS",
    "TABLE_FORMATS",
    "RecentQuery",
    "add_routes",
    "find_job",
    "format_of",
    "job_address",
    "job_page",
    "recent_queries",
    "submit_job",
]

#: Extensions of results of which tables of users are made, and of those that can be main files of products.
TABLE_FORMATS = frozenset({"vot"})
PRODUCT_FORMATS = frozenset({"vot", "parquet", "fits", "csv", "tsv", "ecsv"})

_RECENT = 10
_PARAMETERS = ("REQUEST", "LANG", "QUERY", "RESPONSEFORMAT", "MAXREC")


@dataclass(frozen=True, slots=True)
class RecentQuery:
    """A query that was run as a job."""

    id: str
    text: str
    phase: Phase
    created: datetime


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of a query's job."""
    authenticate = services.authenticate

    @router.get("/query/jobs/{job_id}")
    def job(job_id: str, explore: str = "", identity: Identity = Depends(authenticate)) -> Response:
        found = find_job(services, identity, job_id)
        if explore and found.results:
            return see_other(f"/explore?{urlencode({'table': result_table_name(found.id)})}")
        return job_page(services, renderer, identity, found)

    @router.post("/query/jobs/{job_id}/abort")
    def abort(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        found = find_job(services, identity, job_id)
        services.jobs.abort(found.id, owner=identity.name)
        return see_other(job_address(found.id))


def job_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, job: Job, error: PhotozError | None = None
) -> Response:
    """Render the page of a job, with the error of what was done with its result."""
    return renderer.page(
        "query/job.html",
        identity,
        status=200 if error is None else error.status,
        headers={"Cache-Control": "no-store"},
        job=job,
        text=job.parameters.get("QUERY", ""),
        table=result_table_name(job.id),
        result=job.results[0] if job.results else None,
        extension=format_of(job).extension,
        table_formats=TABLE_FORMATS,
        product_formats=PRODUCT_FORMATS,
        product_types=[kind for kind in services.products.service.types() if kind.is_open],
        error=None if error is None else error.message,
    )


def format_of(job: Job) -> ResultFormat:
    """Return the format of the result of a job; the default when the job has a format that does not exist."""
    try:
        return format_for(job.parameters.get("RESPONSEFORMAT") or job.parameters.get("FORMAT"))
    except InvalidValueError:  # the job ended in this error
        return DEFAULT_FORMAT


def submit_job(services: WebServices, identity: Identity, form: QueryForm) -> Job:
    """Submit a query as a job of TAP, with the identity of the request.

    Raises
    ------
    InvalidValueError
        The query is not valid.
    """
    tap = services.tap.service
    tap.check(form.text, identity)
    parameters = tap_parameters(form, form.format, maxrec=services.settings.maxrec_limit + 1)
    request = DaliParameters((("REQUEST", "doQuery"), ("PHASE", "RUN"), *parameters.pairs()))
    return QueryJobList(tap, services.jobs, QUERY_JOB, "/tap/async", _PARAMETERS).create(request, identity)


def find_job(services: WebServices, identity: Identity, job_id: str) -> Job:
    """Return a query's job.

    Raises
    ------
    AuthenticationError
        The caller is not signed in, and it is not an anonymous job.
    NotFoundError
        There is no such job, or it is another user's.
    """
    try:
        return services.jobs.get(job_id.replace("\0", ""), owner=identity.name, kind=QUERY_JOB)
    except UnknownJobError as e:
        if not identity.is_anonymous:
            raise
        message = "Sign in to see your jobs."
        raise AuthenticationError(message) from e


def job_address(job_id: str, *, is_explored: bool = False) -> str:
    """Return the address of the page of a query's job, or of the one that leads on to the data explorer at its end."""
    return f"/query/jobs/{job_id}{'?explore=1' if is_explored else ''}"


def recent_queries(services: WebServices, identity: Identity) -> list[RecentQuery]:
    """Return the last queries that a user ran as jobs, the newest first."""
    entries = services.jobs.list(identity.name, last=_RECENT, kind=QUERY_JOB)
    jobs = [services.jobs.get(entry.id, owner=identity.name) for entry in entries]
    return [RecentQuery(job.id, job.parameters.get("QUERY", ""), job.phase, job.created) for job in jobs]
