"""Page about the service, with the addresses for VO clients."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page about the service."""

    @router.get("/about")
    def about(identity: Identity = Depends(services.authenticate)) -> Response:
        return renderer.page("about.html", identity, limit=services.settings.max_upload_bytes)
