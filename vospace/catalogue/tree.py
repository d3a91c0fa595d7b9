"""Tree of published products, ``/products/{internal_name}/{file}``, under the access rule of products."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import ColumnElement

from core.auth.models import ANONYMOUS, Identity
from core.errors import NotFoundError
from products.files.downloads import METADATA_NAME, DownloadService
from products.models import Product, ProductStatus, Visibility
from products.schema import ProductRow
from products.search.queries import ProductQuery
from products.service import ProductDetails, ProductService
from vospace.access import NodeAccess
from vospace.catalogue.nodes import (
    PRODUCTS,
    file_nodes,
    metadata_file,
    product_node,
)
from vospace.faults import InvalidArgumentError, NodeNotFoundError
from vospace.models import LazyNodes, Listing, Node, NodeFile, NodeKind, Path, SortKey, written

__all__ = ["ProductTree", "listed_part"]


class ProductTree:
    """Look-up of the nodes of products, and their bytes.

    Parameters
    ----------
    access
        Formats the identifiers of groups.
    """

    def __init__(self, products: ProductService, downloads: DownloadService, access: NodeAccess) -> None:
        self._products = products
        self._downloads = downloads
        self._group_uri = access.group_uri

    def node(self, identity: Identity, path: Path, listing: Listing) -> Node:
        """Return a node, with the children in a listing if it is a container.

        Raises
        ------
        NodeNotFoundError
            The node does not exist, or the caller cannot read it.
        """
        if path == (PRODUCTS,):
            return Node(path, NodeKind.CONTAINER, {}, self._containers(identity, listing))
        details = self.published(identity, path)
        public = details.product.id in self._public_ids([details.product])
        container = product_node(details.product, public=public, group_uri=self._group_uri)
        if len(path) == 2:
            children = () if listing.limit == 0 else listed_part(file_nodes(container, details), listing)
            return replace(container, children=children)
        for node in file_nodes(container, details):
            if node.path == path:
                return node
        raise NodeNotFoundError(path)

    def file(self, identity: Identity, path: Path) -> NodeFile:
        """Return the bytes of a data node.

        Raises
        ------
        NodeNotFoundError
            The node does not exist, or the caller cannot read it.
        InvalidArgumentError
            The node is a container.
        """
        if len(path) < 3:
            self.node(identity, path, Listing(limit=0))
            message = f"'{written(path)}' is a container and has no bytes."
            raise InvalidArgumentError(message)
        if path[-1] == METADATA_NAME:
            return metadata_file(self.published(identity, path))
        self._check_file_path(path)
        try:
            published = self._products.get(identity, path[1]).status is ProductStatus.PUBLISHED
            download = self._downloads.file(identity, path[1], path[2])
        except NotFoundError as e:
            raise NodeNotFoundError(path) from e
        if not published:
            raise NodeNotFoundError(path)
        file = download.file
        return NodeFile(
            file.name,
            file.media_type,
            file.size,
            file.md5,
            file.sha256,
            file.updated_at,
            download.read,
            file.stored_id,
            download.counted,
        )

    def _check_file_path(self, path: Path) -> None:
        if not 2 <= len(path) <= 3 or path[0] != PRODUCTS:
            raise NodeNotFoundError(path)

    def published(self, identity: Identity, path: Path) -> ProductDetails:
        """Return the published product of a path, or raise NodeNotFoundError."""
        self._check_file_path(path)
        try:
            details = self._products.details(identity, path[1])
        except NotFoundError as e:
            raise NodeNotFoundError(path) from e
        if details.product.status is not ProductStatus.PUBLISHED:
            raise NodeNotFoundError(path)
        return details

    def _containers(self, identity: Identity, listing: Listing) -> Sequence[Node]:
        """Return the containers of products; the database selects the range unless the listing is sorted."""
        if listing.limit == 0:
            return ()
        plain = listing.sort is None and not listing.descending
        conditions: tuple[ColumnElement[bool], ...] = ()
        if plain and listing.start is not None:
            # Internal names begin with the id that products are sorted by, so a page can begin at a product that was
            # deleted after the previous page was read.
            conditions = (ProductRow.id >= _number_in(listing.start),)
        query = ProductQuery(
            statuses=(ProductStatus.PUBLISHED,),
            conditions=conditions,
            ordering="id",
            limit=listing.limit if plain else None,
        )
        names = self._products.internal_names(identity, query)
        if plain and listing.brief:
            return [Node((PRODUCTS, name), NodeKind.CONTAINER) for name in names.values()]
        nodes = LazyNodes(tuple(names), partial(self._read, identity))
        return nodes if plain else listed_part(list(nodes), listing)

    def _read(self, identity: Identity, numbers: Sequence[int]) -> list[Node]:
        query = ProductQuery(statuses=(ProductStatus.PUBLISHED,), numbers=tuple(numbers), ordering="id")
        products = self._products.list(identity, query).products
        public = self._public_ids(products)
        return [product_node(p, public=p.id in public, group_uri=self._group_uri) for p in products]

    def _public_ids(self, products: Iterable[Product]) -> frozenset[int]:
        """Return the ids of the products that anonymous users can read, by visibility and by access to the release."""
        shared = [product for product in products if product.visibility is Visibility.PUBLIC and not product.is_hidden]
        doubtful = {p.id for p in shared if p.release is not None and not p.release.is_public}
        public = {product.id for product in shared} - doubtful
        if doubtful:
            query = ProductQuery(conditions=(ProductRow.id.in_(doubtful),))
            public |= {product.id for product in self._products.list(ANONYMOUS, query).products}
        return frozenset(public)


def listed_part(nodes: list[Node], listing: Listing) -> tuple[Node, ...]:
    """Sort the children of a container and select the range of a listing."""
    if listing.sort is SortKey.DATE:
        nodes = sorted(nodes, key=lambda node: node.properties["date"])
    elif listing.sort is SortKey.LENGTH:
        nodes = sorted(nodes, key=lambda node: int(node.properties.get("length", 0)))
    if listing.descending:
        nodes = nodes[::-1]
    first = 0
    if listing.start is not None:
        first = next((i for i, node in enumerate(nodes) if node.name == listing.start), -1)
        if first < 0:
            message = f"The listing cannot start at '{listing.start}': the container has no such child."
            raise InvalidArgumentError(message)
    return tuple(nodes[first:] if listing.limit is None else nodes[first : first + listing.limit])


def _number_in(internal_name: str) -> int:
    number = internal_name.partition("_")[0]
    if not (number.isascii() and number.isdecimal()) or len(number) > 18:
        message = f"The listing cannot start at '{internal_name}': this is not the name of a product."
        raise InvalidArgumentError(message)
    return int(number)
