"""Queries on the rows of nodes below ``/home``, and the conversion of rows to nodes."""

import hashlib
import secrets
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
    "claim_token",
    "claim_write",
    "find_chain",
    "node_of_row",
    "release_write",
    "renew_write",
    "stored_ids",
    "subtree",
    "usage_of_home",
]

#: Name of the container of all homes.
HOME = "home"

#: Time after which a claim on a node expires unless it is renewed.
_CLAIM_DURATION = timedelta(seconds=120)
#: Digits of the token of a claim that are those of its upload in parts.
_UPLOAD_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes and nodes in a home, and its quota in bytes."""

    size: int
    nodes: int
    quota: int


def find_chain(session: Session, path: Path, *, lock: bool = False) -> tuple[NodeRow, ...]:
    """Return the rows along a path below ``/home``, from the home on, as far as they exist.

    Parameters
    ----------
    lock
        Whether to lock the home against other changes until the transaction ends.
    """
    chain: list[NodeRow] = []
    for name in path[1:]:
        row = child_row(session, chain[-1].id if chain else None, name, lock=lock and not chain)
        if row is None:
            break
        chain.append(row)
    return tuple(chain)


def child_row(session: Session, parent_id: int | None, name: str, *, lock: bool = False) -> NodeRow | None:
    """Return a child by its name, or a home if there is no parent."""
    parent = NodeRow.parent_id.is_(None) if parent_id is None else NodeRow.parent_id == parent_id
    statement = select(NodeRow).where(parent, NodeRow.name == name).execution_options(populate_existing=True)
    return session.scalar(statement.with_for_update(of=NodeRow) if lock else statement)


def subtree(session: Session, row: NodeRow) -> Iterator[NodeRow]:
    """Yield a node and its descendants, each container before its children."""
    yield row
    level = [row.id] if row.kind == NodeKind.CONTAINER else []
    while level:
        found: list[NodeRow] = []
        for first in range(0, len(level), 500):
            part = NodeRow.parent_id.in_(level[first : first + 500])
            found += session.scalars(select(NodeRow).where(part).order_by(NodeRow.parent_id, NodeRow.name))
        yield from found
        level = [child.id for child in found if child.kind == NodeKind.CONTAINER]


def usage_of_home(session: Session, home: NodeRow, default_quota: int) -> Usage:
    """Return the bytes and nodes in a home."""
    size, count = session.execute(
        select(func.coalesce(func.sum(NodeRow.size), 0), func.count()).where(NodeRow.home_id == home.id)
    ).one()
    return Usage(int(size), int(count), default_quota if home.quota is None else home.quota)


def stored_ids(database: Database) -> frozenset[str]:
    """Return the ids of all files of nodes in the file store."""
    with database.read() as session:
        return frozenset(filter(None, session.scalars(select(NodeRow.stored_id))))


def busy_names(session: Session, parent_ids: Sequence[int]) -> frozenset[tuple[int, str]]:
    """Return the busy nodes in some containers, as container id and name."""
    found: set[tuple[int, str]] = set()
    for first in range(0, len(parent_ids), 500):
        part = NodeWriteRow.parent_id.in_(parent_ids[first : first + 500])
        alive = NodeWriteRow.expires_at > utc_now()
        rows = session.execute(select(NodeWriteRow.parent_id, NodeWriteRow.name).where(part, alive))
        found |= {(parent, name) for parent, name in rows}
    return frozenset(found)


def claim_token(upload: str = "") -> str:
    """Return a new token of a claim; those of one upload in parts begin with the same digits."""
    if not upload:
        return secrets.token_hex(16)
    return hashlib.sha256(upload.encode()).hexdigest()[:_UPLOAD_DIGITS] + secrets.token_hex(8)


def claim_write(session: Session, parent_id: int, name: str, token: str) -> bool:
    """Claim a node for writing; return False when another request holds a claim. The home must be locked.

    The next request of an upload in parts takes over the claim of the one before it, whose server may have died. Who of
    them adds bytes is the business of the file store.
    """
    row = session.get(NodeWriteRow, (parent_id, name))
    if row is not None and row.expires_at > utc_now() and row.token[:_UPLOAD_DIGITS] != token[:_UPLOAD_DIGITS]:
        return False
    if row is None:
        row = NodeWriteRow(parent_id=parent_id, name=name)
        session.add(row)
    row.token, row.expires_at = token, utc_now() + _CLAIM_DURATION
    session.flush()
    return True


def renew_write(session: Session, parent_id: int, name: str, token: str) -> None:
    """Renew the claim on a node."""
    mine = (NodeWriteRow.parent_id == parent_id, NodeWriteRow.name == name, NodeWriteRow.token == token)
    session.execute(update(NodeWriteRow).where(*mine).values(expires_at=utc_now() + _CLAIM_DURATION))


def release_write(session: Session, parent_id: int, name: str, token: str) -> bool:
    """Release the claim on a node; return whether the caller still held it."""
    mine = (NodeWriteRow.parent_id == parent_id, NodeWriteRow.name == name, NodeWriteRow.token == token)
    gone = session.scalars(delete(NodeWriteRow).where(*mine).returning(NodeWriteRow.token)).all()
    return bool(gone)


def node_of_row(row: NodeRow, path: Path, *, busy: bool = False, usage: Usage | None = None) -> Node:
    """Convert a row to a node; a home gets its quota and free space as properties."""
    kind = NodeKind(row.kind)
    public = "true" if row.is_public else "false"
    properties = {
        **row.properties,
        "creator": row.owner_name,
        "length": str(row.size),  # also for nodes without bytes, because clients sort by it
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
