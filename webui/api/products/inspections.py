"""REST resources of inspections: start, progress, results. Blocking requests hold no thread."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse

from core.auth.models import Identity, Scope
from core.errors import NotFoundError, PermissionDeniedError, UnreadableFileError
from products.adjustments.options import TableOptions
from products.models import InspectionState, Product
from uws import UnknownJobError
from uws.handlers import job_events, job_states
from webui.api.bodies import read_fields
from webui.api.errors import api_router
from webui.api.lists import PAGING, Paging
from webui.api.parameters import declared
from webui.api.representations.products import Json, inspection_json, product_json
from webui.services import WebServices

__all__ = ["routes"]

_MAX_WAIT_SECONDS = 60.0
_REGISTRY_SECONDS = 900.0
_PAUSE_SECONDS = 0.2


def routes(services: WebServices) -> APIRouter:
    """Return the routes of inspections."""
    router = api_router("files")
    _add_inspection(router, services)
    _add_registry(router, services)
    _add_found(router, services)
    return router


def _add_inspection(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate

    @router.post("/products/{product_id}/inspect", status_code=202, summary="Start the inspection of the main file")
    def inspect(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        services.products.uploads.inspect(identity, product_id)
        return _inspection(services, identity, product_id)

    @router.get("/products/{product_id}/table-options", summary="How the table is taken from the main file")
    def table_options(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return services.products.service.details(identity, product_id).options.to_object()

    @router.put(
        "/products/{product_id}/table-options",
        status_code=202,
        summary="Choose how the table is taken from the main file, which is then inspected again",
    )
    async def take_table(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        options = TableOptions.from_object(await read_fields(request))
        await run_in_threadpool(services.products.uploads.take_table, identity, product_id, options)
        return await run_in_threadpool(_inspection, services, identity, product_id)

    @router.get("/products/{product_id}/inspection", summary="Progress and results of the inspection")
    async def inspection(
        product_id: int, request: Request, wait: float = 0, identity: Identity = Depends(authenticate)
    ) -> Json:
        identity.require(Scope.READ)
        if wait > 0:
            await _inspected(services, identity, product_id, min(wait, _MAX_WAIT_SECONDS), request)
        return await run_in_threadpool(_inspection, services, identity, product_id)

    @router.get("/products/{product_id}/inspection/events", summary="Progress of the inspection, as server-sent events")
    async def events(product_id: int, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.READ)
        product = await run_in_threadpool(services.products.service.get, identity, product_id)
        stream = (
            _no_events()
            if product.inspection_job is None
            else job_events(services.jobs, product.inspection_job, owner=product.owner)
        )
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _add_registry(router: APIRouter, services: WebServices) -> None:
    @router.get(
        "/products/{product_id}/registry",
        summary="Inspect and wait for the end",
        operation_id="registry_by_get",
        deprecated=True,
    )
    @router.post("/products/{product_id}/registry", summary="Inspect and wait for the end")
    async def registry(
        product_id: int, request: Request, identity: Identity = Depends(services.authenticate)
    ) -> JSONResponse:
        identity.require(Scope.WRITE)
        if request.method == "GET" and "authorization" not in request.headers:
            # Clients of this API start the inspection by GET; a link in a page must not be able to.
            message = "Starting an inspection by GET needs a token; use POST."
            raise PermissionDeniedError(message)
        await run_in_threadpool(services.products.uploads.inspect, identity, product_id)
        product = await _inspected(services, identity, product_id, _REGISTRY_SECONDS, request)
        if product.inspection_state is InspectionState.FAILED:
            message = product.inspection_error or "The main file cannot be read."
            return JSONResponse({"error": message, "detail": message, "code": UnreadableFileError.code}, 422)
        return JSONResponse(await run_in_threadpool(product_json, product, identity))


def _add_found(router: APIRouter, services: WebServices) -> None:
    @router.get(
        "/products/{product_id}/read_data", summary="The first rows of the table", openapi_extra=declared(PAGING)
    )
    def read_data(
        product_id: int, request: Request, identity: Identity = Depends(services.authenticate)
    ) -> JSONResponse:
        identity.require(Scope.READ)
        inspection = services.products.service.details(identity, product_id).inspection
        preview = None if inspection is None else json.loads(inspection).get("preview")
        if preview is None:
            message = "This product has no table to show."
            raise NotFoundError(message)
        columns, paging = list(preview), Paging.of(request.query_params)
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*preview.values(), strict=True)]
        paging.check(len(rows))
        return JSONResponse({"count": len(rows), "columns": columns, "results": paging.of_items(rows)})


async def _inspected(
    services: WebServices, identity: Identity, product_id: int, seconds: float, request: Request
) -> Product:
    """Wait for the end of an inspection, a timeout or a disconnect, then return the product."""
    deadline = time.monotonic() + seconds
    while True:
        product = await run_in_threadpool(services.products.service.get, identity, product_id)
        left = deadline - time.monotonic()
        running = product.inspection_state is InspectionState.RUNNING and product.inspection_job is not None
        if not running or left <= 0 or services.jobs.notifier.is_closed or await request.is_disconnected():
            return product
        await _job_ended(services, product, left, request)


async def _job_ended(services: WebServices, product: Product, seconds: float, request: Request) -> None:
    states = job_states(services.jobs, product.inspection_job or "", owner=product.owner, seconds=seconds)
    try:
        async with aclosing(states):
            async for job in states:
                if not job.phase.ended and await request.is_disconnected():
                    return
    except UnknownJobError:  # the sweep will set the state of the product
        pass
    await asyncio.sleep(_PAUSE_SECONDS)  # the state of the product is stored shortly after the end of the job


async def _no_events() -> AsyncIterator[bytes]:
    yield b"event: removed\ndata: {}\n\n"


def _inspection(services: WebServices, identity: Identity, product_id: int) -> Json:
    details = services.products.service.details(identity, product_id)
    product = details.product
    progress: Json = {}
    if product.inspection_state is InspectionState.RUNNING and product.inspection_job:
        job = services.jobs.get(product.inspection_job, owner=product.owner)
        progress = {"progress": job.progress, "message": job.message, "phase": job.phase}
    return inspection_json(details, progress)
