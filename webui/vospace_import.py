"""Files that lie in VOSpace become files of products, without being sent again."""

from core.auth.models import Identity
from products.models import FileRole, ProductFile
from vospace.models import Path
from webui.services import WebServices

__all__ = ["attach_node"]


def attach_node(services: WebServices, identity: Identity, product_id: int, role: FileRole, path: Path) -> ProductFile:
    """Return a product the bytes of a node, under the node's name.

    Raises
    ------
    NotFoundError
        There is no such product or node, or the caller may not know that there is.
    ConflictError
        The product has such a file already, or is not open to it.
    """
    services.products.uploads.check_open(identity, product_id, role)
    stored, name = services.vospace.moves.duplicate(identity, path)
    return services.products.uploads.add_file(identity, product_id, role, name, stored)
