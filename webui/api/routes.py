"""The routes of the REST API, put together."""

from fastapi import APIRouter, Depends

from core.auth.models import Identity, Scope
from core.routes import route_class
from webui.api import accounts, columns, downloads, files, products
from webui.api.errors import error_answer
from webui.services import WebServices

__all__ = ["api_routes"]


def api_routes(services: WebServices) -> APIRouter:
    """Put the REST API together."""
    router = APIRouter(prefix="/api", route_class=route_class(error_answer))

    @router.get("", summary="What the API offers; answers only to valid credentials")
    def index(identity: Identity = Depends(services.authenticate)) -> dict[str, str]:
        identity.require(Scope.READ)
        names = ("users", "releases", "product-types", "products", "product-contents", "product-files")
        base = services.settings.public_url
        return {name: f"{base}/api/{name}/" for name in names}

    for part in (accounts, products, files, columns, downloads):
        router.include_router(part.routes(services))
    return router
