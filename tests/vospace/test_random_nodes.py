"""Random operations on nodes, compared with a dictionary as a model."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.errors import PhotozError
from core.settings import Settings
from tests.support.databases import make_tables
from tests.support.fuzzing import FACTOR
from tests.support.in_process import in_process_client
from tests.vospace.client import VOSpaceClient
from tests.vospace.conftest import bare_vospace
from vospace.faults import fault_name
from vospace.storage import stored_ids

pytestmark = pytest.mark.slow

QUOTA = 3_000
_NAMES = st.sampled_from(["a", "b", "ü", "x y"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(tuple)
_CONTENTS = st.integers(0, 900).map(lambda size: b"z" * size)

#: A container is a dictionary; a file is its bytes.
Tree = dict[str, "Tree | bytes"]


class NodeMachine(RuleBasedStateMachine):
    """A home, and what should be in it."""

    @initialize()
    def begin(self) -> None:
        self.opened = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="photoz-nodes-"))
        self.settings = Settings(
            data=self.folder, authority="example.org", base_url="http://testserver", home_quota_bytes=QUOTA
        )
        self.database = Database(f"sqlite:///{self.folder}/photoz.sqlite")
        make_tables(self.database.engine)
        accounts = AccountService(self.database)
        accounts.add_user("ada", None)
        self.identity: Identity = accounts.identity_of_user("ada", Scope.WRITE)
        app, self.space = bare_vospace(self.settings, self.database)
        client = in_process_client(app, self.opened.enter_context(start_blocking_portal()))
        self.person = VOSpaceClient(client, accounts.issue_token(self.identity, "t").secret)
        self.tree: Tree = {}

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.opened.close()
            self.database.close()
            shutil.rmtree(self.folder)

    # --- what the model says

    def at(self, path: tuple[str, ...]) -> "Tree | bytes | None":
        found: Tree | bytes | None = self.tree
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def parent(self, path: tuple[str, ...]) -> Tree | None:
        found = self.at(path[:-1])
        return found if isinstance(found, dict) else None

    def used(self, node: "Tree | bytes") -> int:
        return len(node) if isinstance(node, bytes) else sum(map(self.used, node.values()))

    # --- what may happen

    @rule(path=_PATHS)
    def make(self, path: tuple[str, ...]) -> None:
        answer, parent = self.person.make(_written(path)), self.parent(path)
        if parent is None:
            assert answer.text.startswith("ContainerNotFound")
        elif path[-1] in parent:
            assert answer.text.startswith("DuplicateNode")
        else:
            assert answer.status_code == 201
            parent[path[-1]] = {}

    @rule(path=_PATHS, content=_CONTENTS)
    def put(self, path: tuple[str, ...], content: bytes) -> None:
        answer, parent, old = self.person.put(_written(path), content), self.parent(path), self.at(path)
        if parent is None:
            assert answer.text.startswith("ContainerNotFound")
        elif isinstance(old, dict):
            assert answer.text.startswith("DuplicateNode")
        elif self.used(self.tree) - len(old or b"") + len(content) > QUOTA:
            assert answer.text.startswith("QuotaExceeded")
        else:
            assert answer.status_code == (201 if old is None else 200)
            parent[path[-1]] = content

    @rule(path=_PATHS)
    def delete(self, path: tuple[str, ...]) -> None:
        answer, parent = self.person.delete(_written(path)), self.parent(path)
        if parent is None:
            assert answer.text.startswith("ContainerNotFound")
        elif path[-1] not in parent:
            assert answer.text.startswith("NodeNotFound")
        else:
            assert answer.status_code == 204
            del parent[path[-1]]

    @rule(source=_PATHS, destination=_PATHS, keep=st.booleans())
    def transfer(self, source: tuple[str, ...], destination: tuple[str, ...], keep: bool) -> None:
        fault, node = "", self.at(source)
        try:
            self.space.moves.run(self.identity, ("home", "ada", *source), ("home", "ada", *destination), keep=keep)
        except PhotozError as e:
            fault = fault_name(e)
        target = self.at(destination)
        place = (*destination, source[-1]) if isinstance(target, dict) else destination
        parent = self.parent(place)
        if node is None:
            assert fault == "NodeNotFound"
        elif isinstance(target, bytes):
            assert fault == "DuplicateNode"
        elif place[: len(source)] == source:
            assert fault == "InvalidArgument"
        elif parent is None:
            assert fault == "ContainerNotFound"
        elif place[-1] in parent:
            assert fault == "DuplicateNode"
        elif keep and self.used(self.tree) + self.used(node) > QUOTA:
            assert fault == "QuotaExceeded"
        else:
            assert fault == ""
            parent[place[-1]] = _copied(node) if keep else node
            if not keep:
                self.parent(source).pop(source[-1])  # type: ignore[union-attr] - it was found there

    # --- what holds always

    @invariant()
    def the_home_is_as_the_model_says(self) -> None:
        if hasattr(self, "tree"):
            assert self.seen(()) == self.tree
            left = int(self.person.properties("/home/ada")["availableSpace"])
            assert left == QUOTA - self.used(self.tree)
            files = {path.name for path in self.settings.files_folder.glob("??/*")}
            assert files == set(stored_ids(self.database))
            assert list(self.settings.staging_folder.iterdir()) == []

    def seen(self, path: tuple[str, ...]) -> "Tree | bytes":
        element = self.person.node(_written(path))
        if element.get("{http://www.w3.org/2001/XMLSchema-instance}type") != "vos:ContainerNode":
            return self.person.get(_written(path)).content
        uris = self.space.nodes.uris
        names = [uris.path_of(child.get("uri"))[-1] for child in element.iterfind("{*}nodes/{*}node")]
        assert names == sorted(names, key=str.encode)
        return {name: self.seen((*path, name)) for name in names}


def _written(path: tuple[str, ...]) -> str:
    return "/".join(("/home/ada", *path))


def _copied(node: "Tree | bytes") -> "Tree | bytes":
    return node if isinstance(node, bytes) else {name: _copied(child) for name, child in node.items()}


NodeMachine.TestCase.settings = settings(
    max_examples=6 * FACTOR, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_random_operations_agree_with_a_simple_model = NodeMachine.TestCase
