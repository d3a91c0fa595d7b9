"""The whole tree: ``/products`` is the catalogue, ``/home`` is people's own; links lead from anywhere to anywhere."""

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
from vospace.documents.requests import NodeRequest
from vospace.faults import ContainerNotFoundError, InvalidURIError, LinkFoundError, NodeNotFoundError
from vospace.home.changes import HomeChanges
from vospace.home.nodes import Homes
from vospace.home.writes import HomeWrite, HomeWrites
from vospace.models import Listing, Node, NodeFile, NodeKind, Path, public_properties, time_property, written
from vospace.storage import HOME
from vospace.uris import NodeUris, chosen_name

__all__ = ["NodeService", "NodeWrite", "ResolvedPath"]

_MOST_LINKS = 20


class NodeWrite(Protocol):
    """The writing of one node, from the permission to the end."""

    @property
    def path(self) -> Path:
        """The node."""

    @property
    def old(self) -> NodeFile | None:
        """The bytes that are there now."""


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """Where a path leads once its links are followed: to a node here, or to an address elsewhere."""

    path: Path
    outside: str | None = None


class NodeService:
    """Find, make, change and delete nodes of the whole tree, and read and write their bytes.

    Parameters
    ----------
    owner, since
        Creator and date of the containers that no user made.
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
        """Follow the links that a path leads through.

        Parameters
        ----------
        last
            Whether to follow the node at the end, too, when it is a link.

        Raises
        ------
        LinkFoundError
            The links lead in a circle, or through a place that is not here.
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
                    message = f"'{written(path)[:500]}' leads through a link to another place, '{target[:500]}'."
                    raise LinkFoundError(message)
                return ResolvedPath(path, target)
            path = (*self.uris.path_of(target), *path[depth:])
        message = f"'{written(path)[:500]}' leads through more than {_MOST_LINKS} links."
        raise LinkFoundError(message)

    def node(self, identity: Identity, path: Path, listing: Listing) -> Node:
        """Find a node; when it is a container, with the children that the listing asks for.

        Links on the way are followed, a link at the end is what one gets.

        Raises
        ------
        NodeNotFoundError
            In the same words whether it does not exist or may not be read.
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
        """Find the bytes of a data node."""
        return self.homes.file(identity, path) if path[:1] == (HOME,) else self.products.file(identity, path)

    def archive(self, identity: Identity, paths: Sequence[Path]) -> Archive:
        """Gather the files of nodes, and of all that lies in them, for one archive."""
        resolved = [self.resolve(identity, path, last=True) for path in paths]
        if outside := next((found.outside for found in resolved if found.outside is not None), None):
            message = f"'{outside[:300]}' is at another place; this service does not pack it."
            raise LinkFoundError(message)
        return archive_members(ArchiveSource(self.node, self.file), identity, [found.path for found in resolved])

    # --- changing

    def create(self, identity: Identity, path: Path, asked: NodeRequest) -> Node:
        """Make a node without bytes; ``.auto`` lets the service choose its name.

        Raises
        ------
        InvalidURIError
            The node says that it is another one.
        """
        identity.require(Scope.WRITE)
        self._check_uri(path, asked)
        path = chosen_name(path)
        self._check_place(identity, path)
        if path[0] == HOME:
            return self._home_changes.create(identity, path, asked)
        return self._product_changes.create(identity, path, asked)

    def change(self, identity: Identity, path: Path, asked: NodeRequest) -> Node:
        """Set properties of a node."""
        identity.require(Scope.WRITE)
        self._check_uri(path, asked)
        self._check_found(identity, path)
        if path[0] == HOME:
            return self._home_changes.change(identity, path, asked)
        return self._product_changes.change(identity, path, asked)

    def change_all(self, identity: Identity, path: Path, asked: NodeRequest) -> tuple[int, int]:
        """Set properties of a node and all that lies in it; give how many could be changed, and how many not."""
        self._check_found(identity, path)
        if path[0] == HOME:
            return self._home_changes.change_all(identity, path, asked.properties)
        self._product_changes.change(identity, path, asked)
        return 1, 0

    def check_deletable(self, identity: Identity, path: Path) -> None:
        """Raise if the caller may not delete a node."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            self._home_changes.check_deletable(identity, path)
        else:
            self._product_changes.check_deletable(identity, path)

    def delete(self, identity: Identity, path: Path) -> None:
        """Delete a node and all that lies in it."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            self._home_changes.delete(identity, path)
        else:
            self._product_changes.delete(identity, path)

    def delete_all(self, identity: Identity, path: Path) -> tuple[int, int]:
        """Delete what may be deleted of a node and all that lies in it; give how many were, and how many were not."""
        identity.require(Scope.WRITE)
        self._check_found(identity, path)
        if path[0] == HOME:
            return self._home_changes.delete_all(identity, path)
        self._product_changes.delete(identity, path)
        return 1, 0

    # --- bytes

    def begin_write(self, identity: Identity, path: Path, size: int | None) -> NodeWrite:
        """See whether the bytes of a node may be written; a node that is not there yet is made when they are whole."""
        identity.require(Scope.WRITE)
        path = chosen_name(path)
        self._check_place(identity, path)
        if path[0] == HOME:
            return self._home_writes.begin(identity, path, size)
        return self._product_changes.begin(identity, path)

    def check_write(self, identity: Identity, path: Path, size: int | None) -> None:
        """See whether the bytes of a node could be written now, without beginning to."""
        self.cancel(self.begin_write(identity, path, size))

    def room(self, identity: Identity, path: Path) -> int:
        """Return how many bytes a file in the home that a path leads to may have."""
        return self.homes.room(identity, path)

    def put_stored(self, identity: Identity, path: Path, stored: StoredBytes) -> NodeFile:
        """Return a node below ``/home`` bytes that are in their place; when that fails they are removed again."""
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
        """Make room for the bytes."""
        if isinstance(write, HomeWrite):
            return self._home_writes.stage(write)
        assert isinstance(write, ProductWrite)  # noqa: S101 - there are no others
        return self._product_changes.stage(write)

    def renew(self, write: NodeWrite) -> None:
        """Say that bytes still arrive."""
        if isinstance(write, HomeWrite):
            self._home_writes.renew(write)

    def cancel(self, write: NodeWrite) -> None:
        """End the writing without bytes."""
        if isinstance(write, HomeWrite):
            self._home_writes.cancel(write)

    def finish(self, write: NodeWrite, stored: StoredBytes, media_type: str | None = None) -> NodeFile:
        """Return the node its new bytes, which are in their place; when that fails they are removed again."""
        if isinstance(write, HomeWrite):
            return self._home_writes.finish(write, stored, media_type)
        assert isinstance(write, ProductWrite)  # noqa: S101 - there are no others
        return self._product_changes.finish(write, stored)

    def _check_uri(self, path: Path, asked: NodeRequest) -> None:
        if path not in {self.uris.path_of(asked.uri), self.uris.plain_path_of(asked.uri)}:
            message = f"The node says that it is '{asked.uri[:300]}', and was sent to '{written(path)[:300]}'."
            raise InvalidURIError(message)

    def _check_place(self, identity: Identity, path: Path) -> None:
        """Raise unless nodes can be made at a path by anybody."""
        if len(path) < 2 or (len(path) == 2 and path[0] == HOME and not self.homes.is_own(identity, path)):
            message = f"Nothing can be made at '{written(path)[:300]}'; your own place is /home/{identity.name}."
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
            raise NodeNotFoundError(path)
