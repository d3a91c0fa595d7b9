"""Backup of a running server: a consistent snapshot, of which only what is new is copied."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from core.database import Database, utc_now
from core.errors import NotFoundError, PhotozError
from core.files.parallel import in_threads
from core.settings import Settings
from server.data_folder import PLACES, PlaceKind
from server.operations.backup.database import snapshot
from server.operations.backup.manifest import DatabaseEntry, FileEntry, Manifest, manifest_bytes, read_manifest
from server.operations.backup.stores import BackupStore, checked
from server.operations.inventory import AT_ONCE, Inventory, KeptFile

__all__ = ["create_backup", "list_backups", "prune_backups", "verify_backup"]

_ATTEMPTS = 10


def create_backup(
    settings: Settings,
    database: Database,
    inventory: Inventory,
    store: BackupStore,
    *,
    with_secrets: bool = False,
    report: Callable[[str], None] = lambda _text: None,
) -> Manifest:
    """Back up a server, which may go on working.

    Most files are copied before the snapshot of the database is taken, and those that came meanwhile after it. When one
    of these has been deleted since, another snapshot is taken.

    Parameters
    ----------
    with_secrets
        Whether the backup has the key that signs links. Passwords and tokens are in the database as hashes alone.

    Returns
    -------
    manifest
        The backup; its ``problems`` name files that the server has lost, or whose bytes have changed.
    """
    with store.locked():
        began = utc_now()
        copies = _Copies(inventory, store, _earlier(store), report)
        copies.add(inventory.expected_now(database).values())
        settings.scratch_folder.mkdir(parents=True, exist_ok=True)
        entry, entries = _consistent(settings, database, inventory, copies)
        manifest = Manifest(
            id=f"{began:%Y%m%dT%H%M%S-%f}",
            version=version("photoz-server"),
            began=began,
            ended=utc_now(),
            database=entry,
            files=tuple(entries),
            secrets=tuple(_secrets(settings, store)) if with_secrets else (),
            problems=tuple(copies.problems.values()),
        )
        store.add_manifest(manifest.id, manifest_bytes(manifest))
    report(f"Copied {copies.copied} files with {copies.copied_bytes / 1e6:.6g} MB.")
    return manifest


def list_backups(store: BackupStore, ids: Iterable[str] | None = None) -> list[Manifest]:
    """Return the complete backups, the oldest first; those with some ids, or all."""
    return [read_manifest(store.manifest(each), each) for each in (store.ids() if ids is None else ids)]


def verify_backup(store: BackupStore, manifest: Manifest, intact: set[str] | None = None) -> list[str]:
    """Read all objects of a backup, several at once, and return a sentence for each that is missing or damaged.

    Parameters
    ----------
    intact
        SHA-256 of the objects that were read for other backups, which share them, and are not read again; those of
        this backup are added.
    """
    intact = set() if intact is None else intact
    wanted = {sha256: owner for sha256, owner in manifest.objects.items() if sha256 not in intact}

    def problem_of(sha256: str) -> str | None:
        try:
            for _chunk in checked(store, sha256, wanted[sha256]):
                pass
        except PhotozError as e:
            return e.message
        return None

    problems = []
    for sha256, problem in zip(wanted, in_threads(problem_of, wanted, AT_ONCE, "verify"), strict=True):
        if problem is None:
            intact.add(sha256)
        else:
            problems.append(problem)
    return problems


def prune_backups(store: BackupStore, keep: int) -> tuple[int, int]:
    """Remove all backups but the newest ones, and the objects that none needs; return the numbers of both."""
    with store.locked():
        ids = store.ids()
        first = max(0, len(ids) - keep)
        removed, kept = ids[:first], ids[first:]
        needed = {sha256 for each in list_backups(store, kept) for sha256 in each.objects}
        for backup_id in removed:
            store.remove_manifest(backup_id)
        unneeded = store.objects() - needed
        for sha256 in unneeded:
            store.delete(sha256)
    return len(removed), len(unneeded)


@dataclass(slots=True)
class _Copies:
    """The objects to which files have been copied."""

    inventory: Inventory
    store: BackupStore
    earlier: Mapping[tuple[str, str], FileEntry]
    report: Callable[[str], None]
    copied: int = 0
    copied_bytes: int = 0
    entries: dict[tuple[str, str], FileEntry] = field(default_factory=dict)
    problems: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, files: Iterable[KeptFile]) -> list[KeptFile]:
        """Copy those files that are not copied yet, several at once; return those that are missing."""
        missing = []
        wanted = list({file.key: file for file in files if file.key not in self.entries}.values())
        for file, entry in zip(wanted, in_threads(self._entry, wanted, AT_ONCE, "backup"), strict=True):
            if entry is None:
                missing.append(file)
            else:
                self._take(file, entry)
        return missing

    def _entry(self, file: KeptFile) -> FileEntry | None:
        """Copy a file, unless an earlier backup has it as it is; None when it is missing."""
        try:
            changed = self.inventory.changed(file)
            known = self.earlier.get(file.key)
            if known is not None and (known.changed, file.sha256 or known.sha256) == (changed, known.sha256):
                return known
            sha256, size = self.store.put(self.inventory.read(file))
        except NotFoundError:
            return None
        return FileEntry(place=file.place, name=file.name, size=size, sha256=sha256, changed=changed)

    def _take(self, file: KeptFile, entry: FileEntry) -> None:
        """Note a file that was copied."""
        self.entries[file.key] = entry
        if entry is self.earlier.get(file.key):
            return
        self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + entry.size
        if self.copied % 1000 == 0:
            self.report(f"Copied {self.copied} files.")
        if file.sha256 not in {None, entry.sha256}:
            self.problems[file.key] = (
                f"{file.owner}: its bytes are not those that were stored ({file.place}/{file.name})"
            )


def _consistent(
    settings: Settings, database: Database, inventory: Inventory, copies: _Copies
) -> tuple[DatabaseEntry, list[FileEntry]]:
    """Take snapshots until all files of one of them are copied, or are missing for the server, too."""
    for attempt in range(_ATTEMPTS):
        with snapshot(database, settings.scratch_folder) as taken:
            files = list(inventory.expected(taken.session))
            missing = copies.add(files)
            now = inventory.expected_now(database) if missing else {}
            if all(file.key in now for file in missing) or attempt == _ATTEMPTS - 1:
                for file in missing:
                    copies.problems[file.key] = f"{file.owner}: its bytes are missing ({file.place}/{file.name})"
                return taken.store(copies.store.put), [copies.entries[f.key] for f in files if f.key in copies.entries]
    raise AssertionError  # the last attempt returns


def _earlier(store: BackupStore) -> dict[tuple[str, str], FileEntry]:
    """Return the files of the newest readable backup whose objects are there."""
    for backup_id in reversed(store.ids()):
        with suppress(PhotozError):
            found, objects = read_manifest(store.manifest(backup_id), backup_id), store.objects()
            return {(each.place, each.name): each for each in found.files if each.sha256 in objects}
    return {}


def _secrets(settings: Settings, store: BackupStore) -> Iterator[FileEntry]:
    for place in PLACES:
        path: Path = settings.data / place.name
        if place.kind is PlaceKind.SECRET and path.is_file():
            sha256, size = store.put([path.read_bytes()])
            yield FileEntry(place=place.name, name="", size=size, sha256=sha256)
