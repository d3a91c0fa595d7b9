"""Copies of the segments of metadata tables that everybody may read, which outlive a process: in the data folder.

The rows of ten thousand products take seconds to make. A server that starts, and each further web process, takes them
from here, and makes only what has changed since. A process works with files of its own (`MetadataFiles`), which are
links to these, so that nothing here is needed by a query that runs.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ValidationError

from core.settings import Settings

__all__ = ["FEW_BLOCKS", "Segment", "StoredSegments", "edition_of", "linked"]

#: Blocks whose rows are made as fast as they are found here.
FEW_BLOCKS = 16

_PACKAGES = ("core", "products", "registry", "tap")
#: Settings that rows of products have; those of services are in the versions of their records.
_SETTINGS = ("authority", "public_url", "site_name", "contact")
_OTHER_EDITIONS_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A file, and the numbers of the blocks in it by their keys."""

    path: Path
    numbers: Mapping[str, int]


class _StoredSegment(BaseModel):
    file: str
    numbers: dict[str, int]


class _Index(BaseModel):
    """The segments of a table, and the version of the catalogue when they were stored."""

    version: int
    segments: list[_StoredSegment]


class StoredSegments:
    """Segments by table, of one edition of the code and the settings from which their rows are made.

    Parameters
    ----------
    folder
        Folder of all editions; it is created if it does not exist.
    edition
        Returns a name of the edition.
    version
        Returns the version of the catalogue: what was stored at a later one is not that of this database.
    """

    def __init__(self, folder: Path, edition: Callable[[], str], version: Callable[[], int]) -> None:
        self._parent = folder
        self._edition = edition
        self._version = version

    def load(self, table: str) -> tuple[Segment, ...]:
        """Return the segments of a table, or none if something is missing or is not of this database."""
        try:
            index = _Index.model_validate_json(self._index_of(table).read_bytes())
        except (OSError, ValidationError):
            return ()
        found = tuple(Segment(self._folder / segment.file, segment.numbers) for segment in index.segments)
        usable = index.version <= self._version() and all(_is_whole(segment.path) for segment in found)
        return found if usable else ()

    def store(self, table: str, segments: Sequence[Segment]) -> bool:
        """Store the segments of a table instead of those that are there; return False if another process does so."""
        version = self._version()
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked("lock") as is_locked:
            if not is_locked:
                return False
            stored = [
                _StoredSegment(file=self._keep(table, each.path), numbers=dict(each.numbers)) for each in segments
            ]
            index = _Index(version=version, segments=stored)
            path = self._index_of(table)
            staged = path.with_suffix(".part")
            staged.write_text(index.model_dump_json(), encoding="utf-8")
            _sync(staged)
            staged.replace(path)
            named = {segment.file for segment in stored}
            for old in self._folder.glob(f"{table}.*.parquet"):
                if old.name not in named:
                    old.unlink(missing_ok=True)
            self._remove_other_editions()
        return True

    @contextmanager
    def making(self) -> Iterator[bool]:
        """Return whether this process alone makes all rows now; others had better wait for what it stores."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked("making") as is_locked:
            yield is_locked

    @cached_property
    def _folder(self) -> Path:
        return self._parent / self._edition()

    def _index_of(self, table: str) -> Path:
        return self._folder / f"{table}.json"

    def _keep(self, table: str, path: Path) -> str:
        kept = self._folder / f"{table}.{secrets.token_hex(8)}.parquet"
        _sync(path)
        linked(path, kept)
        return kept.name

    @contextmanager
    def _locked(self, name: str) -> Iterator[bool]:
        with (self._folder / name).open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _remove_other_editions(self) -> None:
        """Remove editions in which nothing was stored for a day: servers of two versions may run for a while."""
        oldest = time.time() - _OTHER_EDITIONS_SECONDS
        for folder in self._parent.iterdir():
            if folder != self._folder and folder.is_dir() and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def linked(source: Path, target: Path) -> None:
    """Make another name of a file that never changes, or a copy on another file system."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        staged = target.with_suffix(".part")
        shutil.copyfile(source, staged)
        staged.replace(target)


def edition_of(settings: Settings) -> str:
    """Return a name that is another whenever the code or the settings are others from which rows are made."""
    digest = hashlib.sha256(repr([getattr(settings, name) for name in _SETTINGS]).encode())
    root = Path(__file__).resolve().parents[2]
    for path in sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _is_whole(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return False
    return True


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
