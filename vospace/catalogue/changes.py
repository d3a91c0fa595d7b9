"""Changes of products through their nodes, by the same services and access rule as in the REST API."""

from dataclasses import dataclass
from typing import NoReturn

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, PermissionDeniedError
from core.files import Staging, StoredBytes
from products.access import require_change
from products.files.downloads import METADATA_NAME
from products.files.product_files import ProductFiles
from products.models import FileRole, Visibility
from products.service import ProductChanges, ProductDetails, ProductService
from vospace.catalogue.tree import ProductTree
from vospace.faults import (
    ContainerNotFoundError,
    DuplicateNodeError,
    InvalidArgumentError,
    InvalidURIError,
    NodeNotFoundError,
    TypeNotSupportedError,
)
from vospace.home.properties import check_read_only, parse_public
from vospace.models import Listing, Node, NodeFile, NodeRequest, Path, PropertyRequest, written
from vospace.uris import NULL

__all__ = ["ProductNodeChanges", "ProductWrite"]


@dataclass(frozen=True, slots=True)
class ProductWrite:
    """Permission to write one auxiliary file of a product."""

    identity: Identity
    path: Path
    product_id: int
    old: NodeFile | None
    limit: int | None = None


class ProductNodeChanges:
    """Service that changes and deletes products and their auxiliary files."""

    def __init__(self, tree: ProductTree, products: ProductService, files: ProductFiles) -> None:
        self._tree = tree
        self._products = products
        self._files = files

    def create(self, identity: Identity, path: Path, request: NodeRequest) -> Node:
        """Raise the error that applies: products and their files cannot be created as nodes without bytes."""
        identity.require(Scope.WRITE)
        if len(path) == 2:
            message = "Products are created with the REST API or the web pages, not as nodes."
            raise PermissionDeniedError(message)
        self._own_product(identity, path)
        if self._holds(identity, path):
            raise DuplicateNodeError(path)
        if not request.kind.has_bytes:
            message = f"A product can hold only files, not a {request.kind}."
            raise TypeNotSupportedError(message)
        message = "A file of a product cannot be created without bytes; send them with a PUT to /files."
        raise InvalidArgumentError(message)

    def change(self, identity: Identity, path: Path, request: NodeRequest) -> Node:
        """Change title, description and visibility of a product."""
        identity.require(Scope.WRITE)
        product = self._found(identity, path).product
        node = self._tree.node(identity, path, Listing(limit=0))
        require_change(identity, product)
        if node.kind.has_bytes != request.kind.has_bytes:
            message = f"'{written(path)[:500]}' is a {node.kind}; the type of a node cannot be changed."
            raise InvalidArgumentError(message)
        for item in request.properties:
            if item.name not in _CHANGEABLE or len(path) > 2:
                check_read_only(node, item)
        if len(path) == 2 and (changes := _product_changes(node, request)) is not None:
            try:
                self._products.change(identity, product.id, changes)
            except InvalidValueError as e:
                raise InvalidArgumentError(e.message) from e
        return self._tree.node(identity, path, Listing())

    def delete(self, identity: Identity, path: Path) -> None:
        """Delete a product, or one of its auxiliary files."""
        identity.require(Scope.WRITE)
        details = self._found(identity, path)
        if len(path) == 2:
            self._products.delete(identity, details.product.id)
            return
        require_change(identity, details.product)
        if path[-1] == METADATA_NAME:
            _refuse_metadata()
        for file in details.files:
            if file.name == path[-1]:
                self._files.remove_file(identity, file.id)
                return
        raise NodeNotFoundError(path)

    def check_deletable(self, identity: Identity, path: Path) -> None:
        """Check that the caller can delete a file of a product."""
        details = self._tree.published(identity, path)
        require_change(identity, details.product)
        if path[-1] == METADATA_NAME:
            _refuse_metadata()
        if any(file.name == path[-1] and file.role is FileRole.MAIN for file in details.files):
            message = "The main file of a published product cannot be deleted; delete the product instead."
            raise PermissionDeniedError(message)

    def begin(self, identity: Identity, path: Path) -> ProductWrite:
        """Check that an auxiliary file can be written."""
        identity.require(Scope.WRITE)
        if len(path) != 3:
            message = f"'{written(path)[:500]}' cannot be a file; files of a product are directly in its container."
            raise PermissionDeniedError(message)
        details = self._own_product(identity, path)
        if path[-1] == NULL:
            message = f"'{NULL}' is a reserved name, which no file of a product can have."
            raise InvalidURIError(message)
        if path[-1] == METADATA_NAME:
            _refuse_metadata()
        if any(file.name == path[-1] and file.role is FileRole.MAIN for file in details.files):
            message = "The main file of a published product cannot be replaced; create a new product for a new file."
            raise PermissionDeniedError(message)
        old = self._tree.file(identity, path) if self._holds(identity, path) else None
        return ProductWrite(identity, path, details.product.id, old)

    def stage(self, write: ProductWrite) -> Staging:
        """Open a staging file for the bytes."""
        return self._files.stage(write.identity, write.product_id, FileRole.AUXILIARY)

    def finish(self, write: ProductWrite, stored: StoredBytes) -> NodeFile:
        """Add a stored file to the product, or replace the one of the same name."""
        self._files.put_auxiliary(write.identity, write.product_id, write.path[-1], stored)
        return self._tree.file(write.identity, write.path)

    def _found(self, identity: Identity, path: Path) -> ProductDetails:
        """Return the product of a node; when it is missing, the node or its container does not exist."""
        if len(path) == 2:
            return self._tree.published(identity, path)
        try:
            return self._tree.published(identity, path[:2])
        except NodeNotFoundError as e:
            raise ContainerNotFoundError(path[:-1]) from e

    def _own_product(self, identity: Identity, path: Path) -> ProductDetails:
        try:
            details = self._tree.published(identity, path[:2])
        except NodeNotFoundError as e:
            raise ContainerNotFoundError(path[:-1]) from e
        require_change(identity, details.product)
        if len(path) > 3:
            raise ContainerNotFoundError(path[:-1])
        return details

    def _holds(self, identity: Identity, path: Path) -> bool:
        try:
            self._tree.node(identity, path, Listing(limit=0))
        except NodeNotFoundError:
            return False
        return True


_CHANGEABLE = frozenset({"description", "ispublic", "publicread", "title"})


def _product_changes(node: Node, request: NodeRequest) -> ProductChanges | None:
    """Return the changes of a product, or None if nothing changes."""
    values = {item.name: item for item in request.properties}
    held = node.properties.get("ispublic") == "true"
    public = parse_public(request.properties, held=held)
    visibility = None
    if public is not None and public != held:
        visibility = Visibility.PUBLIC if public else Visibility.REGISTERED
    changes = ProductChanges(
        display_name=_changed(node, values.get("title")),
        description=_changed(node, values.get("description")),
        visibility=visibility,
    )
    return None if changes == ProductChanges() else changes


def _changed(node: Node, item: PropertyRequest | None) -> str | None:
    if item is None or (item.value or "") == node.properties.get(item.name, ""):
        return None
    return item.value or ""


def _refuse_metadata() -> NoReturn:
    message = f"'{METADATA_NAME}' is generated by the service; it cannot be written or deleted."
    raise PermissionDeniedError(message)
