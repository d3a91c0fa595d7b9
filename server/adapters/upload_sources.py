"""Upload tables that queries name by a URI, read from this VOSpace or fetched from the public internet."""

from urllib.parse import unquote

from core.auth.models import Identity
from core.errors import InvalidValueError, PhotozError
from core.files import Staging
from core.files.remote_files import RemoteFiles
from vospace.service import NodeService
from vospace.uris import node_path

__all__ = ["UploadSources"]


class UploadSources:
    """Reader of upload tables: nodes of this VOSpace as the identity of the query, other URIs from public addresses.

    Parameters
    ----------
    public_url
        Address of this server, whose own files are read without a connection.
    """

    def __init__(self, nodes: NodeService, remote: RemoteFiles, public_url: str) -> None:
        self._nodes = nodes
        self._remote = remote
        self._files_url = f"{public_url}/vospace/files/"

    def fetch(self, uri: str, identity: Identity, staging: Staging) -> None:
        """Write the bytes at a URI into a staged file.

        Raises
        ------
        InvalidValueError
            There is nothing at the address, or nothing that may be read.
        """
        if uri.lower().startswith("vos:") or uri.startswith(self._files_url):
            self._read_node(uri, identity, staging)
        else:
            self._remote.fetch(uri, staging)

    def _read_node(self, uri: str, identity: Identity, staging: Staging) -> None:
        try:
            if uri.startswith(self._files_url):
                path = uri.removeprefix(self._files_url)
                names = node_path(unquote(path), path.encode())
            else:
                names = self._nodes.uris.path_of(uri)
            file = self._nodes.file(identity, self._nodes.resolve(identity, names, last=True).path)
        except PhotozError as e:
            raise InvalidValueError(f"'{uri[:200]}' cannot be read. {e.message}", field="UPLOAD") from e
        for chunk in file.read(0, file.size):
            staging.write(chunk)
