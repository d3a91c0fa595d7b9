"""Look-up of nodes below ``/home/{user}``, and their bytes."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.auth.schema import UserRow
from core.database import Database, utc_now
from core.errors import PermissionDeniedError
from core.files import FileStore, Staging
from core.files.partial.storage import arriving_bytes
from vospace.access import NodeAccess
from vospace.faults import (
    ContainerNotFoundError,
    DuplicateNodeError,
    InvalidArgumentError,
    LinkFoundError,
    NodeLockedError,
    NodeNotFoundError,
)
from vospace.home.listing import ChildrenQuery, home_children
from vospace.models import BLOCK, Listing, Node, NodeFile, NodeKind, Path, written
from vospace.rights.decisions import RULES, Decision, Operation, decide
from vospace.schema import NodeRow
from vospace.storage import HOME, Usage, busy_names, child_row, find_chain, node_of_row, usage_of_home
from vospace.uris import node_path

__all__ = ["EMPTY_MD5", "EMPTY_SHA256", "HomeLimits", "Homes", "account_of", "own_path"]

EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_BYTES = "application/octet-stream"


def own_path(identity: Identity, path: str = "") -> Path:
    """Return the path of a node in the caller's home, from its path relative to the home."""
    return (HOME, identity.name or "", *node_path(path))


@dataclass(frozen=True, slots=True)
class HomeLimits:
    """Default limits of a home: bytes (unless an administrator set another quota), nodes, bytes per file."""

    quota: int
    nodes: int
    file_bytes: int


