"""Decompression of files that are compressed as a whole: gzip, bzip2, xz and zstandard."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Self, cast

__all__ = ["COMPRESSIONS", "decompressed", "name_without_compression"]

#: Extensions by the name of the compression; those in the second tuple stand for a tar inside.
COMPRESSIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gzip": ((".gz",), (".tgz",)),
    "bzip2": ((".bz2",), (".tbz2", ".tbz")),
    "xz": ((".xz",), (".txz",)),
    "zstandard": ((".zst", ".zstd"), (".tzst",)),
}

_BLOCK = 1 << 20
#: Memory for the dictionary of xz; the strongest preset needs 65 MB.
_XZ_BYTES = 100_000_000


def decompressed(path: Path, compression: str) -> AbstractContextManager[IO[bytes]]:
    """Open a file as a stream of its unpacked bytes, which are unpacked as they are read."""
    openers: dict[str, Callable[[Path], object]] = {
        "gzip": gzip.open,
        "bzip2": bz2.open,
        "xz": _XzStream,
        "zstandard": _zstandard,
    }
    return cast("AbstractContextManager[IO[bytes]]", openers[compression](path))


def name_without_compression(name: str) -> str:
    """Return the name of the file inside a compressed file."""
    for endings, _ in COMPRESSIONS.values():
        for ending in endings:
            if name.lower().endswith(ending):
                return name[: -len(ending)]
    return name


def _zstandard(path: Path) -> object:
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")


class _XzStream:
    """Stream of the unpacked bytes of an xz file, with a limit on the memory of its dictionary."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decompressor: lzma.LZMADecompressor | None = None
        self._waiting = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes, none at the end.

        Raises
        ------
        EOFError, lzma.LZMAError
            The file is truncated or damaged, or needs more memory than is allowed.
        """
        data = b""
        while not data:
            if self._decompressor is None and not self._begins_stream():
                return b""
            data = self._unpacked(size)
        return data

    def _begins_stream(self) -> bool:
        """Begin the next stream; streams may follow each other, padded with zeros."""
        while not (waiting := (self._waiting or self._file.read(_BLOCK))) or not waiting.lstrip(b"\x00"):
            self._waiting = b""
            if not waiting:
                return False
        self._waiting = waiting.lstrip(b"\x00")
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_BYTES)
        return True

    def _unpacked(self, size: int) -> bytes:
        stream = self._decompressor
        if stream is None:
            return b""
        if stream.needs_input and not self._waiting:
            self._waiting = self._file.read(_BLOCK)
            if not self._waiting:
                raise EOFError("the xz stream has no end")
        data, self._waiting = stream.decompress(self._waiting, size), b""
        if stream.eof:
            self._waiting, self._decompressor = stream.unused_data, None
        return data
