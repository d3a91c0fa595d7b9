"""First page: what this server is, ways in, and the products published last."""

from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from products.models import ProductStatus
from products.search.queries import ProductQuery
from webui.pages.forms import see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_RECENT = 8
#: Parameters of the list of products, which was the first page once.
_OF_THE_LIST = frozenset(
    {"q", "type", "release", "owner", "redshifts", "rows", "area", "position", "official", "mine", "sort", "page"}
)


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the first page."""

    @router.get("/")
    def landing(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        asked = request.query_params
        if not _OF_THE_LIST.isdisjoint(asked):
            return see_other(f"/products?{urlencode(asked.multi_items())}")
        products = services.products.service
        published = (ProductStatus.PUBLISHED,)
        recent = products.list(identity, ProductQuery(statuses=published, limit=_RECENT))
        official = products.list(identity, ProductQuery(statuses=published, official=True, limit=1)).count
        return renderer.page(
            "landing.html",
            identity,
            recent=recent.products,
            official=official,
            of_users=recent.count - official,
            pipelines=len(services.pipelines.service.definitions),
        )
