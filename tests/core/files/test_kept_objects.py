"""Kept files in an object store: copies within a budget, fetched once, never removed while they are read."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from core.errors import DamagedFileError, NotFoundError, ServiceBusyError, StorageFullError
from core.files.copies import LocalCopies
from core.files.kept_objects import KeptObjects
from core.files.objects import ObjectPrefix

_SUMS = {f"f{number}": hashlib.sha256(bytes([number]) * 100).hexdigest() for number in range(10)}


class _Store(MemoryFileSystem):
    """An object store that counts what it is asked for, and can be away."""

    store: dict[str, object] = {}  # noqa: RUF012 - as fsspec has it; the other instances have another one
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.store, self.pseudo_dirs = {}, [""]
        self.fetched: list[str] = []
        self.is_away = False

    def _check(self) -> None:
        if self.is_away:
            raise ConnectionError

    def get_file(self, rpath: str, lpath: str, **options: object) -> None:
        self._check()
        self.fetched.append(rpath.rpartition("/")[2])
        super().get_file(rpath, lpath, **options)

    def put_file(self, lpath: str, rpath: str, **options: object) -> None:
        self._check()
        super().put_file(lpath, rpath, **options)

    def size(self, path: str) -> int:
        self._check()
        return int(super().size(path))

    def rm_file(self, path: str) -> None:
        self._check()
        super().rm_file(path)


@pytest.fixture
def store() -> _Store:
    return _Store()


@pytest.fixture
def node(store: _Store, tmp_path: Path) -> Callable[..., KeptObjects]:
    """Give the files as another machine sees them, whose copies may take so many bytes."""

    def make(name: str = "node", max_bytes: int = 1000, min_free: int = 0) -> KeptObjects:
        copies = LocalCopies(tmp_path / name, max_bytes=max_bytes, min_free=min_free)
        return KeptObjects(ObjectPrefix(store, "/bucket/rows"), copies, "rows", _SUMS.get)

    return make


def _fill(files: KeptObjects, count: int) -> None:
    for number in range(count):
        path = files.new(f"f{number}")
        path.write_bytes(bytes([number]) * 100)
        files.keep(path, f"f{number}")


def test_what_one_machine_keeps_another_holds_and_fetches_once(store: _Store, node: Callable[..., KeptObjects]) -> None:
    first, second = node("first"), node("second")
    _fill(first, 2)
    assert first.names() == {"f0", "f1"}
    with first.hold("f0") as held:
        assert held.path.read_bytes() == bytes(100)
    assert store.fetched == []  # what was written here is there already
    for _ in range(2):
        with second.hold("f0", "f1") as held:
            assert [path.read_bytes()[0] for path in held.paths] == [0, 1]
    assert store.fetched == ["f0", "f1"]
    assert b"".join(second.read("f1", 10, 15)) == b"\1" * 5
    first.delete("f0")
    with pytest.raises(NotFoundError, match="rows/f0 is missing"):
        first.hold("f0")
    assert second.names() == {"f1"}


def test_many_who_ask_at_once_share_one_download(store: _Store, node: Callable[..., KeptObjects]) -> None:
    _fill(node("first"), 1)
    # Two processes of one machine have the same folder, and each has several threads.
    places, start = [node("second"), node("second")], Barrier(8)

    def read(number: int) -> bytes:
        start.wait()
        with places[number % 2].hold("f0") as held:
            return held.path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(8))) == {bytes(100)}
    assert store.fetched == ["f0"]


def test_the_copies_that_were_used_longest_ago_give_way_and_held_ones_stay(
    store: _Store, node: Callable[..., KeptObjects]
) -> None:
    _fill(node("first"), 4)
    files = node("second", max_bytes=250)
    held = files.hold("f0")
    files.hold("f1").release()
    files.hold("f2").release()  # in the place of f1, because f0 is held, though it was used before
    assert [files.local(f"f{number}").exists() for number in range(3)] == [True, False, True]
    other = files.hold("f2")
    with pytest.raises(ServiceBusyError, match="250 bytes"):
        files.hold("f3")
    assert held.path.read_bytes() == bytes(100)
    held.release()
    with files.hold("f3"):
        assert [files.local(f"f{number}").exists() for number in (0, 2, 3)] == [False, True, True]
    del other  # without a release, as when a query ends
    with files.hold("f0", "f1"):
        assert sum(path.stat().st_size for path in files.local("f0").parent.iterdir()) == 200


def test_a_copy_that_another_process_reads_stays(store: _Store, node: Callable[..., KeptObjects]) -> None:
    _fill(node("first"), 2)
    files = node("second", max_bytes=150)
    files.hold("f0").release()
    program = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_SH); print(1, flush=True); input()"
    command = [sys.executable, "-c", program, str(files.local("f0"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        with pytest.raises(ServiceBusyError):
            files.hold("f1")
        reader.kill()
        reader.wait()
        files.hold("f1").release()
    assert not files.local("f0").exists()


def test_a_file_beyond_the_budget_and_a_full_disk_are_named(node: Callable[..., KeptObjects]) -> None:
    _fill(node("first"), 1)
    with pytest.raises(StorageFullError, match="PHOTOZ_ROW_CACHE_BYTES"):
        node("small", max_bytes=99).hold("f0")
    with pytest.raises(StorageFullError, match="disk"):
        node("full", min_free=1 << 62).hold("f0")
    assert list(node("small").local("f0").parent.iterdir()) == []


def test_a_damaged_object_is_fetched_again_then_named_and_no_copy_of_it_stays(
    store: _Store, node: Callable[..., KeptObjects]
) -> None:
    _fill(node("first"), 1)
    store.pipe_file("/bucket/rows/f0", b"x" * 100)
    files = node("second")
    with pytest.raises(DamagedFileError, match="rows/f0 is damaged"):
        files.hold("f0")
    assert store.fetched == ["f0", "f0"]
    assert list(files.local("f0").parent.iterdir()) == []
    store.pipe_file("/bucket/rows/f0", bytes(100))
    with files.hold("f0") as held:
        assert held.path.read_bytes() == bytes(100)


def test_while_the_store_is_away_copies_are_read_and_nothing_is_half_kept(
    store: _Store, node: Callable[..., KeptObjects]
) -> None:
    files = node()
    _fill(files, 1)
    store.is_away = True
    with files.hold("f0") as held:
        assert held.path.read_bytes() == bytes(100)
    with pytest.raises(ServiceBusyError):
        _fill(files, 2)
    with pytest.raises(ServiceBusyError):
        node("other").hold("f0")
    files.delete("f0")  # the sweep deletes the object later
    store.is_away = False
    assert files.sweep(frozenset(), older_than=-10) == 1
    assert (files.names(), list(files.local("f0").parent.iterdir())) == (set(), [])
    _fill(files, 2)
    with node("other").hold("f1") as held:
        assert held.path.read_bytes() == b"\1" * 100


def test_what_killed_processes_left_is_replaced_or_swept(store: _Store, node: Callable[..., KeptObjects]) -> None:
    files, other = node(), node("other")
    _fill(other, 2)
    other.new("f9").write_bytes(b"written, and not stored")
    copy = files.local("f0")
    copy.parent.mkdir(parents=True)
    copy.with_name(".f0.part").write_bytes(b"half a copy")
    with files.hold("f0") as held:
        assert held.path.read_bytes() == bytes(100)
    assert [path.name for path in copy.parent.iterdir()] == ["f0"]
    # Stored, and not named by the database, when the process died.
    assert other.sweep(frozenset({"f0"}), older_than=3600) == 0
    assert other.sweep(frozenset({"f0"}), older_than=-10) == 1
    assert (other.names(), [path.name for path in other.local("f0").parent.iterdir()]) == ({"f0"}, ["f0"])
