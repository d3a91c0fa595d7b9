"""Nodes below ``/home/{user}``: found and read by those who may."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.auth.schema import UserRow
from core.database import Database, utc_now
from core.errors import PermissionDeniedError
from core.files import FileStore
from vospace.access import NodeAccess
from vospace.faults import (
    ContainerNotFoundError,
    InvalidArgumentError,
    LinkFoundError,
    NodeLockedError,
    NodeNotFoundError,
)
from vospace.home.listing import ChildrenPlace, home_children
from vospace.models import BLOCK, Listing, Node, NodeFile, NodeKind, Path, written
from vospace.schema import NodeRow
from vospace.storage import HOME, Usage, busy_names, find_chain, node_of_row, space_used
from vospace.uris import node_path

__all__ = ["EMPTY_MD5", "EMPTY_SHA256", "HomeLimits", "Homes", "own_path"]

EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_BYTES = "application/octet-stream"


def own_path(identity: Identity, path: str = "") -> Path:
    """Return the path of a node in the home of somebody who signed in, from its path in there."""
    return (HOME, identity.name or "", *node_path(path))


@dataclass(frozen=True, slots=True)
class HomeLimits:
    """What one home may hold, unless an administrator gave it another quota."""

    quota: int
    nodes: int
    file_bytes: int


class Homes:
    """Find nodes below ``/home``; the services that change them look them up here, too."""

    def __init__(self, database: Database, store: FileStore, access: NodeAccess, limits: HomeLimits) -> None:
        self.database = database
        self.store = store
        self.access = access
        self.limits = limits

    # --- reading

    def node(self, identity: Identity, path: Path, listing: Listing) -> Node:
        """Find a node; when it is a container, with the children that the listing asks for."""
        if path == (HOME,):
            return Node(path, NodeKind.CONTAINER, {}, self._homes(identity, path, listing))
        with self.database.read() as session:
            chain = find_chain(session, path)
            if not chain and self.is_own(identity, path[:2]):
                if len(path) == 2:
                    return self._unused_home(identity)
                raise NodeNotFoundError(path)
            self.check_found(identity, chain, path)
            row, parent = chain[-1], chain[-2].id if len(chain) > 1 else None
            busy = parent is not None and (parent, row.name) in busy_names(session, [parent])
            usage = space_used(session, row, self.limits.quota) if parent is None else None
            node = node_of_row(row, path, busy=busy, usage=usage)
            if node.kind is not NodeKind.CONTAINER:
                return node
            children = self._children(session, identity, chain, path, listing)
        short = listing.limit is not None and listing.limit <= BLOCK
        return Node(path, node.kind, node.properties, tuple(children) if short else children)

    def file(self, identity: Identity, path: Path) -> NodeFile:
        """Find the bytes of a data node."""
        with self.database.read() as session:
            if path == (HOME,) or self._is_unused_home(session, identity, path):
                raise InvalidArgumentError(_no_bytes(path))
            chain = find_chain(session, path)
            self.check_found(identity, chain, path)
        row = chain[-1]
        if not NodeKind(row.kind).has_bytes:
            raise InvalidArgumentError(_no_bytes(path))
        return self.file_of_row(row)

    def file_of_row(self, row: NodeRow) -> NodeFile:
        """Return the bytes of a stored data node."""
        stored = row.stored_id
        return NodeFile(
            name=row.name,
            media_type=row.media_type or _BYTES,
            size=row.size,
            md5=row.md5 or EMPTY_MD5,
            sha256=row.sha256 or EMPTY_SHA256,
            modified=row.modified_at,
            read=(lambda _start, _end: iter(())) if stored is None else functools.partial(self.store.read, stored),
            stored_id=stored,
        )

    def first_link(self, identity: Identity, path: Path, *, last: bool) -> tuple[int, str] | None:
        """Find the first link that a path leads through: how many names lead to it, and what it points to.

        Parameters
        ----------
        last
            Whether the node at the end counts as well.
        """
        with self.database.read() as session:
            chain = find_chain(session, path)
        for depth, row in enumerate(chain, start=2):
            if row.kind == NodeKind.LINK and (last or depth < len(path)):
                if not self.access.may_read(identity, chain[: depth - 1]):
                    raise NodeNotFoundError(path)
                return depth, row.target or ""
        return None

    # --- for those who change

    def is_own(self, identity: Identity, path: Path) -> bool:
        """Return whether a path is that of the caller's home."""
        return identity.name is not None and path == (HOME, identity.name)

    def check_found(self, identity: Identity, chain: Sequence[NodeRow], path: Path) -> None:
        """Raise unless a chain reaches the end of a path, and its end may be read."""
        if len(chain) != len(path) - 1 or not self.access.may_read(identity, chain):
            raise NodeNotFoundError(path)

    def container(self, session: Session, identity: Identity, path: Path) -> tuple[NodeRow, ...]:
        """Find a container in which the caller may make and remove nodes.

        Nobody else changes anything in the home until the transaction ends.

        Raises
        ------
        ContainerNotFoundError, LinkFoundError, PermissionDeniedError, NodeLockedError
            In the order in which a client should learn of them.
        """
        identity.require(Scope.WRITE)
        if len(path) < 2 or path[0] != HOME:
            message = f"Nodes can be made and removed below /home/{identity.name} and in products, not in '{path}'."
            raise PermissionDeniedError(message)
        self.prepare(session, identity, path)
        chain = find_chain(session, path, lock=True)
        links = [row for row in chain if row.kind == NodeKind.LINK]
        if links and self.access.may_read(identity, chain[: chain.index(links[0]) + 1]):
            message = f"'{written(path)[:500]}' leads through the link '{links[0].name}'; name what it points to."
            raise LinkFoundError(message)
        whole = len(chain) == len(path) - 1 and chain[-1].kind == NodeKind.CONTAINER
        if not whole or not self.access.may_read(identity, chain):
            raise ContainerNotFoundError(path)
        self.check_writable(identity, chain, path)
        return chain

    def check_writable(self, identity: Identity, chain: Sequence[NodeRow], path: Path) -> None:
        """Raise unless a node that may be read may be changed, too."""
        if not self.access.may_write(identity, chain):
            message = f"You may not change '{written(path)[:500]}': it belongs to {chain[-1].owner.name}."
            raise PermissionDeniedError(message)
        if chain[-1].is_locked:
            raise NodeLockedError(path)

    def room(self, identity: Identity, path: Path) -> int:
        """Return how many bytes a file in the home that a path leads to may have, for somebody who may write there."""
        with self.database.write() as session:
            home = self.container(session, identity, path)[0]
            usage = self.usage(session, home)
        return max(0, min(usage.quota - usage.size, self.limits.file_bytes))

    def usage(self, session: Session, home: NodeRow) -> Usage:
        """Add up what a home holds."""
        return space_used(session, home, self.limits.quota)

    def prepare(self, session: Session, identity: Identity, path: Path) -> None:
        """Make the caller's home when it is used for the first time."""
        if not self.is_own(identity, path[:2]) or find_chain(session, path[:2]):
            return
        now = utc_now()
        row = NodeRow(
            name=path[1],
            kind=NodeKind.CONTAINER,
            owner_id=identity.require(Scope.WRITE),
            created_at=now,
            modified_at=now,
            properties={},
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # another request of the same person was quicker
            session.expire_all()

    def _is_unused_home(self, session: Session, identity: Identity, path: Path) -> bool:
        return self.is_own(identity, path) and not find_chain(session, path)

    def _unused_home(self, identity: Identity) -> Node:
        """Return the home of somebody who keeps nothing yet: as it will be."""
        with self.database.read() as session:
            owner = session.scalars(select(UserRow).where(UserRow.id == identity.user_id)).one()
        row = NodeRow(
            name=owner.name,
            kind=NodeKind.CONTAINER,
            owner=owner,
            created_at=owner.created_at,
            modified_at=owner.created_at,
            is_public=False,
            group_read="",
            group_write="",
            is_locked=False,
            inherits=False,
            size=0,
            properties={},
        )
        return node_of_row(row, (HOME, owner.name), usage=Usage(0, 0, self.limits.quota))

    def _homes(self, identity: Identity, path: Path, listing: Listing) -> tuple[Node, ...]:
        """List the homes, among them the caller's also when nothing was put there yet."""
        with self.database.read() as session:
            ordered = self._children(session, identity, (), path, listing)
        children = tuple(ordered)
        if identity.name is None or any(child.name == identity.name for child in children):
            return children
        with self.database.read() as session:
            unused = self._is_unused_home(session, identity, (*path, identity.name))
        fits = listing.start is None or identity.name >= listing.start
        if not unused or not fits or listing.sort is not None or listing.descending:
            return children
        found = sorted((*children, self._unused_home(identity)), key=lambda node: node.name)
        return tuple(found[: listing.limit])

    def _children(
        self, session: Session, identity: Identity, chain: Sequence[NodeRow], path: Path, listing: Listing
    ) -> Sequence[Node]:
        if listing.limit == 0:
            return ()
        home, parent_id = (chain[0], chain[-1].id) if chain else (None, None)
        place = ChildrenPlace(path, parent_id, self.access.readable(identity, home))
        return home_children(self.database, session, place, listing)


def _no_bytes(path: Path) -> str:
    return f"'{written(path)[:500]}' is a container; only files have bytes."
