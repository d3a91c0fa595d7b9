"""Listings of containers below ``/home``: one statement sorts the children, which are then read in blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from core.auth.schema import UserRow
from core.database import Database
from vospace.models import LazyNodes, Listing, Node, NodeKind, Path, SortKey
from vospace.schema import NodeRow
from vospace.storage import busy_names, node_of_row

__all__ = ["ChildrenQuery", "home_children"]

_BRIEF = (NodeRow.id, NodeRow.name, NodeRow.kind, NodeRow.target)
_WHOLE = (
    *_BRIEF, NodeRow.properties, NodeRow.created_at, NodeRow.modified_at, NodeRow.is_public, NodeRow.group_read,
    NodeRow.group_write, NodeRow.is_locked, NodeRow.inherits, NodeRow.size, NodeRow.md5, NodeRow.media_type,
    UserRow.name.label("owner_name"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChildrenQuery:
    """The children of a container that the caller can read.

    Parameters
    ----------
    path, parent_id
        Path and row id of the container; the id is None for the container of all homes.
    readable
        Condition for readable children.
    """

    path: Path
    parent_id: int | None
    readable: ColumnElement[bool]

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition on ``NodeRow``."""
        parent = NodeRow.parent_id.is_(None) if self.parent_id is None else NodeRow.parent_id == self.parent_id
        return parent & self.readable


def home_children(database: Database, session: Session, query: ChildrenQuery, listing: Listing) -> Sequence[Node]:
    """Return the children of a container in the range and order of a listing."""
    numbers = session.scalars(_ordered(query, listing)).all()
    return LazyNodes(numbers, partial(_read, database, query, listing.brief))


def _read(database: Database, query: ChildrenQuery, brief: bool, numbers: Sequence[int]) -> list[Node]:
    path, parent_id = query.path, query.parent_id
    columns = select(*_BRIEF) if brief else select(*_WHOLE).join(UserRow, UserRow.id == NodeRow.owner_id)
    with database.read() as session:
        rows = {row.id: row for row in session.execute(columns.where(query.condition, NodeRow.id.in_(numbers)))}
        busy = {name for _, name in busy_names(session, [] if parent_id is None else [parent_id])}
    found = (rows[number] for number in numbers if number in rows)
    if brief:
        return [Node((*path, row.name), NodeKind(row.kind), target=row.target, busy=row.name in busy) for row in found]
    # A row of these columns has all attributes that node_of_row reads, and is cheaper than an ORM object.
    return [node_of_row(cast("NodeRow", row), (*path, row.name), busy=row.name in busy) for row in found]


def _ordered(query: ChildrenQuery, listing: Listing) -> Select[int]:
    """Select the children in the order of a listing."""
    key = {SortKey.DATE: NodeRow.modified_at, SortKey.LENGTH: NodeRow.size, None: NodeRow.name}[listing.sort]
    order = (key.desc(), NodeRow.name.desc()) if listing.descending else (key, NodeRow.name)
    statement = select(NodeRow.id).where(query.condition).order_by(*order)
    if listing.start is not None:
        statement = statement.where(_from_start(query, listing))
    return statement if listing.limit is None else statement.limit(listing.limit)


def _from_start(query: ChildrenQuery, listing: Listing) -> ColumnElement[bool]:
    start = listing.start or ""
    by_name = NodeRow.name <= start if listing.descending else NodeRow.name >= start
    if listing.sort is None:
        return by_name
    column = NodeRow.modified_at if listing.sort is SortKey.DATE else NodeRow.size
    first = aliased(NodeRow)
    wanted = first.modified_at if listing.sort is SortKey.DATE else first.size
    parent = first.parent_id.is_(None) if query.parent_id is None else first.parent_id == query.parent_id
    value = select(wanted).where(parent, first.name == start).scalar_subquery()
    beyond: ColumnElement[bool] = column < value if listing.descending else column > value
    return or_(beyond, (column == value) & by_name)
