"""Every person, every operation, on nodes of every sharing below ``/home``: the documented table is what happens."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest

from tests.vospace.client import ROOT, VOSpaceClient, checked, transfer_xml
from tests.vospace.rights.people import ACTORS, NONE, OWN, READ, SHARINGS, WRITE, People, right_in_words
from vospace.models import Path

_HIDDEN = {"NodeNotFound", "ContainerNotFound"}
_FOLDERS = ("closed", "shared", "open")
#: Folders with files in them; of a folder that is closed to somebody, one file says it all.
_PLACES = (
    ("closed", "shared"),
    *(("shared", sharing) for sharing in SHARINGS),
    *(("open", sharing) for sharing in ("closed", "shared", "theirs")),
)
#: Who may change nothing, whatever it is.
_READERS = ("nobody", "owner_reading")
BYTES = b"bytes of the owner"


def _home(people: People, actor: str) -> Path:
    return ("home", people.identities[actor].name or "owner")


def _named(answer) -> str:
    """Give the name of a fault in a response, or nothing."""
    return "" if answer.status_code < 300 else answer.text.partition(":")[0]


def _negotiated(person: VOSpaceClient, path: str, direction: str, protocol: str, method: str, **sent) -> str:
    """Negotiate a transfer and do it; give the fault of the job."""
    content = transfer_xml(f"{ROOT}{path}", direction=direction, protocols=(protocol,))
    place = person.ask("POST", "synctrans", content=content).headers["location"]
    endpoints = checked(person.ask("GET", place).content).findall("{*}protocol/{*}endpoint")
    if not endpoints:
        return person.ask("GET", place.replace("results/transferDetails", "error")).text
    return _named(person.ask(method, endpoints[0].text, **sent))


def _read(people: People, actor: str, path: Path) -> str:
    answer = people.clients[actor].get(_text(path))
    assert answer.status_code != 200 or answer.content == BYTES
    return _named(answer)


def _set(people: People, actor: str, path: Path, kind: str = "DataNode", **properties: str) -> str:
    return _named(people.clients[actor].set(_text(path), kind, **properties))


def _move(people: People, actor: str, path: Path, target: Path, *, keep: bool = False) -> str:
    return people.fault(people.space.moves.run, people.identities[actor], path, target, keep=keep)


#: What is done to a file, and the rights that it needs on the container and on the file.
_Do = Callable[[People, str, Path], str]
FILE_OPERATIONS: dict[str, tuple[int, int, _Do]] = {
    "read": (READ, READ, _read),
    "properties": (READ, READ, lambda p, a, path: _named(p.clients[a].ask("GET", f"nodes{_text(path)}"))),
    "archive": (READ, READ, lambda p, a, path: _named(p.clients[a].ask("GET", f"archives/tar{_text(path)}"))),
    "pull": (
        READ,
        READ,
        lambda p, a, path: _negotiated(p.clients[a], _text(path), "pullFromVoSpace", "httpget", "GET"),
    ),
    "put": (WRITE, WRITE, lambda p, a, path: _named(p.clients[a].put(_text(path), BYTES))),
    "push": (
        WRITE,
        WRITE,
        lambda p, a, path: _negotiated(
            p.clients[a], _text(path), "pushToVoSpace", "httpput", "PUT", content=BYTES
        ),
    ),
    "set": (READ, WRITE, lambda p, a, path: _set(p, a, path, title="t")),
    "share": (READ, OWN, lambda p, a, path: _set(p, a, path, groupwrite="ivo://example.org/gms?registered")),
    "publish": (READ, OWN, lambda p, a, path: _set(p, a, path, ispublic="false", inheritPermissions="true")),
    "delete": (WRITE, WRITE, lambda p, a, path: _named(p.clients[a].delete(_text(path)))),
    "delete file": (WRITE, WRITE, lambda p, a, path: _named(p.clients[a].ask("DELETE", f"files{_text(path)}"))),
    "prune": (WRITE, WRITE, lambda p, a, path: p.fault(p.space.nodes.delete_all, p.identities[a], path)),
    "null": (WRITE, WRITE, lambda p, a, path: _move(p, a, path, (*path[:-1], ".null"))),
    "rename": (WRITE, WRITE, lambda p, a, path: _move(p, a, path, (*path[:-1], "renamed"))),
    "copy": (READ, READ, lambda p, a, path: _move(p, a, path, (*_home(p, a), "copy"), keep=True)),
}  # fmt: skip
_READING = {"read", "properties", "archive", "pull"}


@pytest.fixture
def files(people: People) -> People:
    """Folders of each sharing in the home, with a file of each sharing in each of them."""
    people.clear()
    folders = [(("home", "owner", folder), folder, False) for folder in _FOLDERS]
    inside = [(("home", "owner", *names), names[1], True) for names in product(_FOLDERS, SHARINGS)]
    people.make(*folders, *inside)
    return people


@pytest.mark.parametrize("operation", FILE_OPERATIONS)
def test_a_file_is_read_and_changed_by_those_who_may(files: People, operation: str):
    work = FILE_OPERATIONS[operation][2]
    if operation in _READING:
        for names in _PLACES:
            files.fill(("home", "owner", *names), BYTES)
    wrong, before, kept = [], files.snapshot(), files.kept()
    for (folder, sharing), actor in product(_PLACES, ACTORS):
        if operation not in _READING and actor in _READERS and sharing != "shared":
            continue
        path = ("home", "owner", folder, sharing)
        expected = _expected(operation, actor, folder, sharing)
        found = work(files, actor, path)
        if found not in expected:
            wrong.append(f"{actor}, {folder}/{sharing}: {found or 'done'}, not {expected}")
        if operation in _READING:
            continue
        if not found:
            files.restore(kept)
        elif files.snapshot() != before:
            wrong.append(f"{actor}, {folder}/{sharing}: refused, and changed all the same")
            files.restore(kept)
    assert not wrong, "\n".join(wrong)


def _expected(operation: str, actor: str, folder: str, sharing: str) -> set[str]:
    """Give the faults of which one is expected; no fault is an empty name."""
    container, node, _ = FILE_OPERATIONS[operation]
    on_folder, on_file = right_in_words(actor, folder), right_in_words(actor, folder, sharing)
    if operation not in _READING and actor in _READERS:
        return {"PermissionDenied"}
    if on_folder == NONE:
        return _HIDDEN
    if operation in {"put", "push"} and on_folder < WRITE:
        return {"PermissionDenied"}  # whether the name is taken or not
    if on_file == NONE:
        return _HIDDEN
    return {""} if on_folder >= container and on_file >= node else {"PermissionDenied"}


@pytest.mark.parametrize("actor", ACTORS)
def test_lists_hold_what_one_may_read(files: People, actor: str):
    person = files.clients[actor]
    for folder in _FOLDERS:
        if right_in_words(actor, folder) == NONE:
            assert person.ask("GET", f"nodes/home/owner/{folder}").status_code == 404
            continue
        readable = sorted(sharing for sharing in SHARINGS if right_in_words(actor, folder, sharing) >= READ)
        for how in ({}, {"detail": "min"}, {"limit": "3"}):
            assert person.names(f"/home/owner/{folder}", **how) == readable[: int(how.get("limit", 9))]
        with tarfile.open(fileobj=io.BytesIO(person.ask("GET", f"archives/tar/home/owner/{folder}").content)) as packed:
            assert sorted(packed.getnames()) == [f"{folder}/{name}" for name in readable]


@pytest.mark.parametrize("actor", [actor for actor in ACTORS if actor not in _READERS])
def test_a_hidden_name_is_reported_alike_by_every_operation(files: People, actor: str):
    person, mine = files.clients[actor], (*_home(files, actor), "mine")
    files.make((mine, "closed", False))
    before = files.snapshot()
    for folder, sharing in product(_FOLDERS, SHARINGS):
        path, of_folder = f"/home/owner/{folder}/{sharing}", right_in_words(actor, folder)
        if right_in_words(actor, folder, sharing) != NONE:
            continue
        for method, where in (("GET", "nodes"), ("GET", "files"), ("DELETE", "nodes"), ("GET", "archives/zip")):
            answer, missing = (person.ask(method, f"{where}{each}") for each in (path, f"{path}x"))
            assert answer.status_code == missing.status_code == 404
            assert answer.text == missing.text.replace(f"{path}x", path)
        made, put = person.make(path, "DataNode"), person.put(path, b"x")
        moved = _move(files, actor, mine, ("home", "owner", folder, sharing))
        assert _named(person.set(path, "DataNode")) in _HIDDEN
        expected = {NONE: "ContainerNotFound", READ: "PermissionDenied"}.get(of_folder, "NodeNotFound")
        assert (_named(made), _named(put), moved) == (expected, expected, expected)
    assert files.snapshot() == before


@dataclass(frozen=True)
class _Tree:
    """What is in a folder that its people may write: one node, or a container with one node."""

    sharings: tuple[str, ...]

    def least(self, actor: str) -> int:
        """Give the least right of somebody on the nodes of the tree."""
        depths = range(1, len(self.sharings) + 1)
        return min(right_in_words(actor, "shared", "shared", *self.sharings[:depth]) for depth in depths)


_TREES = [_Tree(names) for names in (("closed",), ("shared",), ("open",), ("theirs",), ("shared", "closed"))]
_TREE_ACTORS = ("owner", "admin", "creator", "writer", "reader")
#: What is done to a container, and the rights that it needs on its container, on itself, and on each node below.
TREE_OPERATIONS: dict[str, tuple[int, int, int, _Do]] = {
    "delete": (WRITE, WRITE, WRITE, lambda p, a, path: _named(p.clients[a].delete(_text(path)))),
    "rename": (WRITE, WRITE, WRITE, lambda p, a, path: _move(p, a, path, (*path[:-1], "renamed"))),
    "into an equal one": (WRITE, WRITE, WRITE, lambda p, a, path: _move(p, a, path, (*path[:-2], "equal"))),
    "into a public one": (WRITE, OWN, OWN, lambda p, a, path: _move(p, a, path, (*path[:-2], "public"))),
    "out": (WRITE, OWN, OWN, lambda p, a, path: _move(p, a, path, (*_home(p, a), "renamed"))),
    "open": (READ, OWN, OWN, lambda p, a, path: _set(p, a, path, "ContainerNode", ispublic="true")),
    "close": (READ, OWN, NONE, lambda p, a, path: _set(p, a, path, "ContainerNode", groupread="", groupwrite="")),
    "prune": (WRITE, WRITE, NONE, lambda p, a, path: p.fault(p.space.nodes.delete_all, p.identities[a], path)),
}  # fmt: skip


def _make_tree(people: People, tree: _Tree) -> None:
    people.clear()
    top = ("home", "owner", "trees", "top")
    folders = [(("home", "owner", name), "shared", False) for name in ("trees", "equal")]
    public = (("home", "owner", "public"), "both", False)
    parts = ((*top, *(f"n{i + 1}" for i in range(depth))) for depth in range(1, len(tree.sharings) + 1))
    last = len(tree.sharings) - 1
    below = [(path, tree.sharings[i], i == last) for i, path in enumerate(parts)]
    people.make(*folders, public, (top, "shared", False), *below)


@pytest.mark.parametrize("operation", TREE_OPERATIONS)
def test_a_tree_is_checked_node_by_node_before_anything_changes(people: People, operation: str):
    container, node, below, work = TREE_OPERATIONS[operation]
    wrong, tree = [], None
    for each, actor in product(_TREES, _TREE_ACTORS):
        if each is not tree:
            tree = each
            _make_tree(people, tree)
            before, kept = people.snapshot(), people.kept()
        on_container, on_top = right_in_words(actor, "shared"), right_in_words(actor, "shared", "shared")
        expected = "" if on_container >= container and on_top >= node and tree.least(actor) >= below else (
            "NodeNotFound" if on_container == NONE else "PermissionDenied"
        )  # fmt: skip
        found = work(people, actor, ("home", "owner", "trees", "top"))
        hidden = expected == "NodeNotFound" and found == "ContainerNotFound"
        if found != expected and not hidden:
            wrong.append(f"{actor}, {tree.sharings}: {found or 'done'}, not {expected or 'done'}")
        if found and people.snapshot() != before:
            wrong.append(f"{actor}, {tree.sharings}: refused, and changed all the same")
        if operation == "prune" and not found:
            left = {row[3] for row in people.snapshot()} & {"n1", "n2", "top"}
            wanted = {"n1", "n2", "top"} & {"top", *(f"n{i}" for i in range(1, len(tree.sharings) + 1))}
            deletable = tree.least(actor) >= WRITE
            if left != (set() if deletable else wanted):
                wrong.append(f"{actor}, {tree.sharings}: {left} are left")
        if not found:
            people.restore(kept)
    assert not wrong, "\n".join(wrong)


def _text(path: Path) -> str:
    return "/" + "/".join(path)
