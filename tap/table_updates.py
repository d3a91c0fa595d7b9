"""Changes to tables of users that run as jobs: ``table-update`` of a TAP service, as CADC's clients and pyvo ask it."""

from fastapi import APIRouter, Request, Response

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.errors import NotFoundError
from core.settings import Settings
from tap.table_jobs import UPDATE_JOB
from uws import Job, JobResult, JobService
from uws.handlers.routes import uws_routes

__all__ = ["table_update_routes"]


def table_update_routes(settings: Settings, authenticate: Authenticator, jobs: JobService) -> APIRouter:
    """Routes of ``/tap/table-update``; a job has the parameters TABLE, INDEX and UNIQUE, and no result."""
    return uws_routes(
        "/tap/table-update",
        UPDATE_JOB,
        jobs,
        authenticate,
        public_url=settings.public_url,
        parameters=("TABLE", "INDEX", "UNIQUE"),
        result_answer=_no_result,
    )


def _no_result(_request: Request, _identity: Identity, job: Job, _result: JobResult) -> Response:
    raise NotFoundError(f"The job {job.id} has no result.")
