"""Attach files of VOSpace to products, without another upload."""

from core.auth.models import Identity
from products.models import FileRole, ProductFile
from vospace.models import Path
from webui.services import WebServices

__all__ = ["attach_node"]


def attach_node(services: WebServices, identity: Identity, product_id: int, role: FileRole, path: Path) -> ProductFile:
    """Attach the bytes of a node to a product, under the node's name.

    Raises
    ------
    NotFoundError
        There is no such product or node, or the caller may not read it.
    ConflictError
        The product already has such a file, or does not accept one in its present state.
    """
    services.products.uploads.check_open(identity, product_id, role)
    stored, name = services.vospace.moves.duplicate(identity, path)
    return services.products.uploads.add_file(identity, product_id, role, name, stored)
