"""A home with folders and files of every sharing, and the people who ask for them."""

from dataclasses import dataclass, field
from typing import Any

import httpx2
from sqlalchemy import delete, insert, select

from core.auth.groups import GroupService
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.schema import UserRow
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.errors import PhotozError
from tests.vospace.client import VOSpaceClient
from vospace.assembly import VOSpaceServices
from vospace.faults import fault_name
from vospace.home.properties import stored_groups
from vospace.models import NodeKind, NodeRequest, Path, PropertyRequest
from vospace.schema import NodeRow, NodeWriteRow
from vospace.storage import find_chain

__all__ = ["ACTORS", "NONE", "OWN", "READ", "RIGHTS", "SHARINGS", "WRITE", "People", "right_in_words"]

#: Who asks, with the scope of the token.
ACTORS = {
    "owner": Scope.WRITE,
    "owner_reading": Scope.READ,
    "admin": Scope.ADMIN,
    "admin_writing": Scope.WRITE,
    "creator": Scope.WRITE,
    "writer": Scope.WRITE,
    "reader": Scope.WRITE,
    "registered": Scope.WRITE,
    "nobody": None,
}
NONE, READ, WRITE, OWN = range(4)
_READERS, _WRITERS = "ivo://example.org/gms?readers", "ivo://example.org/gms?writers"

#: Properties of a node with each sharing.
SHARINGS: dict[str, dict[str, str]] = {
    "closed": {},
    "shared": {"groupread": _READERS, "groupwrite": _WRITERS},
    "registered": {"groupread": "ivo://example.org/gms?registered"},
    "open": {"ispublic": "true"},
    "theirs": {},
    "both": {"groupread": _READERS, "groupwrite": _WRITERS, "ispublic": "true"},
}
_OWNERS = {"owner": OWN, "owner_reading": READ, "admin": OWN}
_ALL = dict.fromkeys(("admin_writing", "creator", "writer", "reader", "registered"), READ)

#: Right of each person on a node of each sharing, when its containers can be read.
RIGHTS: dict[str, dict[str, int]] = {
    "closed": _OWNERS,
    "shared": {"creator": WRITE, "writer": WRITE, "reader": READ, **_OWNERS},
    "registered": {**_ALL, **_OWNERS},
    "open": {**_ALL, "nobody": READ, **_OWNERS},
    "theirs": {"creator": OWN, **_OWNERS},
    "both": {**_ALL, "nobody": READ, "creator": WRITE, "writer": WRITE, **_OWNERS},
}


def right_in_words(actor: str, *sharings: str) -> int:
    """Give the right on the last of some nodes that lie in each other."""
    if actor in _OWNERS:
        return _OWNERS[actor]
    rights = [RIGHTS[sharing].get(actor, NONE) for sharing in sharings]
    return NONE if NONE in rights else rights[-1]


@dataclass
class People:
    """A VOSpace, its people, and a public home."""

    client: httpx2.Client
    space: VOSpaceServices
    database: Database
    identities: dict[str, Identity] = field(default_factory=dict)
    clients: dict[str, VOSpaceClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        accounts, groups = AccountService(self.database), GroupService(self.database)
        for name in ("owner", "admin", "creator", "writer", "reader", "registered"):
            accounts.add_user(name, None, is_admin=name == "admin")
        owner = accounts.identity_of_user("owner")
        for group, members in (("readers", ("reader",)), ("writers", ("writer", "creator"))):
            made = groups.create(owner, group)
            for member in members:
                groups.add_member(owner, made.id, member)
        for actor, scope in ACTORS.items():
            if scope is None:
                self.identities[actor], self.clients[actor] = ANONYMOUS, VOSpaceClient(self.client)
                continue
            identity = accounts.identity_of_user(actor.partition("_")[0], scope)
            token = accounts.issue_token(identity, actor, scope).secret
            self.identities[actor], self.clients[actor] = (
                accounts.identity_of_token(token),
                VOSpaceClient(self.client, token),
            )
        homes = ("owner", "admin", "creator", "writer", "reader", "registered")
        self.make(*((("home", home), "open", False) for home in homes))

    def make(self, *nodes: tuple[Path, str, bool]) -> None:
        """Insert nodes in one transaction, without bytes: the path, the sharing, whether it is a file."""
        with self.database.write() as session:
            owners = {row.name: row.id for row in session.query(UserRow)}
            for path, sharing, is_file in nodes:
                chain = find_chain(session, path[:-1])
                about, now = SHARINGS[sharing], utc_now()
                creator = "creator" if sharing == "theirs" else path[1]
                row = NodeRow(
                    parent_id=chain[-1].id if chain else None,
                    home_id=chain[0].id if chain else None,
                    name=path[-1],
                    kind=NodeKind.DATA if is_file else NodeKind.CONTAINER,
                    owner_id=owners[creator],
                    created_at=now,
                    modified_at=now,
                    is_public="ispublic" in about,
                    group_read=stored_groups(about.get("groupread", "")),
                    group_write=stored_groups(about.get("groupwrite", "")),
                    properties={},
                )
                session.add(row)
                session.flush()

    def fill(self, path: Path, content: bytes) -> None:
        """Give bytes to a file."""
        with self.space.store.stage(limit=1000) as staging:
            staging.write(content)
            self.space.nodes.put_stored(self.identities["admin"], path, staging.finish())

    def clear(self) -> None:
        """Delete all nodes but the homes."""
        self.restore([])

    def kept(self) -> list[dict[str, Any]]:
        """Give the rows of all nodes but the homes, from which they can be made again."""
        with self.database.read() as session:
            rows = session.execute(select(*NodeRow.__table__.columns).where(NodeRow.parent_id.is_not(None)))
            return [dict(row._mapping) for row in rows]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Let there be the nodes of some rows and the homes, and nothing else: no name is being written either."""
        with self.database.write() as session:
            session.execute(delete(NodeWriteRow.__table__))
            session.execute(delete(NodeRow.__table__).where(NodeRow.parent_id.is_not(None)))
            if rows:
                session.execute(insert(NodeRow.__table__), rows)

    def fault(self, work: Any, *arguments: Any, **named: Any) -> str:
        """Do something, and give the name of the fault in which it ends, or nothing."""
        try:
            work(*arguments, **named)
        except PhotozError as e:
            return fault_name(e)
        return ""

    def snapshot(self) -> list[tuple[Any, ...]]:
        """Give all that is stored of nodes, but when they were changed."""
        rows: list[tuple[Any, ...]] = []
        with self.database.read() as session:
            for table in (NodeRow.__table__, NodeWriteRow.__table__):
                columns = [column for column in table.columns if column.name != "modified_at"]
                rows += map(tuple, session.execute(select(*columns).order_by(*columns[:2])))
        return rows

    def request(self, path: Path, name: str, value: str) -> NodeRequest:
        """Write a request to set one property of a container."""
        return NodeRequest(self.space.nodes.uris.of(path), NodeKind.CONTAINER, (PropertyRequest(name, value),), None)
