"""All that lies in containers, as one zip or tar that is made while it is sent."""

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
    """Files that go into one archive, under their names there.

    Parameters
    ----------
    counts
        To be called when it was sent to its end: one for each product that has files in it.
    """

    name: str
    members: tuple[ZipMember, ...]
    counts: tuple[Callable[[], None], ...] = ()

    def size(self, kind: ArchiveFormat) -> int:
        """Return the number of bytes that the archive has."""
        return zip_size(self.members) if kind == "zip" else tar_size(self.members)

    def read(self, kind: ArchiveFormat) -> Iterator[bytes]:
        """Stream the archive."""
        return zip_bytes(self.members) if kind == "zip" else tar_bytes(self.members)

    def counted(self) -> None:
        """Count it as a download of each product that has files in it."""
        for count in self.counts:
            count()


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """How nodes and their bytes are found; what is not found is left out."""

    node: Callable[[Identity, Path, Listing], Node]
    file: Callable[[Identity, Path], NodeFile]


def archive_members(source: ArchiveSource, identity: Identity, paths: Sequence[Path]) -> Archive:
    """Gather the files of nodes, each below the name of its node; links are left out.

    Raises
    ------
    NodeNotFoundError
        One of the nodes does not exist, or may not be read.
    InvalidArgumentError
        Two of them have one name, or they are more than an archive holds.
    """
    names = [path[-1] if path else "vospace" for path in paths]
    if len(set(names)) < len(names):
        message = "Two of the nodes have the same name; an archive holds each name once."
        raise InvalidArgumentError(message)
    members: list[ZipMember] = []
    counts: dict[Path, Callable[[], None]] = {}
    for top, name in zip(paths, names, strict=True):
        for path, below, file in _files(source, identity, top, name):
            members.append(_member(file, below))
            if file.counted is not None:
                counts.setdefault(path[:-1], file.counted)
            if len(members) > _MOST_MEMBERS:
                message = f"An archive holds at most {_MOST_MEMBERS} files."
                raise TooLargeError(message)
    return Archive(names[0] if len(names) == 1 else "vospace", tuple(members), tuple(counts.values()))


def _files(source: ArchiveSource, identity: Identity, path: Path, name: str) -> Iterator[tuple[Path, str, NodeFile]]:
    """Yield the files of a node and of all that lies in it: where they are, their names in the archive, their bytes."""
    node = source.node(identity, path, Listing(brief=True))
    if node.kind.has_bytes:
        yield path, name, source.file(identity, path)
    elif node.kind is NodeKind.CONTAINER:
        for child in node.children:
            try:
                yield from _files(source, identity, (*path, child.name), f"{name}/{child.name}")
            except NotFoundError:  # it was deleted, or closed to the caller, since it was listed
                continue


def _member(file: NodeFile, name: str) -> ZipMember:
    return ZipMember(name, file.size, file.modified.astimezone(UTC), lambda: file.read(0, file.size))
