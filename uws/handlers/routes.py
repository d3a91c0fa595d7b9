"""UWS 1.1 §2.2 over HTTP, for any service that has jobs: it mounts `uws_routes` under the address of its job list."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager

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
from uws.service import JobService

__all__ = ["ErrorAnswer", "JobRenderer", "ParameterReader", "ResultAnswer", "collection_routes", "uws_routes"]

#: Answers a request for a result of a job, after its owner was checked.
ResultAnswer = Callable[[Request, Identity, Job, JobResult], Response]

#: Answers a request for the error of a job that has one, with its sentence.
ErrorAnswer = Callable[[str], Response]

#: Completes the document of a job with what only its kind knows.
JobRenderer = Callable[[Job, bytes], bytes]

#: Reads the parameters of a request.
ParameterReader = Callable[[Request], Awaitable[DaliParameters]]

_READ = ["GET", "HEAD"]
_FRESH = {"Cache-Control": "no-store"}


def uws_routes(
    prefix: str,
    kind: str,
    service: JobService,
    authenticate: Authenticator,
    *,
    public_url: str,
    parameters: Collection[str],
    repeated: Collection[str] = (),
    result_answer: ResultAnswer,
    error_answer: ErrorAnswer | None = None,
    files: JobFiles | None = None,
) -> APIRouter:
    """Routes of the jobs of one kind.

    Parameters
    ----------
    prefix
        Path of the job list, for example ``/tap/async``.
    public_url
        Address of the server, without a trailing slash.
    parameters, repeated
        Names, in upper case, of the parameters that a client may give a job, once and repeatedly; others are ignored.
    result_answer, error_answer
        What ``results/{id}`` and ``error`` answer; by default the error is the sentence alone.
    files
        What stores files that come with parameters; without it, none are taken.
    """
    jobs = JobList(service, kind, f"{public_url}{prefix}", parameters, repeated)
    return collection_routes(
        prefix,
        jobs,
        authenticate,
        result_answer=result_answer,
        error_answer=error_answer,
        read=read_parameters if files is None else _reader_of(files),
        files=files,
    )


def collection_routes(
    prefix: str,
    jobs: JobList,
    authenticate: Authenticator,
    *,
    result_answer: ResultAnswer,
    error_answer: ErrorAnswer | None = None,
    read: ParameterReader = read_parameters,
    files: JobFiles | None = None,
    render: JobRenderer = lambda _job, document: document,
) -> APIRouter:
    """Routes of a collection of jobs, as `uws_routes` gives them.

    Parameters
    ----------
    read
        Reads the parameters of new jobs and of those that are PENDING.
    files
        Where it puts the files that come with them.
    render
        Completes the document of a job.
    """
    router = APIRouter(prefix=prefix, route_class=route_class(_plain_error), include_in_schema=False)
    _add_list(router, authenticate, jobs, read, files)
    _add_job(router, authenticate, jobs, render, has_detail=error_answer is not None)
    _add_changes(router, authenticate, jobs, read, files)
    _add_texts(router, authenticate, jobs, error_answer or PlainTextResponse)
    _add_lists(router, authenticate, jobs, result_answer)
    return router


def _add_list(
    router: APIRouter, authenticate: Authenticator, jobs: JobList, read: ParameterReader, files: JobFiles | None
) -> None:
    @router.api_route("", methods=_READ)
    def listed(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = DaliParameters(request.query_params.multi_items())
        return _xml(jobs_document(jobs.list(asked, identity), jobs.base))

    @router.post("")
    async def create(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = await read(request)
        with _kept_by(files, asked):
            return _see(jobs.address(await run_in_threadpool(jobs.create, asked, identity)))


def _add_job(
    router: APIRouter, authenticate: Authenticator, jobs: JobList, render: JobRenderer, *, has_detail: bool
) -> None:
    @router.api_route("/{job_id}", methods=_READ)
    async def job(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = DaliParameters(request.query_params.multi_items())
        seconds, phase = parse_wait(asked), parse_phase(asked)
        found = await run_in_threadpool(jobs.find, job_id, identity)
        if seconds is not None:
            found = await wait_for_change(
                jobs.service, found, owner=identity.name, seconds=seconds, phase=phase, is_gone=request.is_disconnected
            )
        return _xml(render(found, job_document(found, jobs.base, jobs.names, has_detail=has_detail)))

    @router.post("/{job_id}")
    async def act(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        action = (await read_parameters(request)).one("ACTION") or ""
        if action.upper() != "DELETE":
            raise InvalidValueError("A job takes ACTION=DELETE alone; POST what you want to change to its parts.")
        await run_in_threadpool(jobs.delete, job_id, identity)
        return _see(jobs.base)

    @router.delete("/{job_id}")
    def delete(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        jobs.delete(job_id, identity)
        return _see(jobs.base)

    @router.get("/{job_id}/events")
    async def events(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        found = await run_in_threadpool(jobs.find, job_id, identity)
        stream = job_events(jobs.service, found.id, owner=identity.name)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_FRESH)


def _add_changes(
    router: APIRouter, authenticate: Authenticator, jobs: JobList, read: ParameterReader, files: JobFiles | None
) -> None:
    def see(job: Job) -> Response:
        return _see(jobs.address(job))

    @router.post("/{job_id}/phase")
    async def phase(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = await read_parameters(request)
        return see(await run_in_threadpool(jobs.change_phase, job_id, asked, identity))

    @router.post("/{job_id}/parameters")
    async def parameters(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = await read(request)
        with _kept_by(files, asked):
            return see(await run_in_threadpool(jobs.change, job_id, asked, identity))

    @router.post("/{job_id}/executionduration")
    async def duration(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = await read_parameters(request)
        return see(await run_in_threadpool(jobs.change_duration, job_id, asked, identity))

    @router.post("/{job_id}/destruction")
    async def destruction(job_id: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = await read_parameters(request)
        return see(await run_in_threadpool(jobs.change_destruction, job_id, asked, identity))


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


def _reader_of(files: JobFiles) -> ParameterReader:
    async def read(request: Request) -> DaliParameters:
        return await read_parameters(request, files.stager())

    return read


@contextmanager
def _kept_by(files: JobFiles | None, asked: DaliParameters) -> Iterator[None]:
    """Remove the files of a request that no job took."""
    try:
        yield
    except PhotozError:
        if files is not None:
            files.remove(asked.files.values())
        raise


def _see(address: str) -> Response:
    return Response(status_code=303, headers={"Location": address})


def _xml(document: bytes) -> Response:
    return Response(document, media_type="text/xml", headers=_FRESH)


def _plain_error(_request: Request, error: PhotozError) -> Response:
    """Dress an error as text; what the phase of a job forbids is 403 (UWS 1.1 §2.2.3)."""
    status = 403 if isinstance(error, JobPhaseError) else error.status
    return PlainTextResponse(error.message, status)
