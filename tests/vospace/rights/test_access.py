"""Rights on rows, without a database: every person on nodes of every sharing, alone and below each other."""

from collections.abc import Iterator
from itertools import product

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from core.auth.models import ANONYMOUS, Identity
from core.database import Base, utc_now
from tests.vospace.rights.people import ACTORS, SHARINGS, right_in_words
from vospace.access import NodeAccess
from vospace.home.properties import stored_groups
from vospace.rights.decisions import Decision, Operation, Right
from vospace.schema import NodeRow

ACCESS = NodeAccess("example.org")
_IDS = {"owner": 1, "admin": 2, "creator": 3, "writer": 4, "reader": 5, "registered": 6}
_GROUPS = {"creator": {"writers"}, "writer": {"writers"}, "reader": {"readers"}}


def _identity(actor: str) -> Identity:
    scope, name = ACTORS[actor], actor.partition("_")[0]
    if scope is None:
        return ANONYMOUS
    groups = frozenset(_GROUPS.get(name, ()))
    return Identity(_IDS[name], name, is_admin=name == "admin", scope=scope, groups=groups)


def _chain(*sharings: str) -> tuple[NodeRow, ...]:
    rows = []
    for number, sharing in enumerate(("open", *sharings), 1):
        about = SHARINGS[sharing]
        rows.append(
            NodeRow(
                id=number,
                parent_id=number - 1 or None,
                owner_id=_IDS["creator" if sharing == "theirs" else "owner"],
                is_public="ispublic" in about,
                group_read=stored_groups(about.get("groupread", "")),
                group_write=stored_groups(about.get("groupwrite", "")),
            )
        )
    return tuple(rows)


@pytest.mark.parametrize("actor", ACTORS)
def test_the_right_on_a_node_is_that_of_its_sharing_and_of_those_above(actor: str):
    identity = _identity(actor)
    for sharings in (*((one,) for one in SHARINGS), *product(SHARINGS, SHARINGS), ("shared", "closed", "open")):
        chain, expected = _chain(*sharings), right_in_words(actor, *sharings)
        assert ACCESS.right(identity, chain) == expected, sharings
        assert ACCESS.may_read(identity, chain) is (expected >= Right.READ)
        below = ACCESS.rights_below(identity, chain[:2], chain[1:])
        wanted = {row.id: right_in_words(actor, *sharings[:depth]) for depth, row in enumerate(chain[1:], 1)}
        assert below == wanted, sharings
        container = right_in_words(actor, *sharings[:-1]) if sharings[1:] else max(1, right_in_words(actor, "open"))
        for operation, needed in ((Operation.DELETE, (2, 2)), (Operation.SHARE, (1, 3)), (Operation.READ, (1, 1))):
            if 0 in (container, expected):
                decision = Decision.HIDDEN
            else:
                fits = container >= needed[0] and expected >= needed[1]
                decision = Decision.ALLOWED if fits else Decision.DENIED
            assert ACCESS.decide(identity, operation, chain) is decision, (sharings, operation)


def test_all_nodes_below_are_asked():
    writer, tree = _identity("writer"), (*_chain("shared", "shared"), _chain("shared", "shared", "closed")[-1])
    assert ACCESS.decide(writer, Operation.DELETE, tree[:3]) is Decision.ALLOWED
    assert ACCESS.decide(writer, Operation.DELETE, tree[:3], tree[3:]) is Decision.DENIED
    assert ACCESS.decide(writer, Operation.PRUNE, tree[:3], tree[3:]) is Decision.ALLOWED


def test_the_home_itself_is_its_own_container():
    home = _chain()
    assert ACCESS.decide(_identity("owner"), Operation.SHARE, home) is Decision.ALLOWED
    assert ACCESS.decide(_identity("reader"), Operation.SET, home) is Decision.DENIED


@pytest.fixture(scope="module")
def children() -> Iterator[Session]:
    """The children of a home, one of each sharing, in a database."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, [Base.metadata.tables[name] for name in ("users", "nodes")])
    with Session(engine) as session:
        about = {"kind": "DataNode", "created_at": utc_now(), "modified_at": utc_now(), "properties": {}}
        for number, sharing in enumerate(SHARINGS, 10):
            row = _chain(sharing)[-1]
            row.id, row.name = number, sharing
            for key, value in about.items():
                setattr(row, key, value)
            session.add(row)
        session.flush()
        yield session
    engine.dispose()


@pytest.mark.parametrize("actor", ACTORS)
def test_the_condition_on_children_agrees_with_the_rights_on_them(children: Session, actor: str):
    identity, (home,) = _identity(actor), _chain()
    expected = {sharing for sharing in SHARINGS if right_in_words(actor, sharing) >= Right.READ}
    found = set(children.scalars(select(NodeRow.name).where(ACCESS.readable(identity, home))))
    assert found == expected
    # Of the list of all homes, the owner of one sees what others share, and an administrator everything.
    theirs = {"theirs"} if actor == "creator" else set()
    own = {"closed", "shared", "registered", "open", "both"} if actor.startswith("owner") else theirs
    shared = {sharing for sharing in SHARINGS if actor != "admin" and right_in_words(actor, sharing) >= Right.READ} & (
        {"registered", "open", "both", "shared"} if not actor.startswith("owner") else {"registered", "open", "both"}
    )
    listed = set(children.scalars(select(NodeRow.name).where(ACCESS.readable(identity, None))))
    assert listed == (set(SHARINGS) if actor == "admin" else own | shared)


@pytest.mark.parametrize("group", ["re_ders", "%", "reader", "readers2", "writer_"])
def test_names_of_groups_are_no_patterns(children: Session, group: str):
    member = Identity(9, "member", groups=frozenset({group}))
    found = set(children.scalars(select(NodeRow.name).where(ACCESS.readable(member, _chain()[0]))))
    assert found == {"registered", "open", "both"}
    assert ACCESS.right(member, _chain("shared")) is Right.NONE


def test_groups_are_named_by_the_authority():
    assert ACCESS.groups_of(ANONYMOUS) == ()
    assert ACCESS.groups_of(_identity("reader")) == (
        "ivo://example.org/gms?registered", "ivo://example.org/gms?readers",
    )  # fmt: skip
