"""TAP over HTTP: asynchronous queries as UWS jobs with one result (TAP 1.1 §2.3)."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.database import utc_now
from core.settings import Settings
from core.votable import error_document
from core.web.routes import file_answer
from tap.async_queries.result_files import QUERY_JOB, ResultFiles
from tap.handlers.query_job_list import QueryJobList
from tap.results import RESULT_FORMATS, result_name
from tap.service import TapService
from tap.uploads.tap_upload import Uploads
from uws import Job, JobResult, JobService
from uws.handlers import JobResources, uws_routes

__all__ = ["tap_async_routes"]

_PARAMETERS = ("REQUEST", "VERSION", "LANG", "QUERY", "RESPONSEFORMAT", "FORMAT", "MAXREC", "RUNID")
_VOTABLE = "application/x-votable+xml"


def tap_async_routes(
    settings: Settings,
    authenticate: Authenticator,
    service: TapService,
    jobs: JobService,
    results: ResultFiles,
    uploads: Uploads,
    prefix: str = "/tap",
) -> APIRouter:
    """Return the routes of ``/async`` of the TAP service at a path of this server."""
    path = f"{prefix}/async"

    def answer(request: Request, identity: Identity, job: Job, result: JobResult) -> Response:
        tables = results.tables(job.id)
        service.require_tables(tables, identity)
        media_type = result.mime_type or _VOTABLE
        return file_answer(
            request,
            name=result_name(tables, _extension(media_type)),
            media_type=media_type,
            size=result.size or 0,
            etag=job.id,
            modified=_whole_second(job.ended or utc_now()),
            read=lambda start, end: results.read(job.id, start, end),
            headers={"Cache-Control": "private"},
        )

    def error(message: str) -> Response:
        return Response(error_document(message), media_type=_VOTABLE)

    queries = QueryJobList(service, jobs, QUERY_JOB, f"{settings.public_url}{path}", _PARAMETERS, repeated=("UPLOAD",))
    return uws_routes(path, queries, authenticate, JobResources(result=answer, error=error, files=uploads))


def _extension(media_type: str) -> str:
    return next((known.extension for known in RESULT_FORMATS.values() if media_type in known.media_types), "dat")


def _whole_second(time: datetime) -> datetime:
    return time.replace(microsecond=0)
