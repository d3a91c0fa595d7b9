"""Zip archives of known size, built while they are sent.

The members are stored, not deflated, so that the size can be computed; their checksums follow their bytes (APPNOTE
6.3.10 §4.3.9), so that each member is read once. The same members give the same bytes on any machine, so that an
interrupted download can be resumed.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import PhotozError

__all__ = ["BrokenMemberError", "ZipMember", "zip_bytes", "zip_size"]

_LIMIT = 0xFFFFFFFF
_MOST_MEMBERS = 0xFFFF
_FLAGS = 0x0808  # the checksum follows the bytes; names are UTF-8
_PLAIN_VERSION, _LARGE_VERSION = 20, 45
_UNIX_FILE = (3 << 8, 0o100644 << 16)
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LARGE_LOCATOR = struct.Struct("<4sLQL")
_PLAIN_DESCRIPTOR, _LARGE_DESCRIPTOR = struct.Struct("<4s3L"), struct.Struct("<4sL2Q")


class BrokenMemberError(PhotozError):
    """The size of a member is not the declared one; the response is cut off."""


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A member of an archive: its path, size in bytes, modification time and bytes."""

    name: str
    size: int
    modified: datetime
    read: Callable[[], Iterator[bytes]]

    @property
    def is_large(self) -> bool:
        """Whether its size needs the 64-bit fields."""
        return self.size > _LIMIT


@dataclass(frozen=True, slots=True)
class _Placed:
    """A written member: its offset in the archive and its checksum."""

    member: ZipMember
    offset: int
    checksum: int


def zip_size(members: Sequence[ZipMember]) -> int:
    """Return the size in bytes of the zip of these members."""
    offset, directory = 0, 0
    for member in members:
        directory += len(_central(_Placed(member, offset, 0)))
        descriptor = _LARGE_DESCRIPTOR if member.is_large else _PLAIN_DESCRIPTOR
        offset += len(_local(member)) + member.size + descriptor.size
    return offset + directory + len(_end(len(members), offset, directory))


def zip_bytes(members: Sequence[ZipMember], start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Stream the bytes of the zip from ``start`` up to, not including, ``end``.

    What lies before ``start`` is read all the same, because the checksums at the end need it.

    Raises
    ------
    BrokenMemberError
        The size of a member is not the declared one.
    """
    position = 0
    for chunk in _chunks(members):
        following = position + len(chunk)
        if following > start:
            last = len(chunk) if end is None else min(len(chunk), end - position)
            yield chunk[max(0, start - position) : last]
        position = following
        if end is not None and position >= end:
            return


def _chunks(members: Sequence[ZipMember]) -> Iterator[bytes]:
    position, placed = 0, []
    for member in members:
        header, checksum, size = _local(member), 0, 0
        yield header
        for chunk in member.read():
            checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
            yield chunk
        if size != member.size:
            message = f"'{member.name}' has {size} bytes, not {member.size}."
            raise BrokenMemberError(message)
        descriptor = _LARGE_DESCRIPTOR if member.is_large else _PLAIN_DESCRIPTOR
        yield descriptor.pack(b"PK\x07\x08", checksum, size, size)
        placed.append(_Placed(member, position, checksum))
        position += len(header) + size + descriptor.size
    directory = b"".join(_central(item) for item in placed)
    yield directory
    yield _end(len(placed), position, len(directory))


def _local(member: ZipMember) -> bytes:
    """Return the local file header; the sizes follow the bytes of the member (§4.3.7)."""
    name, (day, clock) = member.name.encode(), _dos_time(member.modified)
    # The 64-bit fields must be announced here, so that a reader knows how wide those behind the bytes are.
    extra = struct.pack("<2H2Q", 1, 16, 0, 0) if member.is_large else b""
    size, version = (_LIMIT, _LARGE_VERSION) if member.is_large else (0, _PLAIN_VERSION)
    fields = (b"PK\x03\x04", version, _FLAGS, 0, clock, day, 0, size, size, len(name), len(extra))
    return _LOCAL.pack(*fields) + name + extra


def _central(item: _Placed) -> bytes:
    """Return the entry of the central directory (§4.3.12)."""
    member, name, (day, clock) = item.member, item.member.name.encode(), _dos_time(item.member.modified)
    large = [member.size, member.size] if member.is_large else []
    large += [item.offset] if item.offset > _LIMIT else []
    extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    version = _LARGE_VERSION if large else _PLAIN_VERSION
    system, mode = _UNIX_FILE
    size = min(member.size, _LIMIT)
    fields = (b"PK\x01\x02", system | version, version, _FLAGS, 0, clock, day, item.checksum, size, size, len(name))
    return _CENTRAL.pack(*fields, len(extra), 0, 0, 0, mode, min(item.offset, _LIMIT)) + name + extra


def _end(count: int, offset: int, size: int) -> bytes:
    """Return the records after the central directory (§4.3.14 to §4.3.16)."""
    large = b""
    if count >= _MOST_MEMBERS or offset > _LIMIT or size > _LIMIT:
        versions = (_LARGE_VERSION, _LARGE_VERSION)
        large = _LARGE_END.pack(b"PK\x06\x06", _LARGE_END.size - 12, *versions, 0, 0, count, count, size, offset)
        large += _LARGE_LOCATOR.pack(b"PK\x06\x07", 0, offset + size, 1)
    members = min(count, _MOST_MEMBERS)
    return large + _END.pack(b"PK\x05\x06", 0, 0, members, members, min(size, _LIMIT), min(offset, _LIMIT), 0)


def _dos_time(time: datetime) -> tuple[int, int]:
    """Return a time as date and time of MS-DOS, which begin in 1980 and have steps of two seconds (§4.4.6)."""
    year = min(max(time.year, 1980), 2107)
    return (year - 1980) << 9 | time.month << 5 | time.day, time.hour << 11 | time.minute << 5 | time.second // 2