class Homes:
    """Look-up of nodes below ``/home``, for reading and for the services that change them."""

    def __init__(self, database: Database, store: FileStore, access: NodeAccess, limits: HomeLimits) -> None:
        self.database = database
        self.store = store
        self.access = access
        self.limits = limits

    # --- reading

    def node(self, identity: Identity, path: Path, listing: Listing) -> Node:
        """Return a node, with the children in a listing if it is a container."""
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
            usage = self.usage(session, row) if parent is None else None
            node = node_of_row(row, path, busy=busy, usage=usage)
            if node.kind is not NodeKind.CONTAINER:
                return node
            children = self._children(session, identity, chain, path, listing)
        short = listing.limit is not None and listing.limit <= BLOCK
        return Node(path, node.kind, node.properties, tuple(children) if short else children)

    def file(self, identity: Identity, path: Path) -> NodeFile:
        """Return the bytes of a data node."""
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
        """Return the first link along a path, as the number of names up to it and its target.

        Parameters
        ----------
        last
            Whether the last node of the path is considered as well.
        """
        with self.database.read() as session:
            chain = find_chain(session, path)
        for depth, row in enumerate(chain, start=2):
            if row.kind == NodeKind.LINK and (last or depth < len(path)):
                if not self.access.may_read(identity, chain[: depth - 1]):
                    raise NodeNotFoundError(path)
                return depth, row.target or ""
        return None

    # --- for changes

    def is_own(self, identity: Identity, path: Path) -> bool:
        """Return whether a path is the caller's home."""
        return identity.name is not None and path == (HOME, identity.name)

    def check_found(self, identity: Identity, chain: Sequence[NodeRow], path: Path) -> None:
        """Check that a chain reaches the end of a path and that its last node is readable."""
        if len(chain) != len(path) - 1 or not self.access.may_read(identity, chain):
            raise NodeNotFoundError(path)

    def check_reached(self, identity: Identity, chain: Sequence[NodeRow], path: Path) -> None:
        """Check that a node to be changed can be read, and its container as well.

        Raises
        ------
        ContainerNotFoundError
            A container above the node does not exist or is not readable.
        NodeNotFoundError
            The node does not exist or is not readable.
        """
        above = len(path) - 2
        if above > 0:
            whole = len(chain) >= above and chain[above - 1].kind == NodeKind.CONTAINER
            if not whole or not self.access.may_read(identity, chain[:above]):
                raise ContainerNotFoundError(path[:-1])
        self.check_found(identity, chain, path)

    def check_allowed(
        self,
        identity: Identity,
        operation: Operation,
        chain: Sequence[NodeRow],
        path: Path,
        rows: Iterable[NodeRow] = (),
    ) -> None:
        """Check that the caller may do something with the last node of a chain.

        Parameters
        ----------
        rows
            All nodes below it, for operations that need a right on them.

        Raises
        ------
        NodeNotFoundError
            The node or a container above it is hidden from the caller.
        PermissionDeniedError
            The caller has not the right that the operation needs, on the node, its container or a node below it.
        """
        decision = self.access.decide(identity, operation, chain, rows)
        if decision is Decision.HIDDEN:
            raise NodeNotFoundError(path)
        if decision is Decision.DENIED:
            message = f"You may not change '{written(path)[:500]}': to {operation}, you need {RULES[operation]}."
            raise PermissionDeniedError(message)

    def check_free(self, session: Session, identity: Identity, chain: Sequence[NodeRow], path: Path) -> None:
        """Check that a container has no node with the last name of a path.

        Raises
        ------
        DuplicateNodeError
            It has one.
        NodeNotFoundError
            It has one that is hidden from the caller.
        """
        row = child_row(session, chain[-1].id, path[-1])
        if row is not None:
            self.check_allowed(identity, Operation.READ, (*chain, row), path)
            raise DuplicateNodeError(path)

    def container(self, session: Session, identity: Identity, path: Path) -> tuple[NodeRow, ...]:
        """Return the chain of a container in which the caller can create and delete nodes; its home is locked.

        The lock lasts until the transaction ends.

        Raises
        ------
        LinkFoundError
            The path leads through a link.
        ContainerNotFoundError
            The container does not exist or is not readable.
        PermissionDeniedError, NodeLockedError
            The container cannot be changed.
        """
        identity.require(Scope.WRITE)
        if len(path) < 2 or path[0] != HOME:
            message = f"Nodes can be created below /home/{identity.name} and in products, not in '{written(path)}'."
            raise PermissionDeniedError(message)
        self.prepare(session, identity, path)
        chain = find_chain(session, path, lock=True)
        links = [row for row in chain if row.kind == NodeKind.LINK]
        if links and self.access.may_read(identity, chain[: chain.index(links[0]) + 1]):
            message = f"'{written(path)[:500]}' leads through the link '{links[0].name}'; use the path of its target."
            raise LinkFoundError(message)
        whole = len(chain) == len(path) - 1 and chain[-1].kind == NodeKind.CONTAINER
        if not whole or not self.access.may_read(identity, chain):
            raise ContainerNotFoundError(path)
        if decide(Operation.CREATE, self.access.right(identity, chain), None) is not Decision.ALLOWED:
            message = f"You may not change '{written(path)[:500]}': it belongs to {chain[-1].owner.name}."
            raise PermissionDeniedError(message)
        if chain[-1].is_locked:
            raise NodeLockedError(path)
        return chain

    def available_bytes(self, identity: Identity, path: Path) -> int:
        """Return the maximum size of a new file in a container that the caller can change."""
        return self._available(identity, path)[0]

    def stage_new(self, identity: Identity, path: Path) -> Staging:
        """Open a staging file for a new file in a container that the caller can change; it counts in the quota."""
        free, home = self._available(identity, path)
        return self.store.stage(limit=free, account=account_of(home))

    def usage(self, session: Session, home: NodeRow, *, without: str = "") -> Usage:
        """Return the bytes and nodes in a home; bytes of uploads that have begun count, too.

        Parameters
        ----------
        without
            Id of an upload in parts that is not counted.
        """
        stored = usage_of_home(session, home, self.limits.quota)
        account = account_of(home)
        arrived = self.store.staged_bytes(account, without=without) + arriving_bytes(session, account, without=without)
        return replace(stored, size=stored.size + arrived)

    def _available(self, identity: Identity, path: Path) -> tuple[int, NodeRow]:
        """Return the bytes that a file in a container can have, and the home."""
        with self.database.write() as session:
            home = self.container(session, identity, path)[0]
            usage = self.usage(session, home)
        return max(0, min(usage.quota - usage.size, self.limits.file_bytes)), home

    def prepare(self, session: Session, identity: Identity, path: Path) -> None:
        """Create the caller's home unless it exists; administrators can create that of any account."""
        if not (identity.acts_as_admin or self.is_own(identity, path[:2])) or find_chain(session, path[:2]):
            return
        identity.require(Scope.WRITE)
        owner = session.scalar(select(UserRow.id).where(UserRow.name == path[1], UserRow.is_active))
        if owner is None:
            return
        now = utc_now()
        row = NodeRow(
            name=path[1],
            kind=NodeKind.CONTAINER,
            owner_id=owner,
            created_at=now,
            modified_at=now,
            properties={},
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # a concurrent request created it
            session.expire_all()

    def _is_unused_home(self, session: Session, identity: Identity, path: Path) -> bool:
        return self.is_own(identity, path) and not find_chain(session, path)

    def _unused_home(self, identity: Identity) -> Node:
        """Return the node of a home that is not stored yet."""
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
        """Return the homes, with that of the caller even if it is not stored yet."""
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
        query = ChildrenQuery(path, parent_id, self.access.readable(identity, home))
        return home_children(self.database, session, query, listing)


def account_of(home: NodeRow) -> str:
    """Return the account in the file store for which staged bytes of a home count."""
    return f"home{home.id}"


def _no_bytes(path: Path) -> str:
    return f"'{written(path)[:500]}' is a container and has no bytes."
