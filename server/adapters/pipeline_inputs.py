"""Input files and folders of pipeline runs, resolved from ``vos:`` addresses under the access rule of VOSpace."""

import functools
from collections.abc import Callable

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError, PhotozError
from core.files.zip_stream import zip_bytes
from pipelines.inputs.vospace_files import InputFile, InputNode
from products.sharing.audience import ANY_USER
from vospace.archives import Archive
from vospace.catalogue.nodes import PRODUCTS
from vospace.models import Path
from vospace.service import NodeService

__all__ = ["PipelineInputs"]


class PipelineInputs:
    """Resolver of input nodes for an identity.

    Parameters
    ----------
    nodes
        Returns the nodes of the VOSpace; called when an address is first looked up.
    """

    def __init__(self, nodes: Callable[[], NodeService]) -> None:
        self._make_nodes = nodes

    @property
    def _nodes(self) -> NodeService:
        return self._make_nodes()

    def check(self, address: str) -> None:
        """Check that an address belongs to this server; the service in the authority may be omitted."""
        self._own_path(address)

    def find(self, identity: Identity, address: str) -> InputNode:
        """Resolve the address of a node, with the links in its path; the service in the authority may be omitted."""
        try:
            path = self._path(identity, address)
            if path[:1] == (PRODUCTS,) and len(path) == 2:
                return InputNode(path[1], None)
            file = self._file(identity, path)
        except NotFoundError:
            raise NotFoundError(f"There is no file '{address[:300]}' that you may read.") from None
        return InputNode(path[1] if path[0] == PRODUCTS else None, file)

    def may_read(self, identity: Identity, address: str) -> bool:
        """Return whether there is a file at an address that the identity may read."""
        try:
            path = self._path(identity, address)
        except PhotozError:
            return False
        return self._reads(identity, path)

    def _own_path(self, address: str) -> Path:
        authority, _, path = address[len("vos:") :].lstrip("/").partition("/")
        uris = self._nodes.uris
        service = "" if "~" in authority or "!" in authority else f"~{uris.service}"
        uri = f"vos://{authority}{service}/{path}"
        if not uris.is_own(uri):
            raise InvalidValueError(
                f"The address '{address[:300]}' is not of this server, whose addresses begin with {uris.of(())}/."
            )
        return uris.path_of(uri)

    def _path(self, identity: Identity, address: str) -> Path:
        found = self._nodes.resolve(identity, self._own_path(address), last=True)
        if found.outside is not None:
            raise InvalidValueError(f"'{address[:300]}' is a link to another place, from which nothing is read.")
        return found.path

    def _file(self, identity: Identity, path: Path) -> InputFile:
        folder = self._nodes.folder(identity, path)
        if folder is not None:
            return self._folder(folder, path)
        file = self._nodes.file(identity, path)
        return InputFile(
            address=self._nodes.uris.of(path),
            name=file.name,
            size=file.size,
            sha256=file.sha256,
            modified=file.modified,
            stored_id=file.stored_id,
            is_open=self._reads(ANY_USER, path),
            read=file.read,
        )

    def _folder(self, folder: Archive, path: Path) -> InputFile:
        try:
            for_all = self._nodes.folder(ANY_USER, path)
        except PhotozError:
            for_all = None
        return InputFile(
            address=self._nodes.uris.of(path),
            name=f"{folder.name}.zip",
            size=folder.size("zip"),
            sha256=folder.checksum,
            modified=max(member.modified for member in folder.members),
            stored_id=None,
            is_open=for_all is not None and for_all.checksum == folder.checksum,
            read=functools.partial(zip_bytes, folder.members),
            is_folder=True,
        )

    def _reads(self, identity: Identity, path: Path) -> bool:
        try:
            if self._nodes.folder(identity, path) is None:
                self._nodes.file(identity, path)
        except PhotozError:
            return False
        return True
