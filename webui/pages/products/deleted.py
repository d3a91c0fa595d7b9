"""Page of deleted products that can be restored, and of the storage that the user's products use."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from webui.addresses import product_address
from webui.pages.forms import see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of deleted products."""
    authenticate, versions = services.authenticate, services.products.versions

    @router.get("/deleted")
    def deleted(identity: Identity = Depends(authenticate)) -> Response:
        return renderer.page(
            "products/deleted.html", identity, deleted=versions.deleted(identity), usage=versions.usage(identity)
        )

    @router.post("/deleted/{product_id}/restore")
    def restore(product_id: int, identity: Identity = Depends(authenticate)) -> Response:
        return see_other(product_address(versions.restore(identity, product_id).internal_name))
