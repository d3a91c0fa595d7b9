"""Random operations of several people: none lets more people read bytes, or changes bytes, without the right to."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as Folder

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import event, select

from core.auth.groups import GroupService
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.errors import PhotozError
from core.settings import Settings
from tests.support.databases import make_tables
from tests.support.fuzzing import FACTOR
from tests.vospace.conftest import bare_vospace
from vospace.models import Listing, NodeKind, NodeRequest, Path, PropertyRequest
from vospace.schema import NodeRow

pytestmark = pytest.mark.slow

PEOPLE = ("ada", "bob", "cem", "dee")
_GROUP = "ivo://example.org/gms?team"
_who = st.sampled_from(PEOPLE)
_names = st.sampled_from(["a", "b"])
#: Most nodes are near each other in the home of ada, whose folder the team shares.
_paths = st.one_of(
    st.lists(_names, min_size=1, max_size=3).map(lambda names: ("home", "ada", "team", *names)),
    st.tuples(st.sampled_from(["ada", "bob"]), _names).map(lambda names: ("home", *names)),
)
_properties = st.dictionaries(
    st.sampled_from(["ispublic", "groupread", "groupwrite", "inheritPermissions", "title"]), st.booleans(), min_size=1
)


@dataclass(frozen=True)
class File:
    """A file as it is stored, and who can read it."""

    owners: frozenset[str]
    writers: frozenset[str]
    bytes_id: str | None
    readers: frozenset[str]


class RightsMachine(RuleBasedStateMachine):
    """Homes of two people, one with a folder of a team of three, and what each step changed of files."""

    @initialize()
    def begin(self) -> None:
        self.folder = Folder(tempfile.mkdtemp(prefix="photoz-rights-"))
        where = Settings(data=self.folder, authority="example.org", base_url="http://testserver")
        self.database = Database(f"sqlite:///{self.folder}/photoz.sqlite")
        event.listen(self.database.engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
        make_tables(self.database.engine)
        _, self.space = bare_vospace(where, self.database)
        accounts, groups = AccountService(self.database), GroupService(self.database)
        for name in PEOPLE:
            accounts.add_user(name, None)
        team = groups.create(accounts.identity_of_user("ada"), "team")
        for name in ("bob", "cem"):
            groups.add_member(accounts.identity_of_user("ada"), team.id, name)
        self.people: dict[str, Identity] = {name: accounts.identity_of_user(name, Scope.WRITE) for name in PEOPLE}
        self.people["nobody"] = ANONYMOUS
        for name in ("ada", "bob"):
            self.share(name, ("home", name), {"ispublic": True})
        self.space.nodes.create(self.people["ada"], ("home", "ada", "team"), self._request(("home", "ada", "team"), {}))
        self.share("ada", ("home", "ada", "team"), {"groupread": True, "groupwrite": True})

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)

    # --- what may happen

    @rule(who=_who, path=_paths, properties=_properties)
    def make(self, who: str, path: Path, properties: dict[str, bool]) -> None:
        self.step(who, lambda: self.space.nodes.create(self.people[who], path, self._request(path, properties)))

    @rule(who=_who, path=_paths, content=st.binary(min_size=1, max_size=3))
    def put(self, who: str, path: Path, content: bytes) -> None:
        with self.space.store.stage(limit=10) as staging:
            staging.write(content)
            stored = staging.finish()
        self.step(who, lambda: self.space.nodes.put_stored(self.people[who], path, stored))

    @rule(who=_who, path=_paths, properties=_properties, whole=st.booleans())
    def share(self, who: str, path: Path, properties: dict[str, bool], whole: bool = False) -> None:
        for kind in (NodeKind.CONTAINER, NodeKind.DATA):
            request = self._request(path, properties, kind)
            change = self.space.nodes.change_all if whole else self.space.nodes.change
            self.step(who, lambda request=request, change=change: change(self.people[who], path, request))

    @rule(who=_who, path=_paths, whole=st.booleans())
    def delete(self, who: str, path: Path, whole: bool) -> None:
        remove = self.space.nodes.delete if whole else self.space.nodes.delete_all
        self.step(who, lambda: remove(self.people[who], path))

    @rule(who=_who, source=_paths, destination=_paths, keep=st.booleans())
    def move(self, who: str, source: Path, destination: Path, keep: bool) -> None:
        self.step(who, lambda: self.space.moves.run(self.people[who], source, destination, keep=keep))

    # --- what holds after each step

    def step(self, who: str, work: Callable[[], object]) -> None:
        before = self.files()
        try:
            work()
        except PhotozError:
            assert self.files() == before, "an operation that failed has changed files"
            return
        after = self.files()
        for number, file in before.items():
            now = after.get(number)
            if now is None or now.bytes_id != file.bytes_id:
                assert who in file.writers, f"{who} changed bytes of file {number}"
            if now is not None and not now.readers <= file.readers:
                assert who in file.owners, f"{who} let {set(now.readers - file.readers)} read file {number}"
        for number in after.keys() - before.keys():
            assert who in after[number].owners

    def files(self) -> dict[int, File]:
        """Give all files: owners and writers as their rows say, readers as they find when they try."""
        with self.database.read() as session:
            rows = {row.id: row for row in session.scalars(select(NodeRow))}
        found = {}
        for row in rows.values():
            if row.kind == NodeKind.CONTAINER:
                continue
            chain = [row]
            while chain[0].parent_id is not None:
                chain.insert(0, rows[chain[0].parent_id])
            path = ("home", *(each.name for each in chain))
            readers = frozenset(name for name in self.people if self._reads(name, path))
            home = {chain[0].owner_name}
            team = set(PEOPLE[:3]) if _GROUP in row.group_write else set()
            owners = frozenset(home | ({row.owner_name} & readers))
            found[row.id] = File(owners, owners | (team & readers), row.stored_id, readers)
        return found

    def _reads(self, name: str, path: Path) -> bool:
        try:
            self.space.nodes.file(self.people[name], path)
        except PhotozError:
            return False
        listed = self.space.nodes.node(self.people[name], path[:-1], Listing()).children
        assert path[-1] in {child.name for child in listed}, "a file is read that is not listed"
        return True

    def _request(self, path: Path, properties: dict[str, bool], kind: NodeKind = NodeKind.CONTAINER) -> NodeRequest:
        requests = []
        for name, chosen in properties.items():
            value = ("true" if chosen else "false") if name.startswith("i") else (_GROUP if chosen else "")
            requests.append(PropertyRequest(name, value))
        return NodeRequest(self.space.nodes.uris.of(path), kind, tuple(requests), None)


RightsMachine.TestCase.settings = settings(
    max_examples=8 * FACTOR, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_no_operation_reads_or_changes_more_than_its_person_may = RightsMachine.TestCase
