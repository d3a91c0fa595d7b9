"""Several backups in one place: what they share is read once, and an old one that is damaged can be removed."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from core.database import utc_now
from core.errors import ConflictError, UnreadableFileError
from server.operations.backup.bucket import ObjectBackups
from server.operations.backup.creation import list_backups, prune_backups, verify_backup
from server.operations.backup.folder import FolderBackups
from server.operations.backup.manifest import DatabaseEntry, FileEntry, Manifest, manifest_bytes
from server.operations.inventory import AT_ONCE


class Counting(FolderBackups):
    """Backups in a folder, with the SHA-256 of each object that was read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seen: list[str] = []

    def read(self, sha256: str) -> Iterator[bytes]:
        self.seen.append(sha256)
        return super().read(sha256)


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    """Three backups, each with a file that all have, and a database of its own."""
    store = Counting(tmp_path)
    for name in ("1", "2", "3"):
        shared, size = store.put([b"shared"])
        database, _ = store.put([name.encode()])
        made = Manifest(
            id=name,
            version="1",
            began=utc_now(),
            ended=utc_now(),
            database=DatabaseEntry(kind="sqlite", revision="0001", file=database),
            files=(FileEntry(place="tables", name=f"{name}.parquet", size=size, sha256=shared),),
        )
        store.add_manifest(name, manifest_bytes(made))
    return store


def _object(folder: Path, content: bytes) -> Path:
    sha256 = hashlib.sha256(content).hexdigest()
    return folder / "objects" / sha256[:2] / sha256


def test_what_backups_share_is_read_once_when_it_is_intact(store: Counting):
    intact = set[str]()
    assert [verify_backup(store, made, intact) for made in list_backups(store)] == [[], [], []]
    assert sorted(store.seen) == sorted(store.objects())
    assert len(store.seen) == 4


def test_several_objects_are_read_at_once_and_each_is_judged_as_alone(tmp_path: Path):
    """The first eight reads wait for each other; one after the other they would wait for ever."""
    together = threading.Barrier(AT_ONCE)

    class Together(FolderBackups):
        def read(self, sha256: str) -> Iterator[bytes]:
            if not together.broken and len(reads) < AT_ONCE:
                reads.append(sha256)
                together.wait(60)
            return super().read(sha256)

    store, reads, files = Together(tmp_path), list[str](), []
    for number in range(3 * AT_ONCE):
        sha256, size = store.put([b"%d" % number])
        files.append(FileEntry(place="files", name=f"{number}", size=size, sha256=sha256))
    database, _ = store.put([b"database"])
    entry = DatabaseEntry(kind="sqlite", revision="0001", file=database)
    made = Manifest(id="1", version="1", began=utc_now(), ended=utc_now(), database=entry, files=tuple(files))
    _object(tmp_path, b"5").unlink()
    damaged = _object(tmp_path, b"20")
    damaged.chmod(0o600)
    damaged.write_bytes(b"other")
    missing, changed = verify_backup(store, made, intact := set[str]())
    assert ("lacks" in missing, "files/5" in missing) == (True, True)
    assert ("damaged" in changed, "files/20" in changed) == (True, True)
    assert len(intact) == 3 * AT_ONCE + 1 - 2


def test_damage_of_what_backups_share_is_a_problem_of_each_of_them(store: Counting, tmp_path: Path):
    _object(tmp_path, b"shared").unlink()
    intact = set[str]()
    found = [verify_backup(store, made, intact) for made in list_backups(store)]
    assert [len(problems) for problems in found] == [1, 1, 1]
    assert all(f"tables/{name}.parquet" in problem for name, (problem,) in zip("123", found, strict=True))


def test_an_old_backup_whose_manifest_is_damaged_is_removed_and_a_kept_one_stops_the_removal(
    store: Counting, tmp_path: Path
):
    (tmp_path / "backups" / "1.json").write_bytes(b"damaged")
    assert prune_backups(store, 2) == (1, 1)
    assert store.ids() == ["2", "3"]
    assert not _object(tmp_path, b"1").exists()
    (tmp_path / "backups" / "3.json").write_bytes(b"damaged")
    with pytest.raises(UnreadableFileError, match="3 is damaged"):
        prune_backups(store, 1)
    assert store.ids() == ["2", "3"]
    assert _object(tmp_path, b"shared").exists()


class Ending(MemoryFileSystem):
    """An object store in which another backup ends just after the locks were listed."""

    store: dict[str, object] = {}  # noqa: RUF012 - as fsspec has it; the other instances have another one
    pseudo_dirs = [""]  # noqa: RUF012 - as above
    cachable = False

    def find(self, path: str, *arguments: object, **keywords: object) -> list[str]:
        return [*super().find(path, *arguments, **keywords), f"{path}/of-another"]


def test_a_lock_that_goes_while_it_is_looked_at_is_none():
    place = Ending()
    first, second = (ObjectBackups(place, "/place") for _ in range(2))
    with first.locked(), pytest.raises(ConflictError, match="is running"), second.locked():
        pass  # the one that has not ended counts
    assert [name for name in place.store if "lock" in name] == []
