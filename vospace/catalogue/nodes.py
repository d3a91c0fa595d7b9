"""Conversion of products and their files to nodes."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

from products.files.downloads import METADATA_NAME, metadata_yaml
from products.models import Product, ProductFile, Visibility
from products.service import ProductDetails
from vospace.access import REGISTERED
from vospace.models import READ_ONLY, Node, NodeFile, NodeKind, public_properties, time_property

__all__ = [
    "PRODUCTS",
    "file_nodes",
    "metadata_file",
    "product_node",
]

#: Name of the container of all products.
PRODUCTS = "products"

#: Properties of products and of their files that clients cannot set; owners set title, description and visibility.
_PRODUCT_READ_ONLY = READ_ONLY | {"groupread", "groupwrite", "type"}
_FILE_READ_ONLY = _PRODUCT_READ_ONLY | {"description", "ispublic", "publicread", "title"}

#: Properties that files take from their product.
_INHERITED = ("creator", "groupread", "ispublic", "publicread")
_METADATA_TYPE = "application/yaml"


def product_node(product: Product, *, public: bool, group_uri: Callable[[str], str]) -> Node:
    """Return the container of a product.

    Parameters
    ----------
    public
        Whether anonymous users can read it, by the access rule.
    group_uri
        Returns the identifier of a group.
    """
    properties = {
        "title": product.display_name,
        "creator": product.owner,
        "length": "0",
        "date": time_property(product.updated_at),
        "ctime": time_property(product.created_at),
        **public_properties(public=public),
    }
    if product.description:
        properties["description"] = product.description
    if product.is_hidden:
        pass  # no group reads it, whatever its visibility is
    elif product.visibility is Visibility.REGISTERED:
        properties["groupread"] = group_uri(REGISTERED)
    elif product.visibility is Visibility.GROUPS:
        properties["groupread"] = " ".join(map(group_uri, product.groups))
    path = (PRODUCTS, product.internal_name)
    return Node(path, NodeKind.CONTAINER, properties, read_only=_PRODUCT_READ_ONLY)


def file_nodes(container: Node, details: ProductDetails) -> list[Node]:
    """Return the data nodes of a product, sorted by name."""
    nodes = [_metadata_node(container, metadata_file(details)), *(_file_node(container, f) for f in details.files)]
    return sorted(nodes, key=lambda node: node.name)


def metadata_file(details: ProductDetails) -> NodeFile:
    """Return the metadata of a product as a file in its container."""
    content = metadata_yaml(details)

    def read(start: int, end: int) -> Iterator[bytes]:
        yield content[start:end]

    return NodeFile(
        name=METADATA_NAME,
        media_type=_METADATA_TYPE,
        size=len(content),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        modified=details.product.updated_at,
        read=read,
    )


def _metadata_node(container: Node, file: NodeFile) -> Node:
    properties = {"length": str(file.size), "MD5": file.md5, "type": file.media_type}
    return _child(container, file.name, file.modified, properties)


def _file_node(container: Node, file: ProductFile) -> Node:
    properties = {"length": str(file.size), "MD5": file.md5, "type": file.media_type, "description": file.role.label}
    return _child(container, file.name, file.updated_at, properties)


def _child(container: Node, name: str, date: datetime, properties: dict[str, str]) -> Node:
    inherited = {key: container.properties[key] for key in _INHERITED if key in container.properties}
    path, values = (*container.path, name), {**properties, "date": time_property(date), **inherited}
    return Node(path, NodeKind.UNSTRUCTURED, values, read_only=_FILE_READ_ONLY)
