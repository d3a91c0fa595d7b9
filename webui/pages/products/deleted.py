"""Deleted products that can be restored, and how much room the reader's products take."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from webui.addresses import product_address
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of deleted products."""
    authenticate, life = services.authenticate, services.products.versions

    @router.get("/deleted")
    def deleted(identity: Identity = Depends(authenticate)) -> Response:
        return renderer.page(
            "products/deleted.html", identity, deleted=life.deleted(identity), usage=life.usage(identity)
        )

    @router.post("/deleted/{product_id}/restore")
    def restore(product_id: int, identity: Identity = Depends(authenticate)) -> Response:
        return see_other(product_address(life.restore(identity, product_id).internal_name))
