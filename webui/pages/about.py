"""Pages about the service and about its VOSpace, with the addresses for VO clients."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from webui.library_wheel import library_wheel
from webui.pages.library import FOLDER
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the pages about the service and about its VOSpace."""

    @router.get("/about")
    def about(identity: Identity = Depends(services.authenticate)) -> Response:
        wheel = library_wheel()
        return renderer.page(
            "about.html",
            identity,
            limit=services.settings.max_upload_bytes,
            wheel=None if wheel is None else f"{FOLDER}/{wheel.file_name}",
        )

    @router.get("/vospace")
    @router.get("/vospace/")
    def vospace(identity: Identity = Depends(services.authenticate)) -> Response:
        return renderer.page("vospace.html", identity, authority=services.settings.authority)
