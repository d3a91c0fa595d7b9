"""Router of the REST API."""

from fastapi import APIRouter, Depends

from core.auth.models import Identity, Scope
from core.web.routes import add_routers
from webui.api import accounts, catalogues, compat, curated, groups, sign_in
from webui.api.challenges import challenges, submissions
from webui.api.errors import api_router
from webui.api.processes import processes
from webui.api.products import (
    columns,
    downloads,
    files,
    inspections,
    partial_uploads,
    prepared_downloads,
    products,
    provenance,
    sharing,
    vospace_files,
)
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
    "challenges",
    "deleted-products",
)


def api_routes(services: WebServices) -> APIRouter:
    """Return the router of the REST API and of the one address outside of ``/api``."""
    router = api_router()

    @router.get("", summary="Addresses of the main resources; requires valid credentials")
    def index(identity: Identity = Depends(services.authenticate)) -> dict[str, str]:
        identity.require(Scope.READ)
        base = services.settings.public_url
        return {name: f"{base}/api/{name}/" for name in _NAMES}

    parts = (
        accounts,
        products,
        files,
        vospace_files,
        inspections,
        partial_uploads,
        columns,
        downloads,
        prepared_downloads,
        provenance,
        processes,
        groups,
        challenges,
        submissions,
        catalogues,
        sharing,
        curated,
        sign_in,
    )
    add_routers(router, *(part.routes(services) for part in parts), compat.outer_routes(services))
    return router
