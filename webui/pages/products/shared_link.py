"""Pages of a sharing link: one product and its files, for people without an account.

The secret is part of the address, so these pages send no referrer, are not cached, and are not indexed.
"""

from fastapi import APIRouter, Request, Response

from core.errors import NotFoundError
from products.files.handlers import download_answer, zip_answer
from webui.pages.products.product_view import ProductView
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the pages of a link. Credentials are ignored: the link alone gives access."""
    links, downloads = services.products.links, services.products.downloads

    @router.get("/shared/{secret}")
    def shared(secret: str) -> Response:
        visitor = links.follow(secret)
        details = services.products.service.details(visitor, _product_id(visitor.linked_product))
        return renderer.page(
            "products/shared.html",
            visitor,
            headers=_HEADERS,
            details=details,
            view=ProductView.of(details, visitor),
            here=f"/shared/{secret}",
        )

    @router.get("/shared/{secret}/zip")
    @router.head("/shared/{secret}/zip")
    def as_zip(secret: str, request: Request) -> Response:
        visitor = links.follow(secret)
        answer = zip_answer(request, downloads.zip(visitor, _product_id(visitor.linked_product)))
        answer.headers.update(_HEADERS)
        return answer

    @router.get("/shared/{secret}/files/{name}")
    @router.head("/shared/{secret}/files/{name}")
    def one_file(secret: str, name: str, request: Request) -> Response:
        visitor = links.follow(secret)
        answer = download_answer(request, downloads.file(visitor, _product_id(visitor.linked_product), name))
        answer.headers.update(_HEADERS)
        return answer


def _product_id(linked: int | None) -> int:
    if linked is None:
        message = "This link leads to no product."
        raise NotFoundError(message)
    return linked
