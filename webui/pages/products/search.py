"""First page: list of the products that the user may see, with search, filters, facets, sorting and paging."""

from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError
from products.access import changeable
from products.models import Product
from products.search.coverage import region_of_text
from products.storage import ProductSize
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
    """Add the list of products."""

    @router.get("/")
    def search(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        filters, releases = ListFilters.of(request.query_params), services.products.service.releases(identity)
        covering, position_error = _covering(services, filters.position)
        query = filters.query(identity, releases, _owner_id(services, filters.owner), covering)
        found = services.products.service.list(identity, query)
        sizes = services.products.service.sizes(found)
        return renderer.page(
            "products/search.html",
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
        return services.products.coverage.overlapping(region_of_text(position)), ""
    except InvalidValueError as e:
        return None, e.message


def _owner_id(services: WebServices, name: str) -> int | None:
    try:
        return services.accounts.service.user(name).id if name else None
    except NotFoundError:
        return None


def _listed(product: Product, size: ProductSize, identity: Identity) -> _ListedProduct:
    return _ListedProduct(product, size.rows, size.size, changeable(identity, product))
