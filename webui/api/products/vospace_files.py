"""REST resource that attaches files of VOSpace to products."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from webui.api.bodies import NodeBody, parse_body, read_fields
from webui.api.errors import api_router
from webui.api.products.files import role_of
from webui.api.representations.products import Json, file_json
from webui.services import WebServices
from webui.vospace_import import attach_node

__all__ = ["routes"]


def routes(services: WebServices) -> APIRouter:
    """Return the route that attaches a file."""
    router = api_router("files")

    @router.post(
        "/products/{product_id}/files",
        status_code=201,
        summary="Attach a file of VOSpace, or a folder as a zip: its uri, and a role",
    )
    async def take(product_id: int, request: Request, identity: Identity = Depends(services.authenticate)) -> Json:
        identity.require(Scope.WRITE)
        body = parse_body(NodeBody, await read_fields(request))
        return await run_in_threadpool(_attach, services, identity, product_id, body)

    return router


def _attach(services: WebServices, identity: Identity, product_id: int, body: NodeBody) -> Json:
    path = services.vospace.nodes.uris.path_of(body.uri)
    file = attach_node(services, identity, product_id, role_of(body.role), path)
    product = services.products.service.get(identity, product_id)
    return file_json(services, file, product, identity)
