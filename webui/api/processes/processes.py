"""REST resources of pipelines and of their runs, which this API calls processes."""

import json
from collections.abc import Mapping
from typing import Any

import yaml
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, NotFoundError, PermissionDeniedError
from pipelines.definitions import pipeline_by_id
from pipelines.handlers.forms import read_multipart
from pipelines.models import AnyPipeline, Run, RunRequest
from pipelines.runs.requests import parse_request, request_of_parameters
from webui.api.bodies import read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing, Paging, list_response
from webui.api.names import Names
from webui.api.parameters import Number, declared
from webui.api.processes.filters import PARAMETERS, process_query, selected
from webui.api.representations.processes import pipeline_json, process_json, processes_json
from webui.api.representations.products import Json
from webui.charts.run_report import ReportView
from webui.disclosures import run_warnings
from webui.runs import report_of, report_warnings
from webui.services import WebServices

__all__ = ["routes"]

_FROM_FORM = ("display_name", "description", "objects", "release", "output_format", "visibility")
_FIELDS = ("pipeline", "inputs", "used_config", "flags_translation_file", "rules", *_FROM_FORM)
#: Fields of the public server that have no effect on a run.
_WITHOUT_EFFECT = frozenset({"official_product", "pz_code", "release_year", "status", "user"})
_MAX_DIGITS = 18


def routes(services: WebServices) -> APIRouter:
    """Return the routes of pipelines and their runs."""
    router = api_router("pipelines")
    _add_pipelines(router, services)
    _add_processes(router, services)
    _add_results(router, services)
    return router


