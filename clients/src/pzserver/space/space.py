"""Client of the VOSpace of a server (VOSpace 2.1): list, read, write, move, copy, share and delete files."""

from __future__ import annotations

import os
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote, unquote

from pzserver.errors import InvalidValueError, NotFoundError, PzServerError
from pzserver.files.downloads import download
from pzserver.jobs import Job
from pzserver.space.documents import CORE, Node, node_document, read_node, transfer_document, uri_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from requests import Response

    from pzserver.connections.connection import Connection

__all__ = ["Space"]

_BLOCK = 1 << 20
_XML = {"Content-Type": "text/xml"}
_FOLDER = "ContainerNode"
_TRANSFERS = "/vospace/transfers"


class Space:
    """Files of a server's VOSpace.

    Paths begin at the root of the space: ``home/ada/x.parquet``, ``products/68_tsm/notes.txt``. ``~`` at the beginning
    is the home of the caller. URIs (``vos://…``, ``pzserver://…``) and slashes at the beginning are accepted.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._base = f"{connection.base_url}/vospace"

    def __repr__(self) -> str:
        return f"<Space {self._base}>"

    @cached_property
    def home(self) -> str:
        """Path of the caller's home."""
        return f"home/{self._connection.json('POST', 'logged_user')['username']}"

    @cached_property
    def root(self) -> str:
        """URI of the root node."""
        return self._node("", detail="min", limit="0")[1]

    def path(self, path: str | os.PathLike[str]) -> str:
        """Return a path in its normal form: no slash at its ends, no ``~``, no scheme."""
        text = os.fspath(path)
        if text.startswith("vos://"):  # node URIs are percent-encoded (VOSpace 2.1 §3.1.1)
            text = unquote(text.removeprefix("vos://").partition("/")[2])
        text = text.removeprefix("pzserver://").strip("/")
        if text == "~" or text.startswith("~/"):
            text = f"{self.home}{text[1:]}"
        return text.strip("/")

    def uri(self, path: str) -> str:
        """Return the URI of a node, ``vos://…``."""
        return uri_of(self.root, self.path(path))

    def info(self, path: str = "~") -> Node:
        """Return a node with its properties and without its children.

        Raises
        ------
        NotFoundError
            There is no such node, or you may not see it.
        """
        return self._node(self.path(path), detail="properties", limit="0")[0]

    def list(self, path: str = "~") -> tuple[Node, ...]:
        """List the nodes in a folder, or the node itself when it is not a folder."""
        node = self._node(self.path(path), detail="properties")[0]
        return node.children if node.is_folder else (node,)

    def exists(self, path: str) -> bool:
        """Return whether there is such a node, and you may see it."""
        try:
            self.info(path)
        except NotFoundError:
            return False
        return True

    def read(self, path: str, start: int | None = None, stop: int | None = None) -> bytes:
        """Return the bytes of a file, or those from ``start`` to before ``stop``."""
        if start is None and stop is None:
            return self._get(path).content
        first = start or 0
        if stop is not None and stop <= first:
            return b""
        headers = {"Range": f"bytes={first}-{'' if stop is None else stop - 1}"}
        content: bytes = self._get(path, headers=headers).content
        return content

    def blocks(self, path: str, size: int = _BLOCK) -> Iterator[bytes]:
        """Yield the bytes of a file in blocks."""
        with closing(self._get(path, stream=True)) as response:
            yield from response.iter_content(size)

    def download(
        self, path: str, to: str | os.PathLike[str] = ".", on_progress: Callable[[int, int], None] | None = None
    ) -> Path:
        """Write a file of the space to a local path or into a local folder, and return the local path.

        A download that breaks is tried again; see `pzserver.files.downloads.download`.

        Parameters
        ----------
        on_progress
            Called with the bytes so far, and all bytes.
        """
        node, target = self.info(path), Path(to)
        if node.is_folder:
            message = f"'{path}' is a folder; download its files one by one."
            raise InvalidValueError(message)
        if target.is_dir():
            target /= node.name
        url = self._address("files", self.path(path))
        return download(self._connection, url, target, size=node.size, progress=on_progress)

    def write(self, path: str, content: bytes | str | os.PathLike[str] | BinaryIO | Iterable[bytes]) -> Node:
        """Create a file or replace its bytes, and return its node.

        Parameters
        ----------
        content
            Bytes, a text, the path of a local file (as `Path`), an open file, or blocks of bytes, which are sent one
            after the other.
        """
        if isinstance(content, os.PathLike):
            with Path(content).open("rb") as file:
                return self.write(path, file)
        data = content.encode() if isinstance(content, str) else content
        self._connection.request("PUT", self._address("files", self.path(path)), data=data)
        return self.info(path)

    def mkdir(self, path: str, *, parents: bool = False) -> Node:
        """Create a folder; with ``parents``, those above it that do not exist as well.

        Raises
        ------
        RequestError
            There is such a node already, or its parent does not exist.
        """
        whole = self.path(path)
        if parents:
            names = whole.split("/")
            for count in range(3, len(names)):
                if not self.exists(above := "/".join(names[:count])):
                    self.mkdir(above)
        return self._sent("PUT", whole, node_document(self.uri(whole), _FOLDER))

    def link(self, path: str, target: str) -> Node:
        """Create a link to a node or to an address."""
        pointed = target if "://" in target else self.uri(target)
        return self._sent("PUT", path, node_document(self.uri(path), "LinkNode", target=pointed))

    def move(self, source: str, destination: str) -> None:
        """Move a file or folder; into the destination where that is a folder.

        Raises
        ------
        FailedJobError
            It cannot be moved; the message states the reason.
        """
        self._transfer(source, destination, keep=False)

    def copy(self, source: str, destination: str) -> None:
        """Copy a file or folder; into the destination where that is a folder."""
        self._transfer(source, destination, keep=True)

    def delete(self, path: str) -> None:
        """Delete a file, a link, or a folder with all that is in it."""
        self._connection.request("DELETE", self._address("nodes", self.path(path)))

    def set_properties(self, path: str, properties: Mapping[str, str | None]) -> Node:
        """Set properties, such as ``title``; those of None are deleted. Return the node."""
        node = self.info(path)
        return self._sent("POST", path, node_document(self.uri(path), node.kind, properties, target=node.target))

    def share(self, path: str, group: str | None = None, *, write: bool = False, public: bool | None = None) -> Node:
        """Let a group read a node (and write it), or everybody read it; return the node.

        Parameters
        ----------
        group
            Name of a group that you are a member of, ``registered`` for everybody with an account, or the identifier of
            a group.
        public
            Whether everybody may read the node; None leaves that as it is.
        """
        return self._set_groups(path, group, write=write, public=public, add=True)

    def unshare(self, path: str, group: str | None = None) -> Node:
        """Withdraw what `share` gave to a group; without a group, to everybody and all groups. Return the node."""
        if group is None:
            return self.set_properties(path, {"groupread": None, "groupwrite": None, "ispublic": "false"})
        return self._set_groups(path, group, write=True, public=None, add=False)

    def transfer(self, address: str, path: str) -> Job:
        """Let the server fetch a file from another one into the space; return the job, which runs (§6.3.1).

        Parameters
        ----------
        address
            An http or https URL that the server may fetch.
        """
        protocol = f"{CORE}{'httpsget' if address.startswith('https:') else 'httpget'}"
        document = transfer_document(self.uri(path), "pullToVoSpace", keep=True, endpoint=(protocol, address))
        return self._start(document)

    # --- how

    def _transfer(self, source: str, destination: str, *, keep: bool) -> None:
        target = self.path(destination)
        if destination.endswith("/") or self.exists(target):
            target = f"{target}/{self.path(source).rpartition('/')[2]}" if self.info(target).is_folder else target
        document = transfer_document(self.uri(source), self.uri(target), keep=keep)
        with self._start(document) as job:
            job.wait()

    def _start(self, document: bytes) -> Job:
        options = {"params": {"PHASE": "RUN"}, "data": document, "headers": _XML, "allow_redirects": False}
        response = self._connection.request("POST", f"{self._connection.base_url}{_TRANSFERS}", **options)
        return Job(self._connection, _TRANSFERS, response.headers["Location"].rstrip("/").rpartition("/")[2])

    def _set_groups(self, path: str, group: str | None, *, write: bool, public: bool | None, add: bool) -> Node:
        if group is None and public is None:
            message = "Name the group to share with, or say public=True."
            raise InvalidValueError(message)
        node, properties = self.info(path), {}
        if group is not None:
            identifier = group if "://" in group else f"ivo://{self._authority}/gms?{quote(group, safe='-._~')}"
            for name, old in (("groupread", node.groups_read), ("groupwrite", node.groups_write)):
                if name == "groupwrite" and not write:
                    continue
                kept = [each for each in old if each != identifier]
                properties[name] = " ".join([*kept, identifier] if add else kept)
        if public is not None:
            properties["ispublic"] = "true" if public else "false"
        return self.set_properties(path, properties)

    @property
    def _authority(self) -> str:
        return self.root.removeprefix("vos://").partition("~")[0]

    def _get(self, path: str, **options: object) -> Response:
        return self._connection.request("GET", self._address("files", self.path(path)), **options)

    def _node(self, path: str, **parameters: str) -> tuple[Node, str]:
        return _read(self._connection.request("GET", self._address("nodes", path), params=parameters))

    def _sent(self, method: str, path: str, document: bytes) -> Node:
        """Send the document of a node and return the node that the server made of it."""
        address = self._address("nodes", self.path(path))
        return _read(self._connection.request(method, address, data=document, headers=_XML))[0]

    def _address(self, part: str, path: str) -> str:
        return f"{self._base}/{part}/{quote(path, safe='/')}".rstrip("/")


def _read(response: Response) -> tuple[Node, str]:
    try:
        return read_node(response.content)
    except ValueError as e:
        raise PzServerError(str(e)) from e
