"""Addresses of pages of the Photo-z Server before this one, which lead to the pages that replace them."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from core.auth.models import Identity
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["MOVED", "add_routes"]

MOVED = {
    "/oficial_products": "/products/official",
    "/user_products": "/products/user",
    "/upload": "/product/new",
    "/pz_pipelines": "/pipelines",
    "/specz_catalogs": "/run/combine_redshift_dedup",
    "/training_set_maker": "/run/training_set_maker",
    "/documentation": "/help",
    "/contact": "/about#contact",
}


def add_routes(router: APIRouter, services: WebServices, _renderer: PageRenderer) -> None:
    """Add a permanent redirect for each of these addresses."""

    def moved(request: Request, _identity: Identity = Depends(services.authenticate)) -> Response:
        return RedirectResponse(MOVED[request.url.path], 308)

    for path in MOVED:
        router.add_api_route(path, moved, methods=["GET"])
