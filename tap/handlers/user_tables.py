"""User tables over HTTP: ``tables/{name}``, ``load/{name}``, ``permissions/{name}`` and ``table-update``."""

from collections.abc import Callable

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from core.auth.dependencies import Authenticator
from core.auth.models import Identity, Scope
from core.errors import NotFoundError, PhotozError, TooLargeError
from core.files import StoredBytes
from core.settings import Settings
from core.web.multipart import announces_more, receive_into
from core.web.routes import route_class
from tap.uploads.user_table_jobs import UPDATE_JOB
from tap.uploads.user_tables import TableChanges
from uws import Job, JobResult, JobService
from uws.handlers import JobList, JobResources, uws_routes

__all__ = ["table_routes", "table_update_routes"]

_UPDATES = "/tap/table-update"
_LONGEST_TEXT = 10_000

_Change = Callable[[Identity, str, str, StoredBytes], object]


def table_routes(settings: Settings, authenticate: Authenticator, changes: TableChanges) -> APIRouter:
    """Return the routes that create, load, share and remove user tables."""
    router = APIRouter(prefix="/tap", route_class=route_class(_plain_error), include_in_schema=False)

    async def received(request: Request, identity: Identity, name: str, change: _Change) -> None:
        identity.require(Scope.WRITE)  # before the body is read
        if announces_more(request, settings.max_upload_bytes):
            raise TooLargeError(f"A request may have at most {settings.max_upload_bytes / 1e6:g} MB.")
        staging = await run_in_threadpool(changes.stage, identity, name)
        stored = await receive_into(request, staging)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        await run_in_threadpool(change, identity, name, media_type, stored)

    @router.put("/tables/{name}")
    async def create(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        await received(request, identity, name, changes.create)
        return Response(status_code=201, headers={"Location": f"{settings.public_url}/tap/tables/{name.lower()}"})

    @router.post("/tables/{name}")
    async def change(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        await received(request, identity, name, changes.post)
        return Response(status_code=204)

    @router.delete("/tables/{name}")
    def remove(name: str, identity: Identity = Depends(authenticate)) -> Response:
        changes.remove(identity, name)
        return Response(status_code=204)

    @router.post("/load/{name}")
    async def load(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        await received(request, identity, name, changes.load)
        return Response(status_code=200)

    @router.get("/permissions/{name}")
    def permissions(name: str, identity: Identity = Depends(authenticate)) -> Response:
        return PlainTextResponse(changes.permissions(identity, name))

    @router.post("/permissions/{name}")
    async def permit(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        text = bytearray()
        async for chunk in request.stream():
            text += chunk
            if len(text) > _LONGEST_TEXT:
                raise TooLargeError(f"Permissions may have at most {_LONGEST_TEXT} bytes.")
        await run_in_threadpool(changes.permit, identity, name, text.decode("utf-8", "replace"))
        return Response(status_code=200)

    return router


def _plain_error(_request: Request, error: PhotozError) -> Response:
    return PlainTextResponse(error.message, error.status)


def table_update_routes(settings: Settings, authenticate: Authenticator, jobs: JobService) -> APIRouter:
    """Return the routes of ``/tap/table-update``; a job has the parameters TABLE, INDEX and UNIQUE, and no result."""
    updates = JobList(jobs, UPDATE_JOB, f"{settings.public_url}{_UPDATES}", ("TABLE", "INDEX", "UNIQUE"))
    return uws_routes(_UPDATES, updates, authenticate, JobResources(result=_no_result))


def _no_result(_request: Request, _identity: Identity, job: Job, _result: JobResult) -> Response:
    raise NotFoundError(f"The job {job.id} has no result.")
