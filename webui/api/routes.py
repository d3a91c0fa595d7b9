"""The routes of the REST API, put together."""

from fastapi import APIRouter, Depends

from core.auth.models import Identity, Scope
from webui.api import accounts, compat, groups, sign_in
from webui.api.errors import api_route
from webui.api.processes import processes as pipelines
from webui.api.products import columns, downloads, files, inspections, products, provenance, sharing
from webui.api.products import prepared_downloads as archives
from webui.api.products import vospace_files as nodes
from webui.services import WebServices

__all__ = ["api_routes"]

_NAMES = (
    "users",
    "releases",
    "product-types",
    "products",
    "products-specz",
    "product-contents",
    "product-files",
    "pipelines",
    "processes",
    "groups",
    "deleted-products",
)


def api_routes(services: WebServices) -> APIRouter:
    """Put the REST API together, with the one address that today's Photo-z Server has beside it."""
    router = APIRouter(prefix="/api", route_class=api_route())

    @router.get("", summary="What the API offers; answers only to valid credentials")
    def index(identity: Identity = Depends(services.authenticate)) -> dict[str, str]:
        identity.require(Scope.READ)
        base = services.settings.public_url
        return {name: f"{base}/api/{name}/" for name in _NAMES}

    parts = (
        accounts,
        products,
        files,
        nodes,
        inspections,
        columns,
        downloads,
        archives,
        provenance,
        pipelines,
        groups,
        sharing,
        sign_in,
    )
    for part in parts:
        router.include_router(part.routes(services))
    whole = APIRouter()
    whole.include_router(router)
    whole.include_router(compat.outer_routes(services))
    return whole
