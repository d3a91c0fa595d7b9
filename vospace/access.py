"""Rights on nodes below ``/home``; products follow `products.access`.

The owner of a home and administrators own every node in it. Others have a right on a node only if they can read each
container above it: whoever created the node owns it, members of the groups in ``groupwrite`` can write it, and members
of those in ``groupread``, and everybody when it is public, can read it. Groups are named by identifiers
(``ivo://authority/gms?name``); membership comes from `core.auth`. What a right allows is in `vospace.rights`.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, or_, true

from core.auth.models import Identity, Scope
from core.identifiers import GroupIdentifiers
from vospace.rights.decisions import Decision, Operation, Right, decide
from vospace.schema import NodeRow

__all__ = ["REGISTERED", "NodeAccess"]

#: Name of the group of all registered users.
REGISTERED = "registered"


class NodeAccess:
    """Access rule for nodes below ``/home``, with the group identifiers of one authority."""

    def __init__(self, authority: str) -> None:
        self.groups = GroupIdentifiers(authority)

    def group_uri(self, name: str) -> str:
        """Return the identifier of a group (GMS 1.0 §2)."""
        return self.groups.of(name)

    def groups_of(self, identity: Identity) -> tuple[str, ...]:
        """Return the identifiers of all groups of an identity."""
        if identity.is_anonymous:
            return ()
        return (self.group_uri(REGISTERED), *sorted(self.group_uri(name) for name in identity.groups))

    def right(self, identity: Identity, chain: Sequence[NodeRow]) -> Right:
        """Return the right on the last node of a chain, which begins at a home."""
        if self._owns(identity, chain[0]):
            return _within_scope(identity, Right.OWN)
        rights = [self._right_on_row(identity, row) for row in chain]
        return Right.NONE if Right.NONE in rights else rights[-1]

    def rights_below(
        self, identity: Identity, chain: Sequence[NodeRow], rows: Iterable[NodeRow]
    ) -> Mapping[int, Right]:
        """Return the rights on a node and the nodes below it, by row id.

        Parameters
        ----------
        chain
            Rows from the home to the node.
        rows
            The node and those below it, each container before its children.
        """
        if self._owns(identity, chain[0]):
            own = _within_scope(identity, Right.OWN)
            return {row.id: own for row in rows}
        rights: dict[int, Right] = {}
        for row in rows:
            if row.id == chain[-1].id:
                rights[row.id] = self.right(identity, chain)
            else:
                above = rights[row.parent_id or 0]
                rights[row.id] = self._right_on_row(identity, row) if above >= Right.READ else Right.NONE
        return rights

    def decide(
        self, identity: Identity, operation: Operation, chain: Sequence[NodeRow], rows: Iterable[NodeRow] = ()
    ) -> Decision:
        """Decide whether an identity may do something with the last node of a chain.

        Parameters
        ----------
        rows
            All nodes below it, for operations that need a right on them, each container before its children.
        """
        container = self.right(identity, chain[:-1] or chain)
        below = self.rights_below(identity, chain, (chain[-1], *rows))
        return decide(operation, container, self.right(identity, chain), below.values())

    def may_read(self, identity: Identity, chain: Sequence[NodeRow]) -> bool:
        """Return whether the last node of a chain can be read."""
        return self.right(identity, chain) >= Right.READ

    def readable(self, identity: Identity, home: NodeRow | None) -> ColumnElement[bool]:
        """Return the condition on ``NodeRow`` for readable children of a readable container."""
        if identity.acts_as_admin or (home is not None and self._owns(identity, home)):
            return true()
        conditions: list[ColumnElement[bool]] = [NodeRow.is_public.is_(True)]
        if identity.user_id is not None:
            conditions.append(NodeRow.owner_id == identity.user_id)
        for group in self.groups_of(identity):
            conditions.append(NodeRow.group_read.contains(f" {group} ", autoescape=True))
            conditions.append(NodeRow.group_write.contains(f" {group} ", autoescape=True))
        return or_(*conditions)

    def _owns(self, identity: Identity, home: NodeRow) -> bool:
        return identity.acts_as_admin or (identity.user_id is not None and home.owner_id == identity.user_id)

    def _right_on_row(self, identity: Identity, row: NodeRow) -> Right:
        """Return the right on a node whose container can be read by an identity that does not own the home."""
        if identity.user_id is not None and row.owner_id == identity.user_id:
            return _within_scope(identity, Right.OWN)
        if self._in_group(identity, row.group_write):
            return _within_scope(identity, Right.WRITE)
        return Right.READ if row.is_public or self._in_group(identity, row.group_read) else Right.NONE

    def _in_group(self, identity: Identity, stored: str) -> bool:
        return bool(stored) and any(f" {group} " in stored for group in self.groups_of(identity))


def _within_scope(identity: Identity, right: Right) -> Right:
    return right if identity.scope.includes(Scope.WRITE) else Right.READ
