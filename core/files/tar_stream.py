"""A tar that is made while it is sent: its size is known before its first byte, and its bytes are always the same.

The format is that of POSIX.1-2001 (pax), so names of any script and any length, and any size, fit.
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
        A member does not have the size that it said.
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
