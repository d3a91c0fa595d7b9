"""Streaming zip and tar archives of nodes and the trees below them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from core.auth.models import Identity
from core.errors import NotFoundError, TooLargeError
from core.files.tar_stream import tar_bytes, tar_size
from core.files.zip_stream import ZipMember, zip_bytes, zip_size
from vospace.faults import InvalidArgumentError
from vospace.models import Listing, Node, NodeFile, NodeKind, Path

__all__ = ["Archive", "ArchiveFormat", "ArchiveSource", "archive_members"]

_MOST_MEMBERS = 100_000

#: Formats of archives.
ArchiveFormat = Literal["zip", "tar"]


@dataclass(frozen=True, slots=True)
class Archive:
    """Members of one archive, and its name.

    Parameters
    ----------
    checksum
        SHA-256 of the names and checksums of the members, sorted by name as ``sha256sum`` lists them.
    counts
        Called after a complete download: one function for each product with files in the archive.
    """

    name: str
    members: tuple[ZipMember, ...]
    checksum: str = ""
    counts: tuple[Callable[[], None], ...] = ()

    def size(self, kind: ArchiveFormat) -> int:
        """Return the size of the archive in bytes."""
        return zip_size(self.members) if kind == "zip" else tar_size(self.members)

    def read(self, kind: ArchiveFormat) -> Iterator[bytes]:
        """Yield the bytes of the archive."""
        return zip_bytes(self.members) if kind == "zip" else tar_bytes(self.members)

    def counted(self) -> None:
        """Count a download for each product with files in the archive."""
        for count in self.counts:
            count()


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """Functions that find nodes and their bytes; nodes that are not found are skipped."""

    node: Callable[[Identity, Path, Listing], Node]
    file: Callable[[Identity, Path], NodeFile]


def archive_members(source: ArchiveSource, identity: Identity, paths: Sequence[Path]) -> Archive:
    """Collect the files of nodes and of the trees below them, without links.

    Raises
    ------
    NodeNotFoundError
        One of the nodes does not exist, or may not be read.
    InvalidArgumentError
        Two of the nodes have the same name.
    TooLargeError
        The archive would have too many members.
    """
    names = [path[-1] if path else "vospace" for path in paths]
    if len(set(names)) < len(names):
        message = "Two of the nodes have the same name; names in an archive must be unique."
        raise InvalidArgumentError(message)
    members: list[ZipMember] = []
    counts: dict[Path, Callable[[], None]] = {}
    checksums: dict[str, str] = {}
    for top, name in zip(paths, names, strict=True):
        for path, below, file in _files(source, identity, top, name):
            members.append(_member(file, below))
            checksums[below] = file.sha256
            if file.counted is not None:
                counts.setdefault(path[:-1], file.counted)
            if len(members) > _MOST_MEMBERS:
                message = f"An archive can hold at most {_MOST_MEMBERS} files."
                raise TooLargeError(message)
    listed = "".join(f"{checksums[below]}  {below}\n" for below in sorted(checksums))
    checksum = hashlib.sha256(listed.encode()).hexdigest()
    return Archive(names[0] if len(names) == 1 else "vospace", tuple(members), checksum, tuple(counts.values()))


def _files(source: ArchiveSource, identity: Identity, path: Path, name: str) -> Iterator[tuple[Path, str, NodeFile]]:
    """Yield the files of a node and of the tree below it: path, name in the archive, bytes."""
    node = source.node(identity, path, Listing(brief=True))
    if node.kind.has_bytes:
        yield path, name, source.file(identity, path)
    elif node.kind is NodeKind.CONTAINER:
        for child in node.children:
            try:
                yield from _files(source, identity, (*path, child.name), f"{name}/{child.name}")
            except NotFoundError:  # deleted, or closed to the caller, since it was listed
                continue


def _member(file: NodeFile, name: str) -> ZipMember:
    return ZipMember(name, file.size, file.modified.astimezone(UTC), lambda: file.read(0, file.size))
