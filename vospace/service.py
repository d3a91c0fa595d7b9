"""The published products seen as a tree: ``/products/{internal_name}/{file}``."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement

from core.auth.models import ANONYMOUS, Identity
from core.errors import NotFoundError
from products.downloads import METADATA_NAME, DownloadService
from products.models import Product, ProductStatus, Visibility
from products.schema import ProductRow
from products.service import ProductDetails, ProductService
from products.storage import ProductQuery
from vospace.faults import InvalidArgumentError
from vospace.models import Listing, Node, NodeFile, NodeKind, SortKey
from vospace.product_nodes import (
    PRODUCTS,
    file_nodes,
    metadata_file,
    product_node,
    public_properties,
    time_property,
)

__all__ = ["NodeService"]


class NodeService:
    """Find nodes, list containers, and give the bytes of data nodes, to those who may read the products.

    Parameters
    ----------
    authority
        IVOA authority of this service; the group of all registered users is named under it.
    owner, since
        Creator and date of the containers that no user made.
    """

    def __init__(
        self, products: ProductService, downloads: DownloadService, *, authority: str, owner: str, since: datetime
    ) -> None:
        self._products = products
        self._downloads = downloads
        self._registered = f"ivo://{authority}/gms?registered"
        self._top = {"creator": owner, "date": time_property(since), **public_properties(public=True)}

    def node(self, identity: Identity, path: tuple[str, ...], listing: Listing) -> Node:
        """Find a node; when it is a container, with the children that the listing asks for.

        Raises
        ------
        NotFoundError
            In the same words whether it does not exist or may not be read.
        """
        if path == ():
            products = Node((PRODUCTS,), NodeKind.CONTAINER, self._top)
            return Node((), NodeKind.CONTAINER, self._top, _part([products], listing))
        if path == (PRODUCTS,):
            return Node(path, NodeKind.CONTAINER, self._top, self._containers(identity, listing))
        details = self._published(identity, path)
        public = details.product.id in self._public_ids([details.product])
        container = product_node(details.product, public=public, registered=self._registered)
        if len(path) == 2:
            children = () if listing.limit == 0 else _part(file_nodes(container, details), listing)
            return replace(container, children=children)
        for node in file_nodes(container, details):
            if node.path == path:
                return node
        raise _not_found(path)

    def file(self, identity: Identity, path: tuple[str, ...]) -> NodeFile:
        """Find the bytes of a data node.

        Raises
        ------
        NotFoundError
            There is no such node, or it may not be read.
        InvalidArgumentError
            It is a container.
        """
        if len(path) < 3:
            self.node(identity, path, Listing(limit=0))
            message = f"'{_written(path)}' is a container; only files have bytes."
            raise InvalidArgumentError(message)
        if path[-1] == METADATA_NAME:
            return metadata_file(self._published(identity, path))
        self._check_file_path(path)
        try:
            published = self._products.get(identity, path[1]).status is ProductStatus.PUBLISHED
            download = self._downloads.file(identity, path[1], path[2])
        except NotFoundError as e:
            raise _not_found(path) from e
        if not published:
            raise _not_found(path)
        file = download.file
        return NodeFile(file.name, file.media_type, file.size, file.md5, file.sha256, file.created_at, download.read)

    def _check_file_path(self, path: tuple[str, ...]) -> None:
        if not 2 <= len(path) <= 3 or path[0] != PRODUCTS:
            raise _not_found(path)

    def _published(self, identity: Identity, path: tuple[str, ...]) -> ProductDetails:
        self._check_file_path(path)
        try:
            details = self._products.details(identity, path[1])
        except NotFoundError as e:
            raise _not_found(path) from e
        if details.product.status is not ProductStatus.PUBLISHED:
            raise _not_found(path)
        return details

    def _containers(self, identity: Identity, listing: Listing) -> tuple[Node, ...]:
        """Give the containers of products: the part is cut out by the database, unless it must be sorted first."""
        if listing.limit == 0:
            return ()
        plain = listing.sort is None and not listing.descending
        conditions: tuple[ColumnElement[bool], ...] = ()
        if plain and listing.start is not None:
            # The number at the beginning of an internal name orders the products, so that a page can begin at a
            # product that was deleted since the page before it was read.
            conditions = (ProductRow.id >= _number_in(listing.start),)
        query = ProductQuery(
            statuses=(ProductStatus.PUBLISHED,),
            conditions=conditions,
            ordering="id",
            limit=listing.limit if plain else None,
        )
        products = self._products.list(identity, query).products
        public = self._public_ids(products)
        nodes = [product_node(p, public=p.id in public, registered=self._registered) for p in products]
        return tuple(nodes) if plain else _part(nodes, listing)

    def _public_ids(self, products: Iterable[Product]) -> frozenset[int]:
        """Find out which products anybody may read; where their release may be closed, the access rule says."""
        shared = [product for product in products if product.visibility is Visibility.PUBLIC]
        doubtful = {p.id for p in shared if p.release is not None and not p.release.is_public}
        public = {product.id for product in shared} - doubtful
        if doubtful:
            query = ProductQuery(conditions=(ProductRow.id.in_(doubtful),))
            public |= {product.id for product in self._products.list(ANONYMOUS, query).products}
        return frozenset(public)


def _part(nodes: list[Node], listing: Listing) -> tuple[Node, ...]:
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
            message = f"The listing cannot begin at '{listing.start}': the container has no such child."
            raise InvalidArgumentError(message)
    return tuple(nodes[first:] if listing.limit is None else nodes[first : first + listing.limit])


def _number_in(internal_name: str) -> int:
    number = internal_name.partition("_")[0]
    if not (number.isascii() and number.isdecimal()) or len(number) > 18:
        message = f"The listing cannot begin at '{internal_name}': that is not the name of a product."
        raise InvalidArgumentError(message)
    return int(number)


def _not_found(path: tuple[str, ...]) -> NotFoundError:
    return NotFoundError(f"There is no node '{_written(path)}'.")


def _written(path: tuple[str, ...]) -> str:
    return "/" + "/".join(path)
