"""Files: limits while bytes arrive, checksums, and what is left when something breaks off."""

import hashlib
import os
from pathlib import Path

import pytest

from core.errors import NotFoundError, StorageFullError, TooLargeError
from core.files import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files", tmp_path / "staging")


def _files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def _put(store: FolderStore, content: bytes):
    with store.stage(limit=1 << 20) as staging:
        staging.write(content)
        return staging.finish()


def test_a_file_has_its_size_and_checksums_and_comes_back_by_ranges(store: FolderStore):
    content = os.urandom(100_000)
    stored = _put(store, content)
    assert stored.size == len(content)
    assert stored.md5 == hashlib.md5(content).hexdigest()
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert b"".join(store.read(stored.id)) == content
    assert b"".join(store.read(stored.id, 10, 20)) == content[10:20]
    assert b"".join(store.read(stored.id, 99_990)) == content[99_990:]


def test_a_long_file_that_reaches_the_disk_while_it_arrives_has_its_checksums(store: FolderStore):
    block, count = os.urandom(4 << 20), 17
    content = block * count
    with store.stage(limit=len(content)) as staging:
        for _ in range(count):
            staging.write(block)
        staging.write(b"")
        stored = staging.finish()
    assert stored.md5 == hashlib.md5(content).hexdigest()
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert store.local_path(stored.id).read_bytes() == content


def test_a_stored_file_cannot_be_written(store: FolderStore):
    assert store.local_path(_put(store, b"x").id).stat().st_mode & 0o777 == 0o444


def test_a_file_over_the_limit_leaves_nothing(store: FolderStore, tmp_path: Path):
    with pytest.raises(TooLargeError, match="larger than the limit of 1e-05 MB"), store.stage(limit=10) as staging:
        staging.write(b"12345678")
        staging.write(b"90a")
    assert _files(tmp_path) == []


def test_an_upload_that_breaks_off_leaves_nothing(store: FolderStore, tmp_path: Path):
    with pytest.raises(ConnectionError), store.stage(limit=100) as staging:
        staging.write(b"half")
        raise ConnectionError
    assert _files(tmp_path) == []


def test_too_little_free_space_refuses_before_the_first_byte(tmp_path: Path):
    store = FolderStore(tmp_path / "files", tmp_path / "staging", min_free=1 << 62)
    with pytest.raises(StorageFullError, match="no disk space left"):
        store.stage(limit=1)


def test_a_note_is_there_whole_or_not_at_all(store: FolderStore, monkeypatch: pytest.MonkeyPatch):
    noted = store.begin(note="one")

    def end(_path: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", end)  # the process ends before it
    with pytest.raises(KeyboardInterrupt):
        store.begin(note="two")
    assert [(part.file_id, part.note, part.size) for part in store.noted()] == [(noted, "one", 0)]


def test_a_missing_file_is_not_found(store: FolderStore):
    with pytest.raises(NotFoundError):
        store.local_path("0" * 32)


def test_the_sweep_removes_orphans_and_keeps_what_is_known_or_young(store: FolderStore, tmp_path: Path):
    known, orphan = _put(store, b"known"), _put(store, b"orphan")
    (tmp_path / "staging" / "left.part").write_bytes(b"left by a crash")
    assert store.sweep(frozenset({known.id}), older_than=3600) == 0
    assert store.sweep(frozenset({known.id}), older_than=-1) == 2
    assert [path.name for path in _files(tmp_path)] == [known.id]
    assert not store.local_path(known.id).parent.joinpath(orphan.id).exists()
