"""Products and their files as nodes with properties."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from products.downloads import METADATA_NAME, metadata_yaml
from products.models import Product, ProductFile, Visibility
from products.service import ProductDetails
from vospace.models import Node, NodeFile, NodeKind

__all__ = [
    "PRODUCTS",
    "file_nodes",
    "metadata_file",
    "product_node",
    "public_properties",
    "time_property",
]

#: Name of the container of all products.
PRODUCTS = "products"

#: Properties of a product that its files share.
_INHERITED = ("creator", "groupread", "ispublic", "publicread")
_METADATA_TYPE = "application/yaml"


def time_property(time: datetime) -> str:
    """Write an instant in UTC; never with an offset, because clients of VOSpace cannot read one."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def public_properties(*, public: bool) -> dict[str, str]:
    """Say whether anybody may read: by the name of the standard, and by the one that CADC's clients read."""
    value = "true" if public else "false"
    return {"ispublic": value, "publicread": value}


def product_node(product: Product, *, public: bool, registered: str) -> Node:
    """Give the container of a product.

    Parameters
    ----------
    public
        Whether anybody may read it, as the access rule says.
    registered
        Identifier of the group of all registered users.
    """
    properties = {
        "title": product.display_name,
        "creator": product.owner,
        "date": time_property(product.updated_at),
        "ctime": time_property(product.created_at),
        **public_properties(public=public),
    }
    if product.description:
        properties["description"] = product.description
    if product.visibility is Visibility.REGISTERED:
        properties["groupread"] = registered
    return Node((PRODUCTS, product.internal_name), NodeKind.CONTAINER, properties)


def file_nodes(container: Node, details: ProductDetails) -> list[Node]:
    """Give the data nodes of a product, by name."""
    nodes = [_metadata_node(container, metadata_file(details)), *(_file_node(container, f) for f in details.files)]
    return sorted(nodes, key=lambda node: node.name)


def metadata_file(details: ProductDetails) -> NodeFile:
    """Give the description of a product as the file that stands in its container."""
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
    return _child(container, file.name, file.created_at, properties)


def _child(container: Node, name: str, date: datetime, properties: dict[str, str]) -> Node:
    inherited = {key: container.properties[key] for key in _INHERITED if key in container.properties}
    return Node((*container.path, name), NodeKind.DATA, {**properties, "date": time_property(date), **inherited})