def _add_pipelines(router: APIRouter, services: WebServices) -> None:
    authenticate, definitions = services.authenticate, services.pipelines.definitions
    listing = Listing[AnyPipeline](
        services.settings,
        {"id": lambda pipeline: pipeline.id, "name": lambda pipeline: pipeline.name},
        lambda pipeline: (pipeline.name, pipeline.display_name, pipeline.description),
    )

    @router.get("/pipelines", summary="Pipelines that can be run", openapi_extra=listing.parameters)
    def pipelines(
        request: Request,
        name: str | None = None,
        id: Number | None = None,  # noqa: A002 - the parameter's name on the wire
        identity: Identity = Depends(authenticate),
    ) -> JSONResponse:
        identity.require(Scope.READ)
        found = (each for each in definitions.values() if name in {None, each.name} and id in {None, each.id})
        return listing.response(request, found, pipeline_json)

    @router.get("/pipelines/{number}", summary="One pipeline")
    def pipeline(number: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return pipeline_json(pipeline_by_id(number, definitions))


def _add_processes(router: APIRouter, services: WebServices) -> None:
    authenticate, pipelines = services.authenticate, services.pipelines.service

    @router.get("/processes", summary="Runs of pipelines", openapi_extra=declared(PARAMETERS))
    def processes(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        identity.require(Scope.READ)
        parameters, names = request.query_params, Names(services, identity)
        query, paging = process_query(parameters, pipelines.definitions, names), Paging.of(parameters)
        found = selected(pipelines.list(identity, query), parameters, names)
        results = processes_json(services, identity, paging.of_items(found))
        return list_response(services.settings, request, len(found), results, paging)

    @router.post("/processes", status_code=201, summary="Run a pipeline")
    async def run(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.WRITE)
        fields = await _fields(request)
        pipeline = _pipeline(fields.get("pipeline"), pipelines.definitions)
        made = await run_in_threadpool(pipelines.submit, identity, pipeline, _request(pipeline, fields))
        return await run_in_threadpool(_process, services, identity, made)

    @router.get("/processes/{number}", summary="One run of a pipeline")
    def process(number: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return _process(services, identity, pipelines.get(identity, number))

    @router.get("/processes/{number}/stop", summary="Abort a run", operation_id="stop_by_get", deprecated=True)
    @router.post("/processes/{number}/stop", summary="Abort a run")
    def stop(number: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.WRITE)
        if request.method == "GET" and "authorization" not in request.headers:
            # Clients of this API stop runs by GET; a link in a page must not be able to.
            raise PermissionDeniedError("Stopping a run by GET needs a token; use POST.")
        return process_json(services, identity, pipelines.stop(identity, number))


def _process(services: WebServices, identity: Identity, run: Run) -> Json:
    disclosed, reported = run_warnings(services, identity, run), report_warnings(services, identity, run)
    warnings = [*run.settings.ignored, *disclosed, *reported]
    return {**process_json(services, identity, run), "warnings": warnings}


def _add_results(router: APIRouter, services: WebServices) -> None:
    authenticate, pipelines = services.authenticate, services.pipelines.service

    @router.get("/processes/{number}/logs", summary="Log of a run")
    def logs(number: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        lines = "\n".join(pipelines.log(identity, number))
        return {
            "pipeline": {"filename": ["pipeline.log"], "content": lines},
            "slurm": {"filename": ["run.out", "run.err"], "content": ""},
        }

    @router.get("/processes/{number}/report", summary="Report of a run, with links to its charts")
    def report(number: int, identity: Identity = Depends(authenticate)) -> JSONResponse:
        identity.require(Scope.READ)
        run = pipelines.get(identity, number)
        found = report_of(services, identity, run.product_id)
        details = services.products.service.details(identity, run.product_id)
        pictures = ReportView.of(run.pipeline, found, details.inspection).pictures
        base = f"{services.settings.public_url}/runs/{number}/pictures"
        listed = [
            {"title": title, "url": f"{base}/{key}.svg", "media_type": "image/svg+xml"} for key, title in pictures
        ]
        return JSONResponse({**found, "pictures": listed})

    @router.get("/products/{product_id}/process_config", summary="Configuration of the pipeline that made a product")
    def process_config(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        product = services.products.service.get(identity, product_id)
        run = pipelines.of_products([product.id]).get(product.id)
        if run is None:
            return {}
        rules = run.settings.rules
        return {
            "config": run.pipeline.parameters.model_validate(dict(run.settings.param)).model_dump(mode="json"),
            **({} if rules is None else {"flag_translation": yaml.safe_load(rules)}),
        }


async def _fields(request: Request) -> Mapping[str, Any]:
    """Parse JSON, a form, or a form with a file of rules; ``inputs`` may be repeated in forms."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        return await read_fields(request)
    fields: dict[str, Any] = {}
    for name, value in await read_multipart(request):
        if name == "inputs":
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    return fields


def _pipeline(value: object, definitions: Mapping[str, AnyPipeline]) -> AnyPipeline:
    if value is None or value == "":
        raise InvalidValueError("This field is required.", field="pipeline")
    text = str(value)
    if text in definitions:
        return definitions[text]
    if not text.isdecimal() or len(text) > _MAX_DIGITS:
        raise InvalidValueError(f'Invalid pk "{text[:40]}" - object does not exist.', field="pipeline")
    try:
        return pipeline_by_id(int(text), definitions)
    except NotFoundError as error:
        raise InvalidValueError(f'Invalid pk "{text}" - object does not exist.', field="pipeline") from error


def _request(pipeline: AnyPipeline, fields: Mapping[str, Any]) -> RunRequest:
    """Parse the request for a run: its own fields, and the parameters and format of ``used_config``."""
    if unknown := sorted(fields.keys() - {*_FIELDS, *_WITHOUT_EFFECT}):
        message = f"There is no field '{unknown[0][:80]}'; the fields are {', '.join(_FIELDS)}."
        raise InvalidValueError(message, field=unknown[0][:80])
    if fields.get("display_name") in {None, ""}:
        raise InvalidValueError("This field is required.", field="display_name")
    inputs = fields.get("inputs")
    if not inputs:
        raise InvalidValueError("This list may not be empty.", field="inputs")
    given: dict[str, Any] = {name: fields[name] for name in _FROM_FORM if fields.get(name) not in {None, ""}}
    given["inputs"] = inputs if isinstance(inputs, list) else [inputs]
    config = request_of_parameters(pipeline, {"CONFIGURATION": _used_config(fields.get("used_config"))})
    given["param"] = dict(config.param)
    if config.output_format is not None:
        given.setdefault("output_format", config.output_format)
    given["rules"] = fields.get("flags_translation_file") or fields.get("rules") or None
    return parse_request(given)


def _used_config(value: object) -> str:
    """Return the configuration as text; clients send an object, or JSON in a string."""
    if value is None or value == "":
        return "{}"
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise InvalidValueError("used_config must be an object, or one written as JSON.", field="used_config")
    return json.dumps(value)
