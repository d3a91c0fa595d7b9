"""REST resources of products, product types and releases."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, NotFoundError
from pipelines.models import Run
from products.attribution import AttributionChanges
from products.models import Product, ProductStatus, ProductType, Release
from products.product_types import product_type_by_name
from products.search.queries import Page, ProductQuery
from products.service import NewProduct, ProductChanges
from webui.api.bodies import ProductBody, ProductPatch, parse_body, read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing, Paging, list_response
from webui.api.names import Names
from webui.api.parameters import Number, declared
from webui.api.products.filters import (
    CONTENT_FILTER_NAMES,
    FILTER_NAMES,
    FILTERS,
    ORDERINGS,
    PARAMETERS,
    parse_region,
    product_query,
)
from webui.api.representations.disclosures import published_json, shared_json
from webui.api.representations.products import (
    Json,
    facet_json,
    main_file_json,
    product_json,
    product_type_json,
    release_json,
)
from webui.services import WebServices

__all__ = ["routes"]

_PUBLISH_SECONDS = 600
#: Fields of a change that are not passed on under their own names.
_SEPARATE = {"status", "official_product", "groups", *AttributionChanges.model_fields}


def routes(services: WebServices) -> APIRouter:
    """Return the routes of products, product types and releases."""
    router = api_router("products")
    _add_types(router, services)
    _add_releases(router, services)
    _add_lists(router, services)
    _add_products(router, services)
    _add_changes(router, services)
    return router


def _add_types(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate
    types = Listing[ProductType](
        services.settings,
        {"id": lambda kind: kind.id, "order": lambda kind: kind.order, "name": lambda kind: kind.name},
        lambda kind: (kind.name, kind.display_name, kind.description),
    )

    @router.get("/product-types", summary="Product types", openapi_extra=types.parameters)
    def product_types(
        request: Request,
        name: str | None = None,
        id: Number | None = None,  # noqa: A002 - the parameter's name on the wire
        identity: Identity = Depends(authenticate),
    ) -> JSONResponse:
        identity.require(Scope.READ)
        kinds = services.products.service.types()
        found = (kind for kind in kinds if name in {None, kind.name} and id in {None, kind.id})
        return types.response(request, found, product_type_json)

    @router.get("/product-types/{type_id}", summary="One product type")
    def one_type(type_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        for kind in services.products.service.types():
            if kind.id == type_id:
                return product_type_json(kind)
        message = f"There is no product type number {type_id}."
        raise NotFoundError(message)


def _add_releases(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate
    listing = Listing[Release](
        services.settings,
        {
            "id": lambda release: release.id,
            "name": lambda release: release.name,
            "display_name": lambda release: release.display_name.lower(),
            "created_at": lambda release: release.created_at,
        },
        lambda release: (release.name, release.display_name, release.description),
    )

    @router.get("/releases", summary="Releases", openapi_extra=listing.parameters)
    def releases(
        request: Request,
        name: str | None = None,
        id: Number | None = None,  # noqa: A002 - the parameter's name on the wire
        identity: Identity = Depends(authenticate),
    ) -> JSONResponse:
        identity.require(Scope.READ)
        groups = services.products.service.release_groups()
        found = (
            r for r in services.products.service.releases(identity) if name in {None, r.name} and id in {None, r.id}
        )
        return listing.response(request, found, lambda release: release_json(release, groups.get(release.id, ())))

    @router.get("/releases/{release_id}", summary="One release")
    def one_release(release_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        for release in services.products.service.releases(identity):
            if release.id == release_id:
                return release_json(release, services.products.service.release_groups().get(release_id, ()))
        message = f"There is no release number {release_id}."
        raise NotFoundError(message)


def _add_lists(router: APIRouter, services: WebServices) -> None:
    authenticate, products = services.authenticate, services.products.service

    def query_of(request: Request, identity: Identity) -> ProductQuery:
        parameters = request.query_params
        query = product_query(parameters, Names(services, identity))
        region = parse_region(parameters, services.products.position_of_text)
        return query if region is None else replace(query, numbers=services.products.coverage.overlapping(region))

    def answer(request: Request, identity: Identity, query: ProductQuery) -> JSONResponse:
        page, paging = products.list(identity, query), Paging.of(request.query_params)
        return list_response(services.settings, request, page.count, _listed(services, page, identity), paging)

    @router.get(
        "/products/facets",
        summary="Facets: values and counts of the products that the filters find",
        openapi_extra=declared(FILTERS),
    )
    def facets(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        found = services.products.facets.facets(identity, query_of(request, identity))
        return {facet.name: facet_json(facet) for facet in found}

    @router.get("/products", summary="List products; see OPTIONS for the filters", openapi_extra=declared(PARAMETERS))
    def list_products(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        identity.require(Scope.READ)
        return answer(request, identity, query_of(request, identity))

    @router.get(
        "/products-specz",
        summary="Published redshift catalogues, the possible inputs of pipelines",
        openapi_extra=declared(PARAMETERS),
    )
    def redshift_catalogues(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        identity.require(Scope.READ)
        kind, published = product_type_by_name("redshift_catalog").id, (ProductStatus.PUBLISHED,)
        query = query_of(request, identity)
        return answer(request, identity, replace(query, product_types=(kind,), statuses=published))

    @router.options("/products", summary="Names of the filters and orderings of the list")
    def options(identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return {
            "name": "Products",
            "filter_classes": [{"name": name} for name in FILTER_NAMES],
            "filterset": [],
            "content_filters": list(CONTENT_FILTER_NAMES),
            "search": ["display_name", "description", "user", "columns"],
            "ordering": list(ORDERINGS),
        }


def _add_products(router: APIRouter, services: WebServices) -> None:
    authenticate, products = services.authenticate, services.products.service

    @router.get("/products/pending_publication", summary="The caller's newest draft, if any")
    def pending(identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        draft = products.draft(identity)
        return {"product": None if draft is None else product_json(draft, identity)}

    @router.get("/products/{product_id}", summary="One product")
    def one(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        product = products.get(identity, product_id)
        return product_json(product, identity, _run_of(services, product))

    @router.get("/products/{product_id}/main_file_info", summary="One product, with its main file and its columns")
    def main_file_info(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        details = products.details(identity, product_id)
        run = _run_of(services, details.product)
        return {**product_json(details.product, identity, run), "main_file": main_file_json(details)}


def _run_of(services: WebServices, product: Product) -> Run | None:
    return services.pipelines.service.of_products([product.id]).get(product.id)


def _listed(services: WebServices, page: Page, identity: Identity) -> list[Json]:
    runs = services.pipelines.service.of_products([each.id for each in page.products if each.origin != "Upload"])
    return [product_json(product, identity, runs.get(product.id)) for product in page.products]


def _add_changes(router: APIRouter, services: WebServices) -> None:
    authenticate, products = services.authenticate, services.products.service

    @router.post("/products", status_code=201, summary="Create a product, as a draft")
    async def create(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(ProductBody, await read_fields(request))
        return product_json(await run_in_threadpool(_create, services, identity, body), identity)

    @router.put("/products/{product_id}", summary="Same as PATCH: omitted fields keep their values")
    @router.patch("/products/{product_id}", summary="Change a product; status 1 publishes it")
    async def change(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(ProductPatch, await read_fields(request))
        changed = await run_in_threadpool(_change, services, identity, product_id, body)
        represent = published_json if body.status == ProductStatus.PUBLISHED else shared_json
        return await run_in_threadpool(represent, services, identity, changed)

    @router.post("/products/{product_id}/publish", summary="Publish a product")
    def publish(product_id: int, identity: Identity = Depends(authenticate)) -> JSONResponse:
        product = services.products.uploads.publish(identity, product_id, seconds=_PUBLISH_SECONDS)
        done = product.status is ProductStatus.PUBLISHED
        return JSONResponse(published_json(services, identity, product), 200 if done else 202)

    @router.delete("/products/{product_id}", status_code=204, summary="Delete a product")
    def delete(product_id: int, identity: Identity = Depends(authenticate)) -> None:
        products.delete(identity, product_id)


def _create(services: WebServices, identity: Identity, body: ProductBody) -> Product:
    names = Names(services, identity)
    new = NewProduct(
        display_name=body.display_name,
        product_type=names.product_type(body.product_type),
        release=None if body.release is None else names.release(body.release),
        description=body.description or "",
        pz_code=body.pz_code,
        official=body.official_product,
        visibility=body.visibility,
        groups=tuple(body.groups),
        release_year=body.release_year,
        attribution=body.attribution,
        embargo_date=body.embargo_date,
    )
    return services.products.service.create(identity, new)


def _change(services: WebServices, identity: Identity, product_id: int, body: ProductPatch) -> Product:
    if body.status not in {None, ProductStatus.REGISTERING, ProductStatus.PUBLISHED}:
        message = f"A product's status can be set to 1 (published), not to {body.status}."
        raise InvalidValueError(message, field="status")
    values: dict[str, Any] = body.model_dump(exclude_unset=True, exclude=_SEPARATE)
    if body.release is not None:
        values["release"] = Names(services, identity).release(body.release)
    changes = ProductChanges(
        **values,
        groups=None if body.groups is None else tuple(body.groups),
        official=body.official_product,
        without_release="release" in body.model_fields_set and body.release is None,
        without_embargo="embargo_date" in body.model_fields_set and body.embargo_date is None,
        attribution=body.attribution,
    )
    product = services.products.service.change(identity, product_id, changes)
    if body.status == ProductStatus.PUBLISHED:
        product = services.products.uploads.publish(identity, product_id, seconds=_PUBLISH_SECONDS)
    return product
