"""Lists of the products that the user may see, with search, filters, facets, sorting and paging in the address."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError
from products.access import changeable
from products.models import Product
from products.search.coverage import region_of_text
from products.storage import ProductSize
from webui.pages.forms import see_other
from webui.pages.products.search_filters import PAGE_SIZE, ListFilters
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


@dataclass(frozen=True, slots=True)
class _ListedProduct:
    product: Product
    rows: int | None
    size: int
    may_change: bool


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of all products, of the official ones, and of those of users."""

    @router.get("/products")
    def all_products(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        if "official" in request.query_params:  # as this list was filtered when it was the first page
            kept = [(name, value) for name, value in request.query_params.multi_items() if name != "official"]
            return see_other(f"/products/official?{urlencode(kept)}" if kept else "/products/official")
        return _list(request, services, renderer, identity, "")

    @router.get("/products/official")
    def official_products(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        return _list(request, services, renderer, identity, "official")

    @router.get("/products/user")
    def user_products(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        return _list(request, services, renderer, identity, "user")


def _list(
    request: Request, services: WebServices, renderer: PageRenderer, identity: Identity, collection: str
) -> Response:
    filters, releases = ListFilters.of(request.query_params, collection), services.products.service.releases(identity)
    covering, position_error = _covering(services, filters.position)
    query = filters.query(identity, releases, _owner_id(services, filters.owner), covering)
    found = services.products.service.list(identity, query)
    sizes = services.products.service.sizes(found)
    return renderer.page(
        "products/list.html",
        identity,
        filters=filters,
        position_error=position_error,
        releases=releases,
        product_types=services.products.service.types(),
        facets=services.products.facets.facets(identity, query) if found.count else (),
        count=found.count,
        pages=max(1, -(-found.count // PAGE_SIZE)),
        listed=[_listed(product, sizes.get(product.id, ProductSize()), identity) for product in found.products],
    )


def _covering(services: WebServices, position: str) -> tuple[tuple[int, ...] | None, str]:
    """Return the ids of the products that cover a position, or None and what is wrong with the position."""
    if not position:
        return None, ""
    try:
        region = region_of_text(position, services.products.position_of_text)
        return services.products.coverage.overlapping(region), ""
    except InvalidValueError as e:
        return None, e.message


def _owner_id(services: WebServices, name: str) -> int | None:
    try:
        return services.accounts.service.user(name).id if name else None
    except NotFoundError:
        return None


def _listed(product: Product, size: ProductSize, identity: Identity) -> _ListedProduct:
    return _ListedProduct(product, size.rows, size.size, changeable(identity, product))
