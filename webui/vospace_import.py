"""Attach files and folders of VOSpace to products, without another upload."""

from core.auth.models import Identity
from core.errors import TooLargeError
from core.files import StoredBytes
from products.models import FileRole, ProductFile
from vospace.archives import Archive
from vospace.models import Path
from webui.services import WebServices

__all__ = ["attach_node"]

_MB = 1_000_000


def attach_node(services: WebServices, identity: Identity, product_id: int, role: FileRole, path: Path) -> ProductFile:
    """Attach the bytes of a node to a product, under the node's name; a folder becomes a zip of its files.

    Raises
    ------
    NotFoundError
        There is no such product or node, or the caller may not read it.
    ConflictError
        The product already has such a file, or does not accept one in its present state.
    TooLargeError
        The files of a folder are larger than a file of a product may be.
    """
    services.products.uploads.check_open(identity, product_id, role)
    folder = services.vospace.nodes.folder(identity, path)
    if folder is None:
        stored, name = services.vospace.moves.duplicate(identity, path)
    else:
        stored, name = _packed(services, identity, product_id, role, folder), f"{folder.name}.zip"
    return services.products.uploads.add_file(identity, product_id, role, name, stored)


def _packed(services: WebServices, identity: Identity, product_id: int, role: FileRole, folder: Archive) -> StoredBytes:
    uploads, size = services.products.uploads, folder.size("zip")
    if size > uploads.max_bytes:
        message = (
            f"The files of the folder '{folder.name}' have {size // _MB} MB; a file of a product has at most "
            f"{uploads.max_bytes // _MB} MB."
        )
        raise TooLargeError(message, field="file")
    with uploads.stage(identity, product_id, role, announced=size) as staging:
        for block in folder.read("zip"):
            staging.write(block)
        return staging.finish()
