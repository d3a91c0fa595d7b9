"""REST resources of survey catalogues, for administrators."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.administration import require_admin
from core.auth.models import Identity
from tap.metadata.survey_catalogues.models import CatalogueValues, SurveyCatalogue
from webui.api.bodies import CatalogueBody, CataloguePatch, parse_body, read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.representations.products import Json, iso
from webui.services import WebServices

__all__ = ["catalogue_json", "routes"]


def routes(services: WebServices) -> APIRouter:
    """Return the routes of survey catalogues."""
    router = api_router("catalogues")
    _add_list(router, services)
    _add_single(router, services)
    return router


def catalogue_json(catalogue: SurveyCatalogue) -> Json:
    """Return a catalogue as administrators see it."""
    return {
        "name": catalogue.name,
        "table": catalogue.full_name,
        "url": catalogue.url,
        "description": catalogue.description,
        "visibility": catalogue.visibility,
        "groups": list(catalogue.groups),
        "release": catalogue.release,
        "rows": catalogue.rows,
        "bytes": catalogue.bytes,
        "partitions": catalogue.partitions,
        "columns": len(catalogue.columns),
        "position": list(catalogue.position or ()),
        "indexes": sorted(catalogue.indexes),
        "left_out": list(catalogue.left_out),
        "created_at": iso(catalogue.added_at),
        "refreshed_at": iso(catalogue.refreshed_at),
    }


def _add_list(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate
    listing = Listing[SurveyCatalogue](
        services.settings,
        {"name": lambda each: each.name, "rows": lambda each: each.rows, "created_at": lambda each: each.added_at},
        lambda each: (each.name, each.url, each.description),
    )

    @router.get(
        "/catalogues",
        summary="The survey catalogues that are tables of the schema hats",
        openapi_extra=listing.parameters,
    )
    def list_catalogues(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        return listing.response(request, services.tap.catalogues.all(identity), catalogue_json)

    @router.post("/catalogues", status_code=201, summary="Register a survey catalogue")
    async def add(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        require_admin(identity)
        body = parse_body(CatalogueBody, await read_fields(request))
        values = CatalogueValues(
            body.description, body.visibility, tuple(body.groups), body.ra, body.dec, body.metadata, body.release or ""
        )
        add = services.tap.catalogues.add
        return catalogue_json(await run_in_threadpool(add, identity, body.name, body.url, values))


def _add_single(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate

    @router.get("/catalogues/{name}", summary="One survey catalogue")
    def one(name: str, identity: Identity = Depends(authenticate)) -> Json:
        return catalogue_json(services.tap.catalogues.find(identity, name))

    @router.patch("/catalogues/{name}", summary="Change the description of a survey catalogue and who may read it")
    async def change(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        require_admin(identity)
        body = parse_body(CataloguePatch, await read_fields(request))
        return catalogue_json(await run_in_threadpool(_change, services, identity, name, body))

    @router.post("/catalogues/{name}/refresh", summary="Read the metadata of a survey catalogue again")
    def refresh(name: str, identity: Identity = Depends(authenticate)) -> Json:
        return catalogue_json(services.tap.catalogues.refresh(identity, name))

    @router.delete("/catalogues/{name}", status_code=204, summary="Remove the table of a survey catalogue")
    def remove(name: str, identity: Identity = Depends(authenticate)) -> None:
        services.tap.catalogues.remove(identity, name)


def _change(services: WebServices, identity: Identity, name: str, body: CataloguePatch) -> SurveyCatalogue:
    known = services.tap.catalogues.find(identity, name)
    values = CatalogueValues(known.description, known.visibility, known.groups, release=known.release)
    if body.description is not None:
        values = replace(values, description=body.description)
    if body.visibility is not None:
        values = replace(values, visibility=body.visibility)
    if body.groups is not None:
        values = replace(values, groups=tuple(body.groups))
    if "release" in body.model_fields_set:
        values = replace(values, release=body.release or "")
    return services.tap.catalogues.change(identity, name, values)
