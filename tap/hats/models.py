"""Files of HATS collections as they are sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

__all__ = ["HatsFile", "folder_entries"]

_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class HatsFile:
    """A file of a collection; or a folder, whose entries it has.

    Parameters
    ----------
    content
        Its bytes, or the file that has them.
    entries
        Names in the folder, those of folders with a slash at the end; None for a file.
    """

    name: str
    media_type: str
    size: int
    etag: str
    modified: datetime
    content: bytes | Path
    entries: tuple[str, ...] | None = None

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        if isinstance(self.content, bytes):
            yield self.content[start:end]
            return
        with self.content.open("rb") as file:
            file.seek(start)
            while block := file.read(min(_BLOCK, end - file.tell())):
                yield block


def folder_entries(folder: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the entries of a folder among the paths of files, those of folders with a slash; none without a folder."""
    prefix = f"{folder}/" if folder else ""
    inside = (name.removeprefix(prefix).partition("/") for name in names if name.startswith(prefix))
    return tuple(dict.fromkeys(first + slash for first, slash, _ in inside))
