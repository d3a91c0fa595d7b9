"""UWS 1.1 §2.2 over HTTP: the resource tree of one job list, for any service that has jobs."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, StreamingResponse

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError, PhotozError
from core.web.dali import DaliParameters
from core.web.parameters import read_parameters
from core.web.routes import route_class
from uws.errors import JobPhaseError
from uws.handlers.documents import job_document, jobs_document, parameters_document, results_document, time_text
from uws.handlers.events import job_events
from uws.handlers.job_list import JobList
from uws.handlers.parameters import parse_phase, parse_wait
from uws.handlers.waiting import wait_for_change
from uws.models import Job, JobFiles, JobResult

__all__ = ["ErrorAnswer", "JobRenderer", "JobResources", "ParameterReader", "ResultAnswer", "uws_routes"]

#: Returns the response to a request for a result of a job, after its owner was checked.
ResultAnswer = Callable[[Request, Identity, Job, JobResult], Response]

#: Returns the response to a request for the error of a failed job, from the message of the error.
ErrorAnswer = Callable[[str], Response]

#: Completes the document of a job with what only its kind knows.
JobRenderer = Callable[[Job, bytes], bytes]

#: Reads the parameters of a request.
ParameterReader = Callable[[Request], Awaitable[DaliParameters]]

_READ = ["GET", "HEAD"]
_FRESH = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResources:
    """What differs between job lists over HTTP: how parameters are read, and how results and errors are sent.

    Parameters
    ----------
    result
        Response of ``results/{id}``.
    error
        Response of ``error``; by default the message as plain text, and job documents have ``hasDetail="false"``.
    document
        Completes the document of a job.
    read
        Reads the parameters of new jobs and of PENDING ones; by default as DALI parameters, files into ``files``.
    files
        Storage of the files that come with parameters; without it, files are refused.
    """

    result: ResultAnswer
    error: ErrorAnswer | None = None
    document: JobRenderer = lambda _job, document: document
    read: ParameterReader | None = None
    files: JobFiles | None = None

    async def parameters(self, request: Request) -> DaliParameters:
        """Return the parameters of a request that creates or changes a job."""
        if self.read is not None:
            return await self.read(request)
        return await read_parameters(request, None if self.files is None else self.files.stager())

    @contextmanager
    def removing_files(self, request: DaliParameters) -> Iterator[None]:
        """Remove the files of a request when the block raises, because no job has taken them."""
        try:
            yield
        except PhotozError:
            if self.files is not None:
                self.files.remove(request.files.values())
            raise


def uws_routes(prefix: str, jobs: JobList, authenticate: Authenticator, resources: JobResources) -> APIRouter:
    """Return the routes of one job list.

    Parameters
    ----------
    prefix
        Path of the job list, for example ``/tap/async``.
    """
    router = APIRouter(prefix=prefix, route_class=route_class(_render_error), include_in_schema=False)
    _add_list(router, authenticate, jobs, resources)
    _add_job(router, authenticate, jobs, resources)
    _add_changes(router, authenticate, jobs, resources)
    _add_texts(router, authenticate, jobs, resources.error or PlainTextResponse)
    _add_lists(router, authenticate, jobs, resources.result)
    return router


def _add_list(router: APIRouter, authenticate: Authenticator, jobs: JobList, resources: JobResources) -> None:
    @router.api_route("", methods=_READ)
    def listed(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        query = DaliParameters(request.query_params.multi_items())
        return _xml(jobs_document(jobs.list(query, identity), jobs.base))

    @router.post("")
    async def create(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        given = await resources.parameters(request)
        with resources.removing_files(given):
            return _see_other(jobs.address(await run_in_threadpool(jobs.create, given, identity)))


def _add_job(router: APIRouter, authenticate: Authenticator, jobs: JobList, resources: JobResources) -> None:
    @router.api_route("/{job_id}", methods=_READ)
    async def job(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        query = DaliParameters(request.query_params.multi_items())
        seconds, phase = parse_wait(query), parse_phase(query)
        found = await run_in_threadpool(jobs.find, job_id, identity)
        if seconds is not None:
            found = await wait_for_change(
                jobs.service,
                found,
                owner=identity.name,
                seconds=seconds,
                phase=phase,
                is_disconnected=request.is_disconnected,
            )
        document = job_document(found, jobs.base, jobs.names, has_detail=resources.error is not None)
        return _xml(resources.document(found, document))

    @router.post("/{job_id}")
    async def act(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        action = (await read_parameters(request)).one("ACTION") or ""
        if action.upper() != "DELETE":
            raise InvalidValueError("The only ACTION of a job is DELETE; POST other changes to its child resources.")
        await run_in_threadpool(jobs.delete, job_id, identity)
        return _see_other(jobs.base)

    @router.delete("/{job_id}")
    def delete(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        jobs.delete(job_id, identity)
        return _see_other(jobs.base)

    @router.get("/{job_id}/events")
    async def events(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        found = await run_in_threadpool(jobs.find, job_id, identity)
        stream = job_events(jobs.service, found.id, owner=identity.name)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_FRESH)


def _add_changes(router: APIRouter, authenticate: Authenticator, jobs: JobList, resources: JobResources) -> None:
    def see(job: Job) -> Response:
        return _see_other(jobs.address(job))

    @router.post("/{job_id}/phase")
    async def phase(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        given = await read_parameters(request)
        return see(await run_in_threadpool(jobs.change_phase, job_id, given, identity))

    @router.post("/{job_id}/parameters")
    async def parameters(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        given = await resources.parameters(request)
        with resources.removing_files(given):
            return see(await run_in_threadpool(jobs.change, job_id, given, identity))

    @router.post("/{job_id}/executionduration")
    async def duration(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        given = await read_parameters(request)
        return see(await run_in_threadpool(jobs.change_duration, job_id, given, identity))

    @router.post("/{job_id}/destruction")
    async def destruction(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        given = await read_parameters(request)
        return see(await run_in_threadpool(jobs.change_destruction, job_id, given, identity))


def _add_texts(router: APIRouter, authenticate: Authenticator, jobs: JobList, error_answer: ErrorAnswer) -> None:
    def add(path: str, text: Callable[[Job], str]) -> None:
        @router.api_route(f"/{{job_id}}/{path}", methods=_READ)
        def answer(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
            return PlainTextResponse(text(jobs.find(job_id, identity)), headers=_FRESH)

    add("phase", lambda job: job.phase.value)
    add("executionduration", lambda job: str(job.execution_duration))
    add("destruction", lambda job: time_text(job.destruction))
    add("quote", lambda job: time_text(job.quote))
    add("owner", lambda job: job.owner or "")

    @router.api_route("/{job_id}/error", methods=_READ)
    def error(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        found = jobs.find(job_id, identity)
        if found.error is None:
            raise NotFoundError("This job has no error.")
        return error_answer(found.error)

    @router.api_route("/{job_id}/log", methods=_READ)
    def log(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        lines = jobs.service.log(jobs.find(job_id, identity).id, owner=identity.name)
        return PlainTextResponse("\n".join(f"{time_text(line.time)} {line.text}" for line in lines), headers=_FRESH)


def _add_lists(router: APIRouter, authenticate: Authenticator, jobs: JobList, result_answer: ResultAnswer) -> None:
    @router.api_route("/{job_id}/parameters", methods=_READ)
    def parameters(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        return _xml(parameters_document(jobs.find(job_id, identity), jobs.names))

    @router.api_route("/{job_id}/results", methods=_READ)
    def results(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        return _xml(results_document(jobs.find(job_id, identity), jobs.base))

    @router.api_route("/{job_id}/results/{name}", methods=_READ)
    def result(job_id: str, name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        found = jobs.find(job_id, identity)
        for candidate in found.results:
            if candidate.id == name:
                return result_answer(request, identity, found, candidate)
        raise NotFoundError(f"This job has no result '{name[:100]}'; it is {found.phase}.")


def _see_other(address: str) -> Response:
    return Response(status_code=303, headers={"Location": address})


def _xml(document: bytes) -> Response:
    return Response(document, media_type="text/xml", headers=_FRESH)


def _render_error(_request: Request, error: PhotozError) -> Response:
    """Render an error as plain text; a change that the phase of the job forbids is 403 (UWS 1.1 §2.2.3)."""
    status = 403 if isinstance(error, JobPhaseError) else error.status
    return PlainTextResponse(error.message, status)
