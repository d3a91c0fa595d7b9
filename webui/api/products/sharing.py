"""REST resources of sharing: co-owners, transfer, links, versions, deleted products, storage use."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import ANONYMOUS, Identity, Scope
from products.lifecycle.versions import DeletedProduct
from products.sharing.links import ProductLink
from webui.api.bodies import LinkBody, TransferBody, parse_body, read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.representations.disclosures import shared_json
from webui.api.representations.products import Json, iso, product_json
from webui.disclosures import disclosure, warnings_of
from webui.services import WebServices

__all__ = ["routes"]


def routes(services: WebServices) -> APIRouter:
    """Return the routes of sharing, versions and deleted products."""
    router = api_router("sharing")
    _add_owners(router, services)
    _add_links(router, services)
    _add_versions(router, services)
    _add_deleted(router, services)
    return router


def _add_owners(router: APIRouter, services: WebServices) -> None:
    authenticate, sharing = services.authenticate, services.products.sharing

    @router.put("/products/{product_id}/co-owners/{user}", summary="Add a co-owner")
    def add(product_id: int, user: str, identity: Identity = Depends(authenticate)) -> Json:
        product = sharing.add_co_owner(identity, product_id, user)
        return shared_json(services, identity, product, (services.accounts.service.identity_of_user(user.strip()),))

    @router.delete("/products/{product_id}/co-owners/{user}", status_code=204, summary="Remove a co-owner")
    def remove(product_id: int, user: str, identity: Identity = Depends(authenticate)) -> None:
        sharing.remove_co_owner(identity, product_id, user)

    @router.post("/products/{product_id}/transfer", summary="Transfer the product to a new owner")
    async def transfer(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(TransferBody, await read_fields(request))
        product = await run_in_threadpool(sharing.transfer, identity, product_id, body.user, stay=body.stay)
        reader = await run_in_threadpool(services.accounts.service.identity_of_user, body.user.strip())
        return await run_in_threadpool(shared_json, services, identity, product, (reader,))


def _add_links(router: APIRouter, services: WebServices) -> None:
    authenticate, links = services.authenticate, services.products.links
    listing = Listing[ProductLink](
        services.settings,
        {"id": lambda link: link.id, "created_at": lambda link: link.created_at},
        lambda link: (link.note, link.made_by),
    )

    @router.get(
        "/products/{product_id}/links",
        summary="Valid links to the product, without their secrets",
        openapi_extra=listing.parameters,
    )
    def list_links(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        return listing.response(request, links.links(identity, product_id), _link_json)

    @router.post(
        "/products/{product_id}/links",
        status_code=201,
        summary="Create a link for people without an account; it is returned only once",
    )
    async def make(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(LinkBody, await read_fields(request))
        issued = await run_in_threadpool(links.make, identity, product_id, days=body.days, note=body.note)
        product = await run_in_threadpool(services.products.service.get, identity, product_id)
        found = await run_in_threadpool(disclosure, services, identity, product, (ANONYMOUS,))
        url = f"{services.settings.public_url}/shared/{issued.secret}"
        return {**_link_json(issued.link), "url": url, "warnings": warnings_of(found)}

    @router.delete("/products/{product_id}/links/{link_id}", status_code=204, summary="Revoke a link")
    def revoke(product_id: int, link_id: int, identity: Identity = Depends(authenticate)) -> None:
        links.revoke(identity, product_id, link_id)


def _add_versions(router: APIRouter, services: WebServices) -> None:
    authenticate, lifecycle = services.authenticate, services.products.versions

    @router.get("/products/{product_id}/versions", summary="Previous and newer versions")
    def versions(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        found = lifecycle.versions(identity, services.products.service.get(identity, product_id))
        return {
            "previous": None if found.previous is None else product_json(found.previous, identity),
            "newer": [product_json(product, identity) for product in found.newer],
        }

    @router.post("/products/{product_id}/new_version", status_code=201, summary="Create a new version, as a draft")
    def new_version(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        return product_json(lifecycle.new_version(identity, product_id), identity)


def _add_deleted(router: APIRouter, services: WebServices) -> None:
    authenticate, lifecycle = services.authenticate, services.products.versions
    listing = Listing[DeletedProduct](
        services.settings,
        {"id": lambda item: item.product.id, "deleted_at": lambda item: item.deleted_at},
        lambda item: (item.product.display_name, item.product.description),
    )

    @router.get(
        "/deleted-products",
        summary="The caller's deleted products that can be restored",
        openapi_extra=listing.parameters,
    )
    def deleted(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        return listing.response(request, lifecycle.deleted(identity), lambda item: _deleted_json(item, identity))

    @router.post("/deleted-products/{product_id}/restore", summary="Restore a deleted product")
    def restore(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        return product_json(lifecycle.restore(identity, product_id), identity)

    @router.get("/usage", summary="Storage that the caller uses, and the quota")
    def usage(identity: Identity = Depends(authenticate)) -> Json:
        found = lifecycle.usage(identity)
        return {"products": found.products, "used_bytes": found.used, "quota_bytes": found.quota}


def _link_json(link: ProductLink) -> Json:
    return {
        "id": link.id,
        "note": link.note,
        "made_by": link.made_by,
        "created_at": iso(link.created_at),
        "expires_at": iso(link.expires_at),
        "last_used_at": iso(link.last_used_at),
    }


def _deleted_json(item: DeletedProduct, identity: Identity) -> Json:
    return {
        **product_json(item.product, identity),
        "can_update": False,
        "can_delete": False,
        "deleted_at": iso(item.deleted_at),
        "restorable_until": iso(item.until),
    }
