"""Router of the pipelines: a UWS job list at ``/pipelines/{name}``, with parameters as a form or JSON."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError, TooLargeError
from core.settings import Settings
from core.web.dali import DaliParameters
from core.web.parameters import read_parameters
from core.web.routes import add_routers
from pipelines.handlers.forms import read_multipart
from pipelines.handlers.run_list import RunList
from pipelines.runs.jobs import CONFIGURATION, LOG, PROVENANCE, REPORT
from pipelines.service import PipelineService
from products.files.downloads import DownloadService
from products.files.handlers import download_answer
from uws import Job, JobResult, JobService
from uws.handlers import JobResources, uws_routes

__all__ = ["pipeline_routes"]

_LARGEST_BODY = 5_000_000
_FILES = {"report": REPORT, "provenance": PROVENANCE, "configuration": CONFIGURATION, "log": LOG}
#: How other words for parameters are spelt here: those of the REST API.
_SPELT = {"DISPLAY_NAME": "NAME", "OUTPUT_FORMAT": "FORMAT", "USED_CONFIG": "CONFIGURATION"}


def pipeline_routes(
    settings: Settings,
    authenticate: Authenticator,
    jobs: JobService,
    pipelines: PipelineService,
    downloads: DownloadService,
) -> APIRouter:
    """Return the router of all pipelines."""

    def answer(request: Request, identity: Identity, job: Job, result: JobResult) -> Response:
        run = pipelines.of_job(job.id)
        if run is None:
            raise NotFoundError("The product of this run was deleted.")
        if result.id == "result":
            return download_answer(request, downloads.main_file(identity, run.product_id))
        rules = {} if run.pipeline.rules is None else {"rules": run.pipeline.rules.name}
        return download_answer(request, downloads.file(identity, run.product_id, (_FILES | rules)[result.id]))

    whole, resources = APIRouter(), JobResources(result=answer, read=_read_parameters)
    for pipeline in pipelines.definitions.values():
        prefix = f"/pipelines/{pipeline.name}"
        runs = RunList(jobs, pipelines, pipeline, f"{settings.public_url}{prefix}")
        add_routers(whole, uws_routes(prefix, runs, authenticate, resources))
    return whole


async def _read_parameters(request: Request) -> DaliParameters:
    """Read the parameters of a run: query string, form, form with files, or JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        pairs = await read_multipart(request)
    elif media_type == "application/json":
        pairs = list(_pairs(await _json_of(request)))
    else:
        return _spelt(await read_parameters(request))
    return _spelt(DaliParameters([*request.query_params.multi_items(), *pairs]))


def _spelt(parameters: DaliParameters) -> DaliParameters:
    return DaliParameters([(_SPELT.get(name, name), value) for name, value in parameters.pairs()])


async def _json_of(request: Request) -> Mapping[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise TooLargeError(f"The parameters are larger than {_LARGEST_BODY // 1_000_000} MB.")
    try:
        document = json.loads(body or b"{}")
        json.dumps(document, ensure_ascii=False).encode()  # fails where half of a surrogate pair was escaped
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("The body of the request is not valid JSON.") from error
    if not isinstance(document, dict):
        raise InvalidValueError("The parameters in JSON must be an object.")
    return document


def _pairs(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if value is None:
            continue
        if name.upper() == "INPUTS" and isinstance(value, list):
            yield from ((name, str(each)) for each in value)
        else:
            yield name, value if isinstance(value, str) else json.dumps(value)
