"""Between nodes below ``/home`` and what the database stores of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.database import Database, utc_now
from vospace.models import Node, NodeKind, Path, time_property
from vospace.schema import NodeRow, NodeWriteRow

__all__ = [
    "HOME",
    "Usage",
    "busy_names",
    "child_row",
    "claim_write",
    "find_chain",
    "node_of_row",
    "release_write",
    "renew_write",
    "space_used",
    "stored_ids",
    "subtree",
]

#: Name of the container of all homes.
HOME = "home"

#: How long a node stays busy when whoever writes it is not heard of.
_WRITE_LIFE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much a home holds, and how many bytes it may hold."""

    size: int
    nodes: int
    quota: int


def find_chain(session: Session, path: Path, *, lock: bool = False) -> tuple[NodeRow, ...]:
    """Return the nodes that a path below ``/home`` leads through, from the home on, as far as they exist.

    Parameters
    ----------
    lock
        Whether nobody else may change anything in the home until the transaction ends.
    """
    chain: list[NodeRow] = []
    for name in path[1:]:
        row = child_row(session, chain[-1].id if chain else None, name, lock=lock and not chain)
        if row is None:
            break
        chain.append(row)
    return tuple(chain)


def child_row(session: Session, parent_id: int | None, name: str, *, lock: bool = False) -> NodeRow | None:
    """Find a child by its name; without a parent, a home."""
    parent = NodeRow.parent_id.is_(None) if parent_id is None else NodeRow.parent_id == parent_id
    statement = select(NodeRow).where(parent, NodeRow.name == name).execution_options(populate_existing=True)
    return session.scalar(statement.with_for_update(of=NodeRow) if lock else statement)


def subtree(session: Session, row: NodeRow) -> Iterator[NodeRow]:
    """Yield a node and all that lies in it, each container before what it holds."""
    yield row
    level = [row.id] if row.kind == NodeKind.CONTAINER else []
    while level:
        found: list[NodeRow] = []
        for first in range(0, len(level), 500):
            part = NodeRow.parent_id.in_(level[first : first + 500])
            found += session.scalars(select(NodeRow).where(part).order_by(NodeRow.parent_id, NodeRow.name))
        yield from found
        level = [child.id for child in found if child.kind == NodeKind.CONTAINER]


def space_used(session: Session, home: NodeRow, default_quota: int) -> Usage:
    """Add up what a home holds."""
    size, count = session.execute(
        select(func.coalesce(func.sum(NodeRow.size), 0), func.count()).where(NodeRow.home_id == home.id)
    ).one()
    return Usage(int(size), int(count), default_quota if home.quota is None else home.quota)


def stored_ids(database: Database) -> frozenset[str]:
    """Return the ids of all bytes that nodes have."""
    with database.read() as session:
        return frozenset(filter(None, session.scalars(select(NodeRow.stored_id))))


def busy_names(session: Session, parent_ids: Sequence[int]) -> frozenset[tuple[int, str]]:
    """Return the nodes in some containers that are being written, by container and name."""
    found: set[tuple[int, str]] = set()
    for first in range(0, len(parent_ids), 500):
        part = NodeWriteRow.parent_id.in_(parent_ids[first : first + 500])
        alive = NodeWriteRow.expires_at > utc_now()
        rows = session.execute(select(NodeWriteRow.parent_id, NodeWriteRow.name).where(part, alive))
        found |= {(parent, name) for parent, name in rows}
    return frozenset(found)


def claim_write(session: Session, parent_id: int, name: str, token: str) -> bool:
    """Mark a node as being written; say whether nobody else writes it. The home must be locked."""
    row = session.get(NodeWriteRow, (parent_id, name))
    if row is not None and row.expires_at > utc_now():
        return False
    if row is None:
        row = NodeWriteRow(parent_id=parent_id, name=name)
        session.add(row)
    row.token, row.expires_at = token, utc_now() + _WRITE_LIFE
    session.flush()
    return True


def renew_write(session: Session, parent_id: int, name: str, token: str) -> None:
    """Keep a node busy for some more time."""
    mine = (NodeWriteRow.parent_id == parent_id, NodeWriteRow.name == name, NodeWriteRow.token == token)
    session.execute(update(NodeWriteRow).where(*mine).values(expires_at=utc_now() + _WRITE_LIFE))


def release_write(session: Session, parent_id: int, name: str, token: str) -> bool:
    """End the writing of a node; say whether it was still the caller's to write."""
    mine = (NodeWriteRow.parent_id == parent_id, NodeWriteRow.name == name, NodeWriteRow.token == token)
    gone = session.scalars(delete(NodeWriteRow).where(*mine).returning(NodeWriteRow.token)).all()
    return bool(gone)


def node_of_row(row: NodeRow, path: Path, *, busy: bool = False, usage: Usage | None = None) -> Node:
    """Return the value of a stored node; a home says how much room is left."""
    kind = NodeKind(row.kind)
    public = "true" if row.is_public else "false"
    properties = {
        **row.properties,
        "creator": row.owner_name,
        "length": str(row.size),  # of nodes without bytes, too: clients sort by it
        "date": time_property(row.modified_at),
        "ctime": time_property(row.created_at),
        "ispublic": public,
        "publicread": public,
    }
    if read := row.group_read.strip():
        properties["groupread"] = read
    if write := row.group_write.strip():
        properties["groupwrite"] = write
    if row.is_locked:
        properties["islocked"] = "true"
    if row.inherits:
        properties["inheritPermissions"] = "true"
    if kind.has_bytes:
        properties["MD5"] = row.md5 or ""
        if row.media_type:
            properties["type"] = row.media_type
    if usage is not None:
        properties |= {"quota": str(usage.quota), "availableSpace": str(max(0, usage.quota - usage.size))}
    return Node(path, kind, properties, target=row.target, busy=busy)
