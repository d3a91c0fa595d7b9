"""Moves and copies of nodes within this service (VOSpace 2.1 §6.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.errors import NotFoundError, PermissionDeniedError
from core.files import StoredBytes
from vospace.catalogue.nodes import PRODUCTS
from vospace.faults import (
    DuplicateNodeError,
    InvalidArgumentError,
    NodeBusyError,
    NodeLockedError,
    NodeNotFoundError,
    QuotaExceededError,
)
from vospace.home.changes import new_row
from vospace.home.nodes import Homes
from vospace.models import Listing, Node, NodeFile, NodeKind, Path, written
from vospace.rights.decisions import Operation
from vospace.rights.sharing import is_opened_by_move
from vospace.schema import NodeRow
from vospace.service import NodeService
from vospace.storage import HOME, busy_names, child_row, find_chain, subtree
from vospace.uris import NULL, chosen_name

__all__ = ["NodeMoves"]


@dataclass(frozen=True, slots=True)
class _Item:
    """A node to be copied: its path relative to the root of the copy, its properties, and the copy of its bytes."""

    path: Path
    kind: NodeKind
    properties: dict[str, str]
    target: str | None = None
    media_type: str | None = None
    stored: StoredBytes | None = None


class NodeMoves:
    """Service that moves and copies nodes."""

    def __init__(self, nodes: NodeService) -> None:
        self._nodes = nodes
        self._homes: Homes = nodes.homes
        self._store = nodes.homes.store

    def run(self, identity: Identity, source: Path, destination: Path, *, keep: bool) -> Path:
        """Move or copy a node, and return its new path.

        In a destination that is a container the node keeps its name; the name ``.auto`` lets the service choose one;
        a move to ``.null`` deletes the node.

        Raises
        ------
        DuplicateNodeError
            A node exists at the destination.
        InvalidArgumentError
            A container would contain itself.
        """
        identity.require(Scope.WRITE)
        if destination and destination[-1] == NULL:
            if keep:
                message = "A node can be moved to .null, but not copied."
                raise InvalidArgumentError(message)
            self._nodes.delete(identity, source)
            return destination
        self._nodes.node(identity, source, Listing(limit=0))
        target = self._target(identity, source, destination)
        if target[: len(source)] == source:
            raise InvalidArgumentError(_into_itself(source, target))
        if keep:
            self._copy(identity, source, target)
        elif source[0] == HOME and target[0] == HOME:
            self._move(identity, source, target)
        else:
            self._move_file(identity, source, target)
        return target

    def duplicate(self, identity: Identity, source: Path) -> tuple[StoredBytes, str]:
        """Copy the bytes of a data node within the file store; return the copy and the name of the node."""
        file = self._nodes.file(identity, self._nodes.resolve(identity, source, last=True).path)
        return self._copy_of(file), file.name

    def _target(self, identity: Identity, source: Path, destination: Path) -> Path:
        destination = chosen_name(destination)
        try:
            there = self._nodes.node(identity, destination, Listing(limit=0))
        except NotFoundError:
            return destination
        if there.kind is not NodeKind.CONTAINER or there.path != destination:
            raise DuplicateNodeError(destination)
        return (*destination, source[-1])

    def _move(self, identity: Identity, source: Path, target: Path) -> None:
        with self._homes.database.write() as session:
            # Homes are locked in a fixed order, so that two moves between them cannot deadlock.
            for home in sorted({source[:2], target[:2]}):
                find_chain(session, home, lock=True)
            if len(source) < 3:
                message = f"'{written(source)}' cannot be moved; only nodes below it can."
                raise PermissionDeniedError(message)
            parents = self._homes.container(session, identity, source[:-1])
            row = child_row(session, parents[-1].id, source[-1])
            if row is None:
                raise NodeNotFoundError(source)
            chain = self._homes.container(session, identity, target[:-1])
            if row.id in {each.id for each in chain}:
                raise InvalidArgumentError(_into_itself(source, target))
            rows = self._movable(session, identity, (*parents, row), chain, source)
            self._homes.check_free(session, identity, chain, target)
            if chain[0].id != parents[0].id:
                self._check_quota(session, chain[0], [each.size for each in rows])
                ids = [each.id for each in rows]
                for first in range(0, len(ids), 500):
                    part = NodeRow.id.in_(ids[first : first + 500])
                    session.execute(update(NodeRow).where(part).values(home_id=chain[0].id))
            row.parent_id, row.name = chain[-1].id, target[-1]

    def _movable(
        self,
        session: Session,
        identity: Identity,
        chain: Sequence[NodeRow],
        target: Sequence[NodeRow],
        source: Path,
    ) -> list[NodeRow]:
        """Return a node that can be moved to a container, with all nodes below it."""
        row, rows = chain[-1], list(subtree(session, chain[-1]))
        if target[0].id != chain[0].id:
            operation = Operation.MOVE_OUT
        else:
            operation = Operation.MOVE_WIDER if is_opened_by_move(chain[:-1], target) else Operation.MOVE
        self._homes.check_allowed(identity, operation, chain, source, rows[1:])
        if row.is_locked:
            raise NodeLockedError(source)
        containers = [each.id for each in rows if each.kind == NodeKind.CONTAINER]
        busy = busy_names(session, [chain[-2].id, *containers])
        if (row.parent_id, row.name) in busy or {parent for parent, _ in busy} & set(containers):
            raise NodeBusyError(source)
        return rows

    def _move_file(self, identity: Identity, source: Path, target: Path) -> None:
        """Move a file between a home and a product: copy it, then delete the original."""
        if not self._nodes.node(identity, source, Listing(limit=0)).kind.has_bytes:
            message = f"'{written(source)[:300]}' is not a file; only files can be moved between homes and products."
            raise PermissionDeniedError(message)
        self._nodes.check_movable(identity, source)
        self._copy(identity, source, target)
        self._nodes.delete(identity, source)

    # --- copies

    def _copy(self, identity: Identity, source: Path, target: Path) -> None:
        items: list[_Item] = []
        try:
            for item in self._items(identity, source):
                items.append(item)  # noqa: PERF402 - if one fails, the copies made before it must be known
            if target[0] == PRODUCTS:
                self._add_to_product(identity, items, target)
            else:
                self._insert(identity, items, target)
        except BaseException:
            for item in items:
                if item.stored is not None:
                    self._store.delete(item.stored.id)
            raise

    def _items(self, identity: Identity, source: Path) -> Iterator[_Item]:
        """Yield a node and its readable descendants, with copies of their bytes."""
        node = self._nodes.node(identity, source, Listing())
        todo: list[tuple[Path, Node]] = [((), node)]
        while todo:
            below, each = todo.pop()
            path = (*source, *below)
            own = {name: value for name, value in each.properties.items() if ":" in name or name in _COPIED}
            if not each.kind.has_bytes:
                yield _Item(below, each.kind, own, target=each.target)
            else:
                file = self._nodes.file(identity, path)
                yield _Item(below, each.kind, own, None, file.media_type, self._copy_of(file) if file.size else None)
            if each.kind is NodeKind.CONTAINER:
                full = each if not below else self._nodes.node(identity, path, Listing())
                todo += [((*below, child.name), child) for child in full.children]

    def _copy_of(self, file: NodeFile) -> StoredBytes:
        """Copy the bytes of a file: duplicate a stored file, or store generated bytes."""
        if file.stored_id is not None:
            return StoredBytes(self._store.duplicate(file.stored_id), file.size, file.md5, file.sha256)
        with self._store.stage(limit=max(file.size, 1)) as staging:
            for chunk in file.read(0, file.size):
                staging.write(chunk)
            return staging.finish()

    def _add_to_product(self, identity: Identity, items: Sequence[_Item], target: Path) -> None:
        stored = items[0].stored
        if len(items) > 1 or stored is None:
            message = f"A product can hold only files; '{written(target)[:300]}' would not be one."
            raise PermissionDeniedError(message)
        write = self._nodes.begin_write(identity, target, stored.size)
        if write.old is not None:
            raise DuplicateNodeError(target)
        self._nodes.finish(write, stored)

    def _insert(self, identity: Identity, items: Sequence[_Item], target: Path) -> None:
        with self._homes.database.write() as session:
            chain = self._homes.container(session, identity, target[:-1])
            self._homes.check_free(session, identity, chain, target)
            self._check_quota(session, chain[0], [0 if item.stored is None else item.stored.size for item in items])
            made: dict[Path, NodeRow] = {}
            for item in items:
                parents = (*chain, made[item.path[:-1]]) if item.path else chain
                row = new_row(identity, parents, item.path[-1] if item.path else target[-1], item.kind)
                row.properties, row.target, row.media_type = item.properties, item.target, item.media_type
                if item.stored is not None:
                    row.stored_id, row.size = item.stored.id, item.stored.size
                    row.md5, row.sha256 = item.stored.md5, item.stored.sha256
                session.add(row)
                if item.kind is NodeKind.CONTAINER:
                    session.flush()
                    made[item.path] = row

    def _check_quota(self, session: Session, home: NodeRow, sizes: Sequence[int]) -> None:
        usage = self._homes.usage(session, home)
        if usage.size + sum(sizes) > usage.quota or usage.nodes + len(sizes) > self._homes.limits.nodes:
            message = f"{len(sizes)} nodes with {sum(sizes)} bytes would exceed the quota of '/home/{home.name}'."
            raise QuotaExceededError(message)


def _into_itself(source: Path, target: Path) -> str:
    return f"'{written(source)[:300]}' cannot be moved or copied into itself, to '{written(target)[:300]}'."


#: Standard properties that are copied; permissions are not.
_COPIED = frozenset({
    "contributor", "coverage", "description", "format", "identifier", "language", "publisher", "relation", "rights",
    "source", "subject", "title",
})  # fmt: skip
