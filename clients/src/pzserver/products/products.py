"""Lists and searches of products, with the filters of the REST API and its pages read one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, SupportsIndex

from pzserver.models import Facets, ProductType, Release
from pzserver.products.filters import FilterList, ProductFilters
from pzserver.products.product import Product
from pzserver.tables.records import RecordList

if TYPE_CHECKING:
    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection

__all__ = ["ProductList", "Products", "read_pages"]

_PAGE = 500
_PUBLISHED = "1"


class ProductList(RecordList[Product]):
    """Products in the order of the server, also by internal name."""

    _fields = ("number", "internal_name", "display_name", "product_type", "release", "owner", "created_at")
    _key = "internal_name"
    _noun = "product"


class Products:
    """Products that you may read."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._filters = ProductFilters(connection)

    def __repr__(self) -> str:
        return f"<Products of {self._connection.base_url}>"

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()  # the same for notebooks

    def __getitem__(self, key: SupportsIndex | str) -> Product:
        """Return a product by its number or internal name."""
        return Product(self._connection, self._catalogue, key)

    def __iter__(self) -> Iterator[Product]:
        return iter(self.list())

    def __len__(self) -> int:
        parameters = {"status": _PUBLISHED, "page": 1, "page_size": 1}
        return int(self._connection.json("GET", "products/", params=parameters)["count"])

    @cached_property
    def filters(self) -> FilterList:
        """Filters of lists, as the server describes them."""
        return self._filters.known

    @property
    def types(self) -> tuple[ProductType, ...]:
        """Product types, in their order."""
        return tuple(map(ProductType.from_json, self._connection.json("GET", "product-types/")["results"]))

    @property
    def releases(self) -> tuple[Release, ...]:
        """Releases that you may see."""
        return tuple(map(Release.from_json, self._connection.json("GET", "releases/")["results"]))

    def list(self, *, limit: int | None = None, **filters: object) -> ProductList:
        """List published products, newest first.

        Parameters
        ----------
        limit
            Maximum number of products; all by default.
        filters
            Those of `filters`, such as ``product_type="redshift_catalog"``, ``release=["dp1", "dp2"]``,
            ``uploaded_by="ada"``, ``rows__gte=1000`` or ``covers=(53.1, -27.8)``.

        Raises
        ------
        InvalidValueError
            The server has no such filter; nothing was sent.
        """
        parameters = self._filters.parameters(filters)
        if not {"status", "status__in"} & set(parameters):
            parameters["status"] = _PUBLISHED
        found = read_pages(self._connection, "products/", parameters, limit)
        return ProductList(Product(self._connection, self._catalogue, meta=each) for each in found)

    def search(self, text: str, *, limit: int | None = None, **filters: object) -> ProductList:
        """List the products in whose name, description, owner or columns all words occur; see `list`."""
        return self.list(limit=limit, search=text, **filters)

    def facets(self, **filters: object) -> Facets:
        """Return the values of types, releases, owners and others that the found products have, with numbers."""
        parameters = {"status": _PUBLISHED, **self._filters.parameters(filters)}
        return Facets.from_json(self._connection.json("GET", "products/facets", params=parameters))


def read_pages(
    connection: Connection, path: str, parameters: Mapping[str, str], limit: int | None = None
) -> Iterator[dict[str, object]]:
    """Yield the entries of a list of the REST API, page by page; one that moves to the next page comes once."""
    seen: set[object] = set()
    page = 1
    while limit is None or len(seen) < limit:
        sent = {**parameters, "page": str(page), "page_size": str(_PAGE)}
        found = connection.json("GET", path, params=sent)
        for each in found["results"]:
            if each["id"] not in seen and (limit is None or len(seen) < limit):
                seen.add(each["id"])
                yield each
        if page * _PAGE >= found["count"]:
            return
        page += 1
