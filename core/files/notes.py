"""Notes beside files that are written by several requests: what their writer needs to find them again."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["NotedPart", "note_path", "noted_parts", "write_note"]


@dataclass(frozen=True, slots=True)
class NotedPart:
    """A file that is written by several requests: its id, its note, its bytes so far, and the time of the last ones."""

    file_id: str
    note: str
    size: int
    changed: datetime


def note_path(part: Path) -> Path:
    """Return the path of the note of a file."""
    return part.with_suffix(".note")


def write_note(part: Path, note: str) -> None:
    """Write the note of a file, whole or not at all."""
    staged = part.with_suffix(".noting")
    staged.write_text(note, encoding="utf-8")
    staged.replace(note_path(part))


def noted_parts(folder: Path) -> Iterator[NotedPart]:
    """Yield the files of a folder that have a note."""
    for path in folder.glob("*.note"):
        with suppress(FileNotFoundError):  # it was stored or discarded since the folder was listed
            note, status = path.read_text(encoding="utf-8"), path.with_suffix(".part").stat()
            yield NotedPart(path.stem, note, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
