"""Tar archives of known size, built while they are sent.

The format is POSIX.1-2001 (pax), which allows names of any script and length, and any size.
"""

import tarfile
from collections.abc import Iterator, Sequence

from core.files.zip_stream import BrokenMemberError, ZipMember

__all__ = ["tar_bytes", "tar_size"]

_BLOCK = tarfile.BLOCKSIZE
_END = b"\0" * (2 * _BLOCK)


def tar_size(members: Sequence[ZipMember]) -> int:
    """Return the size in bytes of the tar of these members."""
    return sum(len(_header(member)) + member.size + _padding(member.size) for member in members) + len(_END)


def tar_bytes(members: Sequence[ZipMember]) -> Iterator[bytes]:
    """Stream the bytes of the tar.

    Raises
    ------
    BrokenMemberError
        The size of a member is not the declared one.
    """
    for member in members:
        yield _header(member)
        size = 0
        for chunk in member.read():
            size += len(chunk)
            yield chunk
        if size != member.size:
            message = f"'{member.name}' has {size} bytes, not {member.size}."
            raise BrokenMemberError(message)
        yield b"\0" * _padding(size)
    yield _END


def _header(member: ZipMember) -> bytes:
    info = tarfile.TarInfo(member.name)
    info.size, info.mtime, info.mode = member.size, int(member.modified.timestamp()), 0o644
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> int:
    return -size % _BLOCK
