"""Read and write permission on nodes below ``/home``; products follow `products.access`.

A node can be read by its owner, by the owner of the home, by administrators, by everybody when it is public, and by the
groups in ``groupread`` and ``groupwrite``, provided that each container above it can be read. Groups are named by
identifiers (``ivo://authority/gms?name``); membership comes from `core.auth`.
"""

from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy import ColumnElement, or_, true

from core.auth.models import Identity, Scope
from vospace.schema import NodeRow

__all__ = ["REGISTERED", "NodeAccess"]

#: Name of the group of all registered users.
REGISTERED = "registered"


class NodeAccess:
    """Access rule for nodes below ``/home``, with the group identifiers of one authority."""

    def __init__(self, authority: str) -> None:
        self._authority = authority

    def group_uri(self, name: str) -> str:
        """Return the identifier of a group (GMS 1.0 §2)."""
        return f"ivo://{self._authority}/gms?{quote(name, safe='')}"

    def groups_of(self, identity: Identity) -> tuple[str, ...]:
        """Return the identifiers of all groups of an identity."""
        if identity.is_anonymous:
            return ()
        return (self.group_uri(REGISTERED), *sorted(self.group_uri(name) for name in identity.groups))

    def may_read(self, identity: Identity, chain: Sequence[NodeRow]) -> bool:
        """Return whether the last node of a chain, which begins at a home, can be read."""
        return self._owns(identity, chain[0]) or all(self._reads(identity, row) for row in chain)

    def may_write(self, identity: Identity, chain: Sequence[NodeRow]) -> bool:
        """Return whether the bytes, children and properties of the last node of a chain can be changed."""
        if identity.is_anonymous or not identity.scope.includes(Scope.WRITE):
            return False
        if self._owns(identity, chain[0]):
            return True
        return self.may_read(identity, chain) and self._writes(identity, chain[-1])

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

    def writes_row(self, identity: Identity, home: NodeRow, row: NodeRow) -> bool:
        """Return whether a node in a writable container is writable itself."""
        return self._owns(identity, home) or self._writes(identity, row)

    def _owns(self, identity: Identity, home: NodeRow) -> bool:
        return identity.acts_as_admin or (identity.user_id is not None and home.owner_id == identity.user_id)

    def _reads(self, identity: Identity, row: NodeRow) -> bool:
        return row.is_public or self._writes(identity, row) or self._in_group(identity, row.group_read)

    def _writes(self, identity: Identity, row: NodeRow) -> bool:
        own = identity.user_id is not None and row.owner_id == identity.user_id
        return own or self._in_group(identity, row.group_write)

    def _in_group(self, identity: Identity, stored: str) -> bool:
        return any(f" {group} " in stored for group in self.groups_of(identity))
