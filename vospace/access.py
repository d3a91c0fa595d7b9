"""Who may read and write nodes below ``/home``; for products ``products.access`` alone says it.

A node may be read by its owner, by the owner of the home that it is in, by administrators, by everybody when it is
public, and by the groups of ``groupread`` and ``groupwrite``; and only when each container that it lies in may be read.
Groups are named by identifiers (``ivo://authority/gms?name``); who is in which group, ``core.auth`` says.
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
    """The rule, for the groups of one authority."""

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
        """Return whether the last node of a chain, which begins at a home, may be read."""
        return self._owns(identity, chain[0]) or all(self._reads(identity, row) for row in chain)

    def may_write(self, identity: Identity, chain: Sequence[NodeRow]) -> bool:
        """Return whether the bytes, children and properties of the last node of a chain may be changed."""
        if identity.is_anonymous or not identity.scope.includes(Scope.WRITE):
            return False
        if self._owns(identity, chain[0]):
            return True
        return self.may_read(identity, chain) and self._writes(identity, chain[-1])

    def readable(self, identity: Identity, home: NodeRow | None) -> ColumnElement[bool]:
        """Return the condition on ``NodeRow`` under which children of a container that may be read may be read, too."""
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
        """Return whether a node within a container that may be written may be written, too."""
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
