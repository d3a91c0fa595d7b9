"""Create, set and delete nodes below ``/home`` (VOSpace 2.1 §6.2, §6.4)."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.database import utc_now
from core.errors import PermissionDeniedError, TooLargeError
from core.files import FileStore
from vospace.faults import (
    DuplicateNodeError,
    InvalidArgumentError,
    InvalidURIError,
    LinkFoundError,
    NodeBusyError,
    NodeLockedError,
    NodeNotFoundError,
)
from vospace.home.nodes import EMPTY_MD5, EMPTY_SHA256, Homes
from vospace.home.properties import apply_properties
from vospace.home.sharing import lowest_rights, sharing_operation, with_known_groups
from vospace.models import Listing, Node, NodeKind, NodeRequest, Path, PropertyRequest, written
from vospace.rights.decisions import Decision, Operation, Right, decide
from vospace.schema import NodeRow
from vospace.storage import busy_names, child_row, find_chain, node_of_row, subtree

__all__ = ["HomeChanges", "new_row", "remove_tree"]


class HomeChanges:
    """Service that creates, changes and deletes nodes."""

    def __init__(self, homes: Homes) -> None:
        self._homes = homes
        self._groups = homes.access.groups

    def create(self, identity: Identity, path: Path, request: NodeRequest) -> Node:
        """Create a node without bytes.

        Raises
        ------
        DuplicateNodeError
            A node of this name exists.
        ContainerNotFoundError, LinkFoundError
            The container does not exist, or is a link.
        InvalidURIError, InvalidArgumentError
            A link has no target, or a property is not valid.
        PermissionDeniedError
            The caller may not write to the container, or a property is read-only.
        """
        identity.require(Scope.WRITE)
        if request.kind is NodeKind.LINK and not request.target:
            message = "A LinkNode needs a 'target'."
            raise InvalidArgumentError(message)
        if request.kind is NodeKind.LINK and request.target:
            _check_target(request.target)
        if self._homes.is_own(identity, path):
            raise DuplicateNodeError(path)
        try:
            with self._homes.database.write() as session:
                chain = self._homes.container(session, identity, path[:-1])
                self._homes.check_free(session, identity, chain, path)
                self._check_count(session, chain[0])
                row = new_row(identity, chain, path[-1], request.kind)
                row.target = request.target if request.kind is NodeKind.LINK else None
                session.add(row)
                session.flush()
                session.refresh(row)
                wanted = with_known_groups(session, identity, self._groups, row, request.properties)
                apply_properties(identity, row, node_of_row(row, path), wanted)
                chain[-1].modified_at = row.modified_at
                session.flush()
                return node_of_row(row, path)
        except IntegrityError as e:
            raise DuplicateNodeError(path) from e

    def change(self, identity: Identity, path: Path, request: NodeRequest) -> Node:
        """Set properties of a node; properties that are not named keep their values."""
        identity.require(Scope.WRITE)
        with self._homes.database.write() as session:
            chain = self._changeable(session, identity, path)
            row = chain[-1]
            if request.kind is not row.kind and str(request.kind) != row.kind:
                message = f"'{written(path)[:500]}' is a {row.kind}; the type of a node cannot be changed."
                raise InvalidArgumentError(message)
            if request.target and row.target and request.target != row.target:
                message = "The target of a link cannot be changed; create a new link."
                raise InvalidArgumentError(message)
            wanted = with_known_groups(session, identity, self._groups, row, request.properties)
            operation = sharing_operation(row, wanted, chain[0].owner_id)
            rows = list(subtree(session, row))[1:] if operation is Operation.OPEN else []
            self._homes.check_allowed(identity, operation, chain, path, rows)
            apply_properties(identity, row, node_of_row(row, path), wanted)
        return self._homes.node(identity, path, Listing())

    def change_all(self, identity: Identity, path: Path, requests: Sequence[PropertyRequest]) -> tuple[int, int]:
        """Set properties of a node and its descendants; return the numbers of changed and of unchanged nodes."""
        identity.require(Scope.WRITE)
        done = failed = 0
        with self._homes.database.write() as session:
            chain = self._changeable(session, identity, path)
            rows = list(subtree(session, chain[-1]))
            rights = self._homes.access.rights_below(identity, chain, rows)
            lowest = lowest_rights(rows, rights)
            requests = with_known_groups(session, identity, self._groups, chain[-1], requests)
            wanted = [item for item in requests if item.name not in _OF_ONE_NODE]
            for row in rows:
                operation = sharing_operation(row, wanted, chain[0].owner_id)
                container = Right.READ if row is chain[-1] else rights[row.parent_id or 0]
                if decide(operation, container, rights[row.id], (lowest[row.id],)) is not Decision.ALLOWED:
                    failed += 1
                    continue
                apply_properties(identity, row, node_of_row(row, path), wanted)
                done += 1
        return done, failed

    def delete(self, identity: Identity, path: Path) -> None:
        """Delete a node and its descendants.

        Raises
        ------
        PermissionDeniedError
            The node is a home, or a container below it cannot be changed by the caller.
        NodeLockedError, NodeBusyError
            The node or one of its descendants is locked or being written.
        """
        with self._homes.database.write() as session:
            chain = self._deletable(session, identity, path)
            rows = list(subtree(session, chain[-1]))
            self._homes.check_allowed(identity, Operation.DELETE, chain, path, rows[1:])
            removed = remove_tree(session, chain, rows, path)
        _discard(self._homes.store, removed)

    def check_deletable(self, identity: Identity, path: Path, operation: Operation = Operation.DELETE) -> None:
        """Check that the caller can delete a node, or do something with it that deletes it in its home."""
        with self._homes.database.write() as session:
            chain = self._deletable(session, identity, path)
            rows = list(subtree(session, chain[-1]))
            self._homes.check_allowed(identity, operation, chain, path, rows[1:])

    def delete_all(self, identity: Identity, path: Path) -> tuple[int, int]:
        """Delete a node and its descendants where possible; return the numbers of deleted and of kept nodes."""
        with self._homes.database.write() as session:
            chain = self._deletable(session, identity, path)
            self._homes.check_allowed(identity, Operation.PRUNE, chain, path)
            rows = list(subtree(session, chain[-1]))
            kept = self._kept(session, identity, chain, rows)
            gone = [row for row in rows if row.id not in kept]
            stored = [row.stored_id for row in gone if row.stored_id is not None]
            ids = [row.id for row in reversed(gone)]
            for first in range(0, len(ids), 500):
                session.execute(delete(NodeRow).where(NodeRow.id.in_(ids[first : first + 500])))
        _discard(self._homes.store, stored)
        return len(gone), len(kept)

    def _kept(
        self, session: Session, identity: Identity, chain: Sequence[NodeRow], rows: Sequence[NodeRow]
    ) -> frozenset[int]:
        """Return the ids of nodes to keep: not the caller's to delete, locked, busy, and their ancestors."""
        rights = self._homes.access.rights_below(identity, chain, rows)
        containers = {row.id: row for row in rows if row.kind == NodeKind.CONTAINER}
        busy = busy_names(session, [*containers, *(row.id for row in chain[-2:-1])])
        locked = {key for key, row in containers.items() if row.is_locked}
        kept: set[int] = set()
        for row in reversed(rows):
            container = Right.WRITE if row is rows[0] else rights[row.parent_id or 0]
            allowed = decide(Operation.PRUNE, container, rights[row.id]) is Decision.ALLOWED
            closed = row.is_locked or row.parent_id in locked or (row.parent_id, row.name) in busy
            if not allowed or closed or row.id in kept:
                kept.add(row.id)
                if row is not rows[0] and row.parent_id is not None:
                    kept.add(row.parent_id)
        return frozenset(kept)

    def _changeable(self, session: Session, identity: Identity, path: Path) -> tuple[NodeRow, ...]:
        """Return the chain of a node whose properties the caller can set; a locked one can be unlocked."""
        self._homes.prepare(session, identity, path)
        chain = find_chain(session, path, lock=True)
        links = [row for row in chain[: len(path) - 2] if row.kind == NodeKind.LINK]
        if links and self._homes.access.may_read(identity, chain[: chain.index(links[0]) + 1]):
            message = f"'{written(path)[:500]}' leads through a link; use the path of its target."
            raise LinkFoundError(message)
        self._homes.check_reached(identity, chain, path)
        self._homes.check_allowed(identity, Operation.SET, chain, path)
        return chain

    def _deletable(self, session: Session, identity: Identity, path: Path) -> tuple[NodeRow, ...]:
        identity.require(Scope.WRITE)
        if len(path) <= 2:
            chain = find_chain(session, path)
            if path[1:] and not self._homes.is_own(identity, path):
                self._homes.check_found(identity, chain, path)
            message = f"'{written(path)}' cannot be deleted or moved; only nodes below it can."
            raise PermissionDeniedError(message)
        self._homes.prepare(session, identity, path)
        found = find_chain(session, path)
        if not any(row.kind == NodeKind.LINK for row in found[: len(path) - 2]):
            self._homes.check_reached(identity, found, path)
        parents = self._homes.container(session, identity, path[:-1])
        row = child_row(session, parents[-1].id, path[-1])
        if row is None:
            raise NodeNotFoundError(path)
        return (*parents, row)

    def _check_count(self, session: Session, home: NodeRow) -> None:
        if self._homes.usage(session, home).nodes >= self._homes.limits.nodes:
            message = f"A home can hold at most {self._homes.limits.nodes} nodes; delete some first."
            raise TooLargeError(message)


