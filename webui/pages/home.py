"""The first page: the products that the reader may see, searched, filtered, sorted and paged by a plain GET form."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from products.access import changeable
from products.models import Product, Release
from products.product_types import PRODUCT_TYPES
from products.storage import ProductQuery, ProductSize
from webui.pages.rendering import PageRenderer
from webui.services import WebServices

__all__ = ["ListFilters", "add_routes"]

_PAGE_SIZE = 25
_LAST_PAGE = 100_000
_ORDERINGS = ("display_name", "product_type", "created_at")
_NEWEST_FIRST = "-created_at"
_TYPES = {kind.name: kind.id for kind in PRODUCT_TYPES.values()}


@dataclass(frozen=True, slots=True)
class ListFilters:
    """What the reader asked the list for; what cannot be understood counts as not asked for."""

    text: str = ""
    product_type: str = ""
    release: str = ""
    official: bool = False
    mine: bool = False
    ordering: str = _NEWEST_FIRST
    page: int = 1

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "ListFilters":
        """Read the parameters of the address."""
        ordering, page = parameters.get("sort", ""), parameters.get("page", "")
        kind = parameters.get("type", "")
        return cls(
            text=parameters.get("q", "").replace("\0", "").strip()[:200],
            product_type=kind if kind in _TYPES else "",
            release=parameters.get("release", ""),
            official="official" in parameters,
            mine="mine" in parameters,
            ordering=ordering if ordering.removeprefix("-") in _ORDERINGS else _NEWEST_FIRST,
            page=max(1, min(int(page), _LAST_PAGE)) if page.isascii() and page.isdecimal() and len(page) < 9 else 1,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether some products are left out."""
        return bool(self.text or self.product_type or self.release or self.official or self.mine)

    def query(self, identity: Identity, releases: tuple[Release, ...]) -> ProductQuery:
        """Give the query that the catalogue answers."""
        chosen = tuple(release.id for release in releases if release.name == self.release)
        return ProductQuery(
            product_types=(_TYPES[self.product_type],) if self.product_type else (),
            releases=chosen,
            without_release=True if self.release == "none" else None,
            owners=(identity.user_id,) if self.mine and identity.user_id is not None else (),
            official=True if self.official else None,
            text=self.text,
            ordering=self.ordering,
            offset=(self.page - 1) * _PAGE_SIZE,
            limit=_PAGE_SIZE,
        )

    def address(self, **changes: object) -> str:
        """Give the address of this list with some of its parameters changed."""
        values: dict[str, object] = {
            "q": self.text,
            "type": self.product_type,
            "release": self.release,
            "official": 1 if self.official else "",
            "mine": 1 if self.mine else "",
            "sort": "" if self.ordering == _NEWEST_FIRST else self.ordering,
            "page": self.page if self.page > 1 else "",
        }
        kept = {key: value for key, value in (values | changes).items() if value not in {"", None}}
        return f"/?{urlencode(kept)}" if kept else "/"

    def sort_address(self, name: str) -> str:
        """Give the address that sorts by a column, or turns its order round."""
        return self.address(sort=f"-{name}" if self.ordering == name else name, page="")

    def sort_state(self, name: str) -> str:
        """Say in the words of ARIA how a column is sorted."""
        if self.ordering.removeprefix("-") != name:
            return "none"
        return "descending" if self.ordering.startswith("-") else "ascending"


@dataclass(frozen=True, slots=True)
class _ListedProduct:
    product: Product
    rows: int | None
    size: int
    may_change: bool


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the first page."""

    @router.get("/")
    def home(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        filters, releases = ListFilters.of(request.query_params), services.products.releases(identity)
        found = services.products.list(identity, filters.query(identity, releases))
        sizes = services.products.sizes(found)
        return renderer.page(
            "home.html",
            identity,
            filters=filters,
            releases=releases,
            count=found.count,
            pages=max(1, -(-found.count // _PAGE_SIZE)),
            listed=[_listed(product, sizes.get(product.id, ProductSize()), identity) for product in found.products],
        )


def _listed(product: Product, size: ProductSize, identity: Identity) -> _ListedProduct:
    return _ListedProduct(product, size.rows, size.size, changeable(identity, product))
