"""Listing of folders from which other processes remove files meanwhile."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["listed"]


def listed(folder: Path, pattern: str = "*") -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the entries of a folder with their status; a folder that does not exist is empty.

    An entry that is removed or renamed after the folder was read is left out.

    Parameters
    ----------
    pattern
        Pattern of the names, as for `pathlib.Path.glob`.
    """
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError):
            yield path, path.stat()