#: Properties of a single node, which are not set recursively.
_OF_ONE_NODE = frozenset(
    {"MD5", "length", "date", "ctime", "mtime", "btime", "creator", "quota", "availableSpace", "type"}
)


def new_row(identity: Identity, chain: Sequence[NodeRow], name: str, kind: NodeKind) -> NodeRow:
    """Return a new row below a chain of containers; it is private unless the container passes on its permissions."""
    parent, now = chain[-1], utc_now()
    return NodeRow(
        parent_id=parent.id,
        home_id=chain[0].id,
        name=name,
        kind=kind,
        owner_id=identity.require(Scope.WRITE),
        created_at=now,
        modified_at=now,
        is_public=parent.is_public if parent.inherits else False,
        group_read=parent.group_read if parent.inherits else "",
        group_write=parent.group_write if parent.inherits else "",
        is_locked=False,
        inherits=parent.inherits and kind is NodeKind.CONTAINER,
        properties={},
        size=0,
        md5=EMPTY_MD5 if kind.has_bytes else None,
        sha256=EMPTY_SHA256 if kind.has_bytes else None,
    )


def remove_tree(session: Session, chain: Sequence[NodeRow], rows: Sequence[NodeRow], path: Path) -> list[str]:
    """Delete the rows of a node and its descendants, and return the ids of their files."""
    for row in rows:
        if row.is_locked:
            raise NodeLockedError(path if row is chain[-1] else (*path, "…", row.name))
    containers = [row.id for row in rows if row.kind == NodeKind.CONTAINER]
    busy = busy_names(session, [chain[-2].id, *containers])
    if any((row.parent_id, row.name) in busy for row in rows) or {parent for parent, _ in busy} & set(containers):
        raise NodeBusyError(path)
    session.execute(delete(NodeRow).where(NodeRow.id == chain[-1].id))
    chain[-2].modified_at = utc_now()
    return [row.stored_id for row in rows if row.stored_id is not None]


def _discard(store: FileStore, stored: Sequence[str]) -> None:
    for file_id in stored:
        store.delete(file_id)


def _check_target(target: str) -> None:
    if len(target) > 2000 or not target.isprintable() or ":" not in target:
        message = f"'{target[:200]}' is not a valid target of a link; a URI is needed."
        raise InvalidURIError(message)
