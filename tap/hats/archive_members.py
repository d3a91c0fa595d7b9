"""HATS catalogues and collections in a zip or tar: which files of it they have, and the bytes of one."""

import errno
import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.sky.hats import CATALOGUE_FILES, COLLECTION_FILE

__all__ = ["ArchivedFile", "catalogue_files", "extract"]

_MOST_MEMBERS = 200_000
_BLOCK = 1 << 20
#: Errors of the libraries that read archives.
_LIBRARY_ERRORS = (
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    tarfile.TarError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file in an archive: its name there, and its size in bytes."""

    member: str
    size: int


def catalogue_files(archive: Path) -> Mapping[str, ArchivedFile]:
    """Return the files of the catalogue or collection in an archive by their paths below its root.

    There are none when the file is no zip or plain tar, or does not hold exactly one.

    Raises
    ------
    OSError
        The file cannot be read at the moment.
    """
    from products.readers.parquet.hats import is_partition

    try:
        with _opened(archive) as opened:
            found = {file.member.removeprefix("./"): file for file in _files(opened)}
    except _LIBRARY_ERRORS:
        return {}
    except OSError as e:
        if e.errno != errno.EINVAL:
            raise
        return {}  # an archive that refers to places before its beginning
    root = _root(found) if any(map(is_partition, found)) else None
    if root is None:
        return {}
    return {name.removeprefix(root): file for name, file in found.items() if name.startswith(root)}


def extract(archive: Path, file: ArchivedFile, target: Path) -> None:
    """Write a file of an archive to a new file; nothing in the archive names a file of this machine."""
    with _opened(archive) as opened:
        source = opened.open(file.member) if isinstance(opened, zipfile.ZipFile) else opened.extractfile(file.member)
        if source is None:
            raise FileNotFoundError(file.member)
        with source, target.open("xb") as written:
            shutil.copyfileobj(source, written, _BLOCK)


def _root(names: Mapping[str, ArchivedFile]) -> str | None:
    """Return the root of the only collection, else of the only catalogue; None when there is not one."""
    for wanted in ((COLLECTION_FILE,), CATALOGUE_FILES):
        roots = {name.removesuffix(file) for name in names for file in wanted if name.rpartition("/")[2] == file}
        if roots:
            return roots.pop() if len(roots) == 1 else None
    return None


def _files(opened: zipfile.ZipFile | tarfile.TarFile) -> Iterator[ArchivedFile]:
    if isinstance(opened, zipfile.ZipFile):
        members = (ArchivedFile(info.filename, info.file_size) for info in opened.infolist() if not info.is_dir())
    else:
        members = (ArchivedFile(info.name, info.size) for info in opened if info.isreg())
    for number, file in enumerate(members):
        if number == _MOST_MEMBERS:
            message = "The archive has too many members."
            raise ValueError(message)
        yield file


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    # `zipfile.is_zipfile` would take an error of reading for an answer.
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        with tarfile.open(path, "r:") as tar:
            yield tar
    else:
        with archive:
            yield archive
