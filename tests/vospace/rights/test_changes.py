"""Changes of nodes below ``/home`` by the service of homes itself, each decision of which is noticed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.auth.models import Identity
from core.auth.service import AccountService
from core.database import utc_now
from core.errors import AuthenticationError, PermissionDeniedError, TooLargeError
from tests.vospace.rights.people import People
from vospace.access import NodeAccess
from vospace.faults import InvalidArgumentError, InvalidURIError, LinkFoundError, NodeBusyError, NodeNotFoundError
from vospace.home.changes import HomeChanges
from vospace.home.nodes import EMPTY_MD5, EMPTY_SHA256, HomeLimits, Homes
from vospace.models import Listing, NodeKind, NodeRequest, Path, PropertyRequest
from vospace.schema import NodeRow, NodeWriteRow
from vospace.storage import find_chain

HOME: Path = ("home", "owner")
TARGET = "vos://example.org~vospace/home/owner/a"


@dataclass(frozen=True)
class Home:
    """The home of the owner, and the service that changes it."""

    people: People
    homes: Homes
    changes: HomeChanges

    def who(self, name: str = "owner") -> Identity:
        """Give the identity of a person."""
        return self.people.identities[name]

    def make(self, *names: str, kind: NodeKind = NodeKind.CONTAINER, target: str | None = None, **properties: str):
        """Create a node as the owner."""
        wanted = tuple(PropertyRequest(name, value) for name, value in properties.items())
        return self.changes.create(self.who(), (*HOME, *names), NodeRequest("", kind, wanted, target))

    def store(self, names: tuple[str, ...], **values: object) -> None:
        """Set what is stored of a node."""
        with self.people.database.write() as session:
            row = find_chain(session, (*HOME, *names))[-1]
            session.execute(update(NodeRow).where(NodeRow.id == row.id).values(**values))

    def claim(self, *names: str) -> None:
        """Let a name be written."""
        with self.people.database.write() as session:
            parent = find_chain(session, (*HOME, *names[:-1]))[-1]
            expires = utc_now() + timedelta(hours=1)
            session.add(NodeWriteRow(parent_id=parent.id, name=names[-1], token="t", expires_at=expires))

    def names(self, *names: str) -> set[str]:
        """Give the names of the children of a node."""
        node = self.homes.node(self.who(), (*HOME, *names), Listing())
        return {child.path[-1] for child in node.children or ()}


@pytest.fixture
def home(people: People) -> Home:
    people.clear()
    homes = Homes(people.database, people.space.store, NodeAccess("example.org"), HomeLimits(10**6, 20, 10**5))
    return Home(people, homes, HomeChanges(homes))


WORK: dict[str, Callable[[HomeChanges, Identity, Path], object]] = {
    "create": lambda changes, who, path: changes.create(who, path, NodeRequest("", NodeKind.CONTAINER, (), None)),
    "change": lambda changes, who, path: changes.change(who, path, NodeRequest("", NodeKind.CONTAINER, (), None)),
    "change all": lambda changes, who, path: changes.change_all(who, path, ()),
    "delete": lambda changes, who, path: changes.delete(who, path),
    "delete all": lambda changes, who, path: changes.delete_all(who, path),
    "check": lambda changes, who, path: changes.check_deletable(who, path),
}


@pytest.mark.parametrize("work", WORK)
def test_a_token_for_writing_is_asked_for_before_anything_is_looked_up(home: Home, work: str):
    for name, error in (("nobody", AuthenticationError), ("owner_reading", PermissionDeniedError)):
        with pytest.raises(error):
            WORK[work](home.changes, home.who(name), (*HOME, "none", "b"))


@pytest.mark.parametrize("work", ["change all", "delete", "delete all", "check"])
def test_readers_of_a_folder_change_nothing_in_it(home: Home, work: str):
    home.people.make(((*HOME, "a"), "shared", False), ((*HOME, "a", "f"), "shared", True))
    before = home.people.snapshot()
    with pytest.raises(PermissionDeniedError):
        WORK[work](home.changes, home.who("reader"), (*HOME, "a"))
    assert home.people.snapshot() == before


def test_a_link_without_a_target_is_no_answer_to_a_token_for_reading(home: Home):
    link = NodeRequest("", NodeKind.LINK, (), None)
    with pytest.raises(PermissionDeniedError):
        home.changes.create(home.who("owner_reading"), (*HOME, "link"), link)


@pytest.mark.parametrize("work", ["check", "delete"])
def test_a_deletion_looks_at_every_node_below(home: Home, work: str):
    folder, inner = (*HOME, "a"), (*HOME, "a", "b")
    home.people.make((folder, "shared", False), (inner, "shared", False), ((*inner, "f"), "closed", True))
    before = home.people.snapshot()
    with pytest.raises(PermissionDeniedError):
        WORK[work](home.changes, home.who("writer"), inner)
    assert home.people.snapshot() == before
    WORK[work](home.changes, home.who(), inner)
    assert home.names("a") == ({"b"} if work == "check" else set())


def test_pruning_needs_a_right_on_the_node_itself(home: Home):
    folder, inner = (*HOME, "a"), (*HOME, "a", "b")
    home.people.make((folder, "shared", False), (inner, "open", False), ((*inner, "f"), "shared", True))
    with pytest.raises(PermissionDeniedError):
        home.changes.delete_all(home.who("writer"), inner)


@pytest.mark.parametrize("work", ["delete", "delete all", "check"])
def test_a_hidden_node_is_as_missing_for_who_reads_its_folder(home: Home, work: str):
    home.people.make(((*HOME, "a"), "shared", False), ((*HOME, "a", "hidden"), "closed", True))
    for name in ("hidden", "none"):
        with pytest.raises(NodeNotFoundError):
            WORK[work](home.changes, home.who("reader"), (*HOME, "a", name))


def test_a_hidden_name_cannot_be_used_and_is_not_told(home: Home):
    home.people.make(((*HOME, "a"), "shared", False), ((*HOME, "a", "hidden"), "closed", True))
    with pytest.raises(NodeNotFoundError):
        WORK["create"](home.changes, home.who("writer"), (*HOME, "a", "hidden"))


def test_nothing_is_found_in_a_home_that_was_never_used(home: Home):
    accounts = AccountService(home.people.database)
    accounts.add_user("newcomer", None)
    with pytest.raises(NodeNotFoundError):
        home.changes.delete(accounts.identity_of_user("newcomer"), ("home", "newcomer", "none"))


@pytest.mark.parametrize("whole", [False, True])
def test_deleted_files_leave_the_store(home: Home, whole: bool):
    home.people.make(((*HOME, "a"), "closed", False), ((*HOME, "a", "f"), "closed", True))
    before = set(home.people.space.store.ids())
    home.people.fill((*HOME, "a", "f"), b"bytes")
    assert len(set(home.people.space.store.ids()) - before) == 1
    WORK["delete all" if whole else "delete"](home.changes, home.who(), (*HOME, "a"))
    assert set(home.people.space.store.ids()) <= before


@pytest.mark.parametrize("claimed", [("a",), ("a", "f"), ("a", "b"), ("a", "new"), ("a", "b", "new")])
def test_what_is_being_written_is_not_deleted(home: Home, claimed: tuple[str, ...]):
    for names in (("a",), ("a", "b")):
        home.make(*names)
    home.make("a", "f", kind=NodeKind.DATA)
    home.claim(*claimed)
    with pytest.raises(NodeBusyError):
        home.changes.delete(home.who(), (*HOME, "a"))
    if claimed == ("a", "f"):
        with pytest.raises(NodeBusyError):
            home.changes.delete(home.who(), (*HOME, "a", "f"))
    assert home.names("a") == {"b", "f"}


@pytest.mark.parametrize("target", ["nothing", "vos:" + "x" * 1997, "vos:a\nb"])
def test_a_link_has_a_target_that_is_a_uri(home: Home, target: str):
    with pytest.raises(InvalidURIError):
        home.make("link", kind=NodeKind.LINK, target=target)
    assert home.make("folder", target=target).target is None
    longest = "vos:" + "x" * 1996
    assert home.make("link", kind=NodeKind.LINK, target=longest).target == longest


def test_the_target_of_a_link_stays(home: Home):
    home.make("link", kind=NodeKind.LINK, target=TARGET)
    title = (PropertyRequest("title", "t"),)
    for target in (None, TARGET):
        changed = home.changes.change(home.who(), (*HOME, "link"), NodeRequest("", NodeKind.LINK, title, target))
        assert changed.target == TARGET
    with pytest.raises(InvalidArgumentError, match="target of a link"):
        home.changes.change(home.who(), (*HOME, "link"), NodeRequest("", NodeKind.LINK, title, f"{TARGET}b"))


def test_no_change_goes_through_a_link(home: Home):
    home.make("a")
    home.make("link", kind=NodeKind.LINK, target=TARGET)
    for work in ("change", "change all", "delete"):
        with pytest.raises(LinkFoundError):
            WORK[work](home.changes, home.who(), (*HOME, "link", "b"))


def test_homes_are_not_deleted_and_what_is_missing_is_not_found(home: Home):
    for path in (("home",), HOME):
        with pytest.raises(PermissionDeniedError, match="cannot be deleted or moved"):
            home.changes.delete(home.who(), path)
    for path in (("home", "none"), (*HOME, "none")):
        with pytest.raises(NodeNotFoundError):
            home.changes.delete(home.who(), path)


def test_a_home_holds_as_many_nodes_as_its_limit(home: Home):
    present = home.homes.limits.nodes
    made = 0
    with pytest.raises(TooLargeError, match=f"at most {present} nodes"):
        for made in range(present + 1):
            home.make(f"n{made}")
    assert made in {present - 1, present}
    assert len(home.names()) == made


def test_a_folder_with_nodes_of_others_is_opened_by_nobody_but_its_owner(home: Home):
    home.people.make(((*HOME, "a"), "theirs", False), ((*HOME, "a", "f"), "closed", True))
    opened = NodeRequest("", NodeKind.CONTAINER, (PropertyRequest("ispublic", "true"),), None)
    with pytest.raises(PermissionDeniedError):
        home.changes.change(home.who("creator"), (*HOME, "a"), opened)
    assert home.changes.change(home.who(), (*HOME, "a"), opened).properties["ispublic"] == "true"


def test_properties_are_set_in_a_whole_tree(home: Home):
    home.make("a")
    home.make("a", "f", kind=NodeKind.DATA)
    assert home.changes.change_all(home.who(), (*HOME, "a"), (PropertyRequest("title", "t"),)) == (2, 0)
    for names in (("a",), ("a", "f")):
        assert home.homes.node(home.who(), (*HOME, *names), Listing()).properties["title"] == "t"


def test_pruning_keeps_what_is_locked_busy_or_not_the_callers(home: Home):
    for names in (("a",), ("a", "locked")):
        home.make(*names)
    for names in (("a", "f"), ("a", "busy"), ("a", "shut"), ("a", "locked", "f")):
        home.make(*names, kind=NodeKind.DATA)
    home.claim("a", "busy")
    for names in (("a", "shut"), ("a", "locked")):
        home.store(names, is_locked=True)
    assert home.changes.delete_all(home.who(), (*HOME, "a")) == (1, 5)
    assert home.names("a") == {"busy", "shut", "locked"}


def test_pruning_keeps_files_of_folders_that_the_caller_only_reads(home: Home):
    folder = (*HOME, "a")
    home.people.make(
        (folder, "shared", False),
        ((*folder, "b"), "shared", False),
        ((*folder, "b", "c"), "open", False),
        ((*folder, "b", "c", "f"), "shared", True),
    )
    before = home.people.snapshot()
    assert home.changes.delete_all(home.who("writer"), (*folder, "b")) == (0, 3)
    assert home.people.snapshot() == before


@pytest.mark.parametrize("inherits", [False, True])
def test_a_new_node_has_the_permissions_of_its_container_when_these_are_passed_on(home: Home, inherits: bool):
    home.make(
        "a", ispublic="true", groupread="ivo://example.org/gms?readers", groupwrite="ivo://example.org/gms?writers"
    )
    home.store(("a",), inherits=inherits)
    home.make("a", "b")
    home.make("a", "f", kind=NodeKind.DATA)
    with home.people.database.read() as session:
        container, file = (find_chain(session, (*HOME, "a", name))[-1] for name in ("b", "f"))
    for row in (container, file):
        assert row.is_public is inherits
        assert ("readers" in row.group_read, "writers" in row.group_write) == (inherits, inherits)
    assert (container.inherits, file.inherits) == (inherits, False)
    assert (container.md5, container.sha256) == (None, None)
    assert (file.md5, file.sha256) == (EMPTY_MD5, EMPTY_SHA256)
