"""Nodes are moved and copied within the space, trees at once, bytes without sending them again (VOSpace 2.1 §6.3)."""

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
from vospace.schema import NodeRow
from vospace.service import NodeService
from vospace.storage import HOME, busy_names, child_row, find_chain, subtree
from vospace.uris import NULL, chosen_name

__all__ = ["NodeMoves"]


@dataclass(frozen=True, slots=True)
class _Item:
    """A node that is copied: its names below the top of the tree, and the copy of its bytes."""

    path: Path
    kind: NodeKind
    properties: dict[str, str]
    target: str | None = None
    media_type: str | None = None
    stored: StoredBytes | None = None


class NodeMoves:
    """Move and copy nodes."""

    def __init__(self, nodes: NodeService) -> None:
        self._nodes = nodes
        self._homes: Homes = nodes.homes
        self._store = nodes.homes.store

    def run(self, identity: Identity, source: Path, destination: Path, *, keep: bool) -> Path:
        """Move a node, or copy it, and give the path at which it is then.

        A destination that is a container takes the node in under its own name; ``.auto`` lets the service choose the
        name; what is moved to ``.null`` disappears.

        Raises
        ------
        DuplicateNodeError
            There is a node at the destination.
        InvalidArgumentError
            A container would come to lie in itself.
        """
        identity.require(Scope.WRITE)
        if destination and destination[-1] == NULL:
            if keep:
                message = "Only what is moved can disappear in .null, not what is copied."
                raise InvalidArgumentError(message)
            self._nodes.delete(identity, source)
            return destination
        self._nodes.node(identity, source, Listing(limit=0))
        place = self._place(identity, source, destination)
        if place[: len(source)] == source:
            message = f"'{written(source)[:300]}' cannot be put into itself, at '{written(place)[:300]}'."
            raise InvalidArgumentError(message)
        if keep:
            self._copy(identity, source, place)
        elif source[0] == HOME and place[0] == HOME:
            self._move(identity, source, place)
        else:
            self._move_file(identity, source, place)
        return place

    def duplicate(self, identity: Identity, source: Path) -> tuple[StoredBytes, str]:
        """Copy the bytes of a data node for another use, and give its name as well; nothing is sent anew."""
        file = self._nodes.file(identity, self._nodes.resolve(identity, source, last=True).path)
        return self._copy_of(file), file.name

    def _place(self, identity: Identity, source: Path, destination: Path) -> Path:
        destination = chosen_name(destination)
        try:
            there = self._nodes.node(identity, destination, Listing(limit=0))
        except NotFoundError:
            return destination
        if there.kind is not NodeKind.CONTAINER or there.path != destination:
            raise DuplicateNodeError(destination)
        return (*destination, source[-1])

    def _move(self, identity: Identity, source: Path, place: Path) -> None:
        with self._homes.database.write() as session:
            # Homes are locked in one order, so that two moves between them do not wait for each other.
            for home in sorted({source[:2], place[:2]}):
                find_chain(session, home, lock=True)
            if len(source) < 3:
                message = f"'{written(source)}' cannot be moved; only what lies in it."
                raise PermissionDeniedError(message)
            parents = self._homes.container(session, identity, source[:-1])
            row = child_row(session, parents[-1].id, source[-1])
            if row is None:
                raise NodeNotFoundError(source)
            target = self._homes.container(session, identity, place[:-1])
            if row.id in {each.id for each in target}:
                message = f"'{written(source)[:300]}' cannot be put into itself, at '{written(place)[:300]}'."
                raise InvalidArgumentError(message)
            if child_row(session, target[-1].id, place[-1]) is not None:
                raise DuplicateNodeError(place)
            rows = self._movable(session, identity, parents, row, source)
            if target[0].id != parents[0].id:
                self._check_room(session, target[0], [each.size for each in rows])
                ids = [each.id for each in rows]
                for first in range(0, len(ids), 500):
                    part = NodeRow.id.in_(ids[first : first + 500])
                    session.execute(update(NodeRow).where(part).values(home_id=target[0].id))
            row.parent_id, row.name = target[-1].id, place[-1]

    def _movable(
        self, session: Session, identity: Identity, parents: Sequence[NodeRow], row: NodeRow, source: Path
    ) -> list[NodeRow]:
        rows = list(subtree(session, row))
        if row.is_locked:
            raise NodeLockedError(source)
        if not self._homes.access.writes_row(identity, parents[0], row) and row.kind == NodeKind.CONTAINER:
            message = f"You may not move '{written(source)[:300]}': it belongs to {row.owner.name}."
            raise PermissionDeniedError(message)
        containers = [each.id for each in rows if each.kind == NodeKind.CONTAINER]
        busy = busy_names(session, [parents[-1].id, *containers])
        if (row.parent_id, row.name) in busy or {parent for parent, _ in busy} & set(containers):
            raise NodeBusyError(source)
        return rows

    def _move_file(self, identity: Identity, source: Path, place: Path) -> None:
        """Move a file between a home and a product: it is here, then there and here, then there."""
        if not self._nodes.node(identity, source, Listing(limit=0)).kind.has_bytes:
            message = f"'{written(source)[:300]}' is no file; between homes and products files alone are moved."
            raise PermissionDeniedError(message)
        self._nodes.check_deletable(identity, source)
        self._copy(identity, source, place)
        self._nodes.delete(identity, source)

    # --- copies

    def _copy(self, identity: Identity, source: Path, place: Path) -> None:
        items: list[_Item] = []
        try:
            for item in self._items(identity, source):
                items.append(item)  # noqa: PERF402 - what was copied before one fails must be known
            if place[0] == PRODUCTS:
                self._add_to_product(identity, items, place)
            else:
                self._insert(identity, items, place)
        except BaseException:
            for item in items:
                if item.stored is not None:
                    self._store.delete(item.stored.id)
            raise

    def _items(self, identity: Identity, source: Path) -> Iterator[_Item]:
        """Yield a node and all in it that the caller may read, with copies of the bytes."""
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
        """Copy the bytes of a file: a second name for those that are stored, new ones for those that are made."""
        if file.stored_id is not None:
            return StoredBytes(self._store.duplicate(file.stored_id), file.size, file.md5, file.sha256)
        with self._store.stage(limit=max(file.size, 1)) as staging:
            for chunk in file.read(0, file.size):
                staging.write(chunk)
            return staging.finish()

    def _add_to_product(self, identity: Identity, items: Sequence[_Item], place: Path) -> None:
        stored = items[0].stored
        if len(items) > 1 or stored is None:
            message = f"A product holds files alone; '{written(place)[:300]}' would be something else."
            raise PermissionDeniedError(message)
        write = self._nodes.begin_write(identity, place, stored.size)
        if write.old is not None:
            raise DuplicateNodeError(place)
        self._nodes.finish(write, stored)

    def _insert(self, identity: Identity, items: Sequence[_Item], place: Path) -> None:
        with self._homes.database.write() as session:
            chain = self._homes.container(session, identity, place[:-1])
            if child_row(session, chain[-1].id, place[-1]) is not None:
                raise DuplicateNodeError(place)
            self._check_room(session, chain[0], [0 if item.stored is None else item.stored.size for item in items])
            made: dict[Path, NodeRow] = {}
            for item in items:
                parents = (*chain, made[item.path[:-1]]) if item.path else chain
                row = new_row(identity, parents, item.path[-1] if item.path else place[-1], item.kind)
                row.properties, row.target, row.media_type = item.properties, item.target, item.media_type
                if item.stored is not None:
                    row.stored_id, row.size = item.stored.id, item.stored.size
                    row.md5, row.sha256 = item.stored.md5, item.stored.sha256
                session.add(row)
                if item.kind is NodeKind.CONTAINER:
                    session.flush()
                    made[item.path] = row

    def _check_room(self, session: Session, home: NodeRow, sizes: Sequence[int]) -> None:
        usage = self._homes.usage(session, home)
        if usage.size + sum(sizes) > usage.quota or usage.nodes + len(sizes) > self._homes.limits.nodes:
            message = f"There is no room for {len(sizes)} nodes with {sum(sizes)} bytes in '/home/{home.name}'."
            raise QuotaExceededError(message)


#: Properties of the standard that go with a copy; whether others may read it does not.
_COPIED = frozenset({
    "contributor", "coverage", "description", "format", "identifier", "language", "publisher", "relation", "rights",
    "source", "subject", "title",
})  # fmt: skip
