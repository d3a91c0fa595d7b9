"""`NodeService`: the nodes of the whole tree, with ``/products``, ``/home`` and links between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from core.auth.models import Identity, Scope
from core.errors import PermissionDeniedError
from core.files import Staging, StoredBytes
from vospace.archives import Archive, ArchiveSource, archive_members
from vospace.catalogue.changes import ProductNodeChanges, ProductWrite
from vospace.catalogue.nodes import PRODUCTS
from vospace.catalogue.tree import ProductTree, listed_part
from vospace.faults import ContainerNotFoundError, InvalidArgumentError, InvalidURIError, LinkFoundError
from vospace.home.changes import HomeChanges
from vospace.home.nodes import Homes
from vospace.home.writes import HomeWrite, HomeWrites
from vospace.models import (
    Listing,
    Node,
    NodeFile,
    NodeKind,
    NodeRequest,
    Path,
    PropertyRequest,
    public_properties,
    time_property,
    written,
)
from vospace.rights.decisions import Operation
from vospace.storage import HOME
from vospace.uris import NULL, NodeUris, chosen_name

__all__ = ["NodeService", "NodeWrite", "ResolvedPath"]

_MOST_LINKS = 20
_HOME_DEPTH = 2


class NodeWrite(Protocol):
    """Permission to write the bytes of one node."""

    @property
    def path(self) -> Path:
        """Path of the node."""

    @property
    def old(self) -> NodeFile | None:
        """Present bytes of the node."""

    @property
    def limit(self) -> int | None:
        """Maximum number of bytes, if it is known before they are stored."""


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """Path after its links were followed; ``outside`` is the URI when the last link leads to another service."""

    path: Path
    outside: str | None = None


class NodeService:
    """Service that reads, creates, changes and deletes nodes of the whole tree and their bytes.

    Parameters
    ----------
    owner, since
        Creator and date of the root, ``/home`` and ``/products``.
    """

    def __init__(
        self,
        products: ProductTree,
        product_changes: ProductNodeChanges,
        homes: Homes,
        uris: NodeUris,
        *,
        owner: str,
        since: datetime,
    ) -> None:
        self.homes = homes
        self.products = products
        self.uris = uris
        self._product_changes = product_changes
        self._home_changes = HomeChanges(homes)
        self._home_writes = HomeWrites(homes)
        self._top = {"creator": owner, "length": "0", "date": time_property(since), **public_properties(public=True)}

    # --- reading

    def resolve(self, identity: Identity, path: Path, *, last: bool) -> ResolvedPath:
        """Follow the links along a path.

        Parameters
        ----------
        last
            Whether to follow the last node as well, if it is a link.

        Raises
        ------
        LinkFoundError
            The links form a cycle, or one before the end leads to another service.
        """
        for _ in range(_MOST_LINKS):
            if path[:1] != (HOME,):
                return ResolvedPath(path)
            found = self.homes.first_link(identity, path, last=last)
            if found is None:
                return ResolvedPath(path)
            depth, target = found
            if not self.uris.is_own(target):
                if depth < len(path):
                    message = f"'{written(path)[:500]}' leads through a link to another service, '{target[:500]}'."
                    raise LinkFoundError(message)
                return ResolvedPath(path, target)
            path = (*self.uris.path_of(target), *path[depth:])
        message = f"'{written(path)[:500]}' leads through more than {_MOST_LINKS} links."
        raise LinkFoundError(message)

    def node(self, identity: Identity, path: Path, listing: Listing) -> Node:
        """Return a node, with the children in a listing if it is a container.

        Links along the path are followed, but not a link at its end.

        Raises
        ------
        NodeNotFoundError
            The node does not exist, or the caller cannot read it.
        """
        path = self.resolve(identity, path, last=False).path
        if path == ():
            tops = [Node((name,), NodeKind.CONTAINER, self._top) for name in (HOME, PRODUCTS)]
            return Node((), NodeKind.CONTAINER, self._top, listed_part(tops, listing))
        if path[0] == HOME:
            node = self.homes.node(identity, path, listing)
        else:
            node = self.products.node(identity, path, listing)
        return replace(node, properties=self._top) if len(path) == 1 else node

    def file(self, identity: Identity, path: Path) -> NodeFile:
        """Return the bytes of a data node."""
        return self.homes.file(identity, path) if path[:1] == (HOME,) else self.products.file(identity, path)

    def archive(self, identity: Identity, paths: Sequence[Path]) -> Archive:
        """Collect the files of nodes and their descendants for one archive."""
        resolved = [self.resolve(identity, path, last=True) for path in paths]
        if outside := next((found.outside for found in resolved if found.outside is not None), None):
            message = f"'{outside[:300]}' belongs to another service; it cannot be added to an archive."
            raise LinkFoundError(message)
        return archive_members(ArchiveSource(self.node, self.file), identity, [found.path for found in resolved])

    def folder(self, identity: Identity, path: Path) -> Archive | None:
        """Collect the files of a container below a home for an archive, or return None for another node.

        Raises
        ------
        NotFoundError
            The node does not exist, or the caller cannot read it.
        InvalidArgumentError
            The container has no files.
        """
        found = self.resolve(identity, path, last=True)
        if found.outside is not None or found.path[:1] != (HOME,) or len(found.path) <= _HOME_DEPTH:
            return None
        if self.node(identity, found.path, Listing(limit=0)).kind is not NodeKind.CONTAINER:
            return None
        archive = self.archive(identity, [found.path])
        if not archive.members:
            message = f"The folder '{written(path)[:300]}' has no files that you may read."
            raise InvalidArgumentError(message)
        return archive

    # --- changing

    def create(self, identity: Identity, path: Path, request: NodeRequest) -> Node:
        """Create a node without bytes; the name ``.auto`` lets the service choose one.

        Raises
        ------
        InvalidURIError
            The URI in the document is that of another node.
        """
        identity.require(Scope.WRITE)
        self._check_uri(path, request)
        path = chosen_name(path)
        if path[-1:] == (NULL,):
            message = f"'{NULL}' is a reserved name: bytes written to it are discarded, and no node can have it."
            raise InvalidURIError(message)
        self._check_place(identity, path)
        if path[0] == HOME:
            return self._home_changes.create(identity, path, request)
        return self._product_changes.create(identity, path, request)

    def change(self, identity: Identity, path: Path, request: NodeRequest) -> Node:
        """Set properties of a node."""
        identity.require(Scope.WRITE)
        self._check_uri(path, request)
        self._check_found(identity, path)
        if path[0] == HOME:
            return self._home_changes.change(identity, path, request)
        return self._product_changes.change(identity, path, request)

    def set_quota(self, identity: Identity, user: str, size: int | None) -> None:
        """Set the quota of a user's home in bytes, also before its first use; None is the default quota.

        Raises
        ------
        PermissionDeniedError
            The caller is no administrator.
        """
        path = (HOME, user)
        quota = PropertyRequest("quota", None if size is None else str(size))
        self.change(identity, path, NodeRequest(self.uris.of(path), NodeKind.CONTAINER, (quota,), None))

    def change_all(self, identity: Identity, path: Path, request: NodeRequest) -> tuple[int, int]:
        """Set properties of a node and its descendants; return the numbers of changed and of unchanged nodes."""
        self._check_found(identity, path)
        if path[0] == HOME:
            return self._home_changes.change_all(identity, path, request.properties)
        self._product_changes.change(identity, path, request)
        return 1, 0

    def check_deletable(self, identity: Identity, path: Path) -> None:
        """Check that the caller can delete a node."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            self._home_changes.check_deletable(identity, path)
        else:
            self._product_changes.check_deletable(identity, path)

    def check_movable(self, identity: Identity, path: Path) -> None:
        """Check that the caller can move a file out of its home or product."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            self._home_changes.check_deletable(identity, path, Operation.MOVE_OUT)
        else:
            self._product_changes.check_deletable(identity, path)

    def delete(self, identity: Identity, path: Path) -> None:
        """Delete a node and its descendants."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            self._home_changes.delete(identity, path)
        else:
            self._product_changes.delete(identity, path)

    def delete_all(self, identity: Identity, path: Path) -> tuple[int, int]:
        """Delete a node and its descendants where possible; return the numbers of deleted and of kept nodes."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            return self._home_changes.delete_all(identity, path)
        self._product_changes.delete(identity, path)
        return 1, 0

    # --- bytes

    def begin_write(self, identity: Identity, path: Path, size: int | None, *, upload: str = "") -> NodeWrite:
        """Check that the bytes of a node can be written, and claim it; a new node is created when they are complete.

        Parameters
        ----------
        size
            Number of bytes, if it is known.
        upload
            Id of the upload in parts that is continued.
        """
        identity.require(Scope.WRITE)
        path = chosen_name(path)
        self._check_place(identity, path)
        if path[0] == HOME:
            return self._home_writes.begin(identity, path, size, upload)
        return self._product_changes.begin(identity, path)

    def check_write(self, identity: Identity, path: Path, size: int | None) -> None:
        """Check that the bytes of a node can be written, without claiming it."""
        self.cancel(self.begin_write(identity, path, size))

    def available_bytes(self, identity: Identity, path: Path) -> int:
        """Return the maximum size of a new file in a container below ``/home``."""
        return self.homes.available_bytes(identity, path)

    def stage_new(self, identity: Identity, path: Path) -> Staging:
        """Open a staging file for a new file in a container below ``/home``."""
        return self.homes.stage_new(identity, path)

    def put_stored(self, identity: Identity, path: Path, stored: StoredBytes) -> NodeFile:
        """Write stored bytes to a node below ``/home``; they are deleted when this fails."""
        try:
            write = self.begin_write(identity, path, stored.size)
        except BaseException:
            self.homes.store.delete(stored.id)
            raise
        try:
            return self.finish(write, stored)
        except BaseException:
            self.cancel(write)
            raise

    def stage(self, write: NodeWrite) -> Staging:
        """Open a staging file for the bytes."""
        if isinstance(write, HomeWrite):
            return self._home_writes.stage(write)
        assert isinstance(write, ProductWrite)  # noqa: S101 - there are no others
        return self._product_changes.stage(write)

    def renew(self, write: NodeWrite) -> None:
        """Renew the claim on the node."""
        if isinstance(write, HomeWrite):
            self._home_writes.renew(write)

    def cancel(self, write: NodeWrite) -> None:
        """Release the node without changing it."""
        if isinstance(write, HomeWrite):
            self._home_writes.cancel(write)

    def finish(self, write: NodeWrite, stored: StoredBytes, media_type: str | None = None) -> NodeFile:
        """Replace the bytes of the node by stored ones, which are deleted when this fails."""
        if isinstance(write, HomeWrite):
            return self._home_writes.finish(write, stored, media_type)
        assert isinstance(write, ProductWrite)  # noqa: S101 - there are no others
        return self._product_changes.finish(write, stored)

    def _check_uri(self, path: Path, request: NodeRequest) -> None:
        if path not in {self.uris.path_of(request.uri), self.uris.plain_path_of(request.uri)}:
            message = f"The document has the URI '{request.uri[:300]}', but was sent to '{written(path)[:300]}'."
            raise InvalidURIError(message)

    def _check_place(self, identity: Identity, path: Path) -> None:
        """Check that nodes can be created at a path at all."""
        if len(path) < 2 or (len(path) == 2 and path[0] == HOME and not self.homes.is_own(identity, path)):
            message = f"Nothing can be created at '{written(path)[:300]}'; your home is /home/{identity.name}."
            raise PermissionDeniedError(message)
        if path[0] not in {HOME, PRODUCTS}:
            raise ContainerNotFoundError(path[:-1])

    def _check_found(self, identity: Identity, path: Path) -> None:
        identity.require(Scope.WRITE)
        if len(path) < 2:
            self.node(identity, path, Listing(limit=0))
            message = f"'{written(path)}' cannot be changed."
            raise PermissionDeniedError(message)
        if path[0] not in {HOME, PRODUCTS}:
            raise ContainerNotFoundError(path[:-1])
