"""Frames between the server and a query process: a kind of one letter, a length, and the content.

Rows are Arrow IPC messages, which the reader uses without copying.
"""

import os
import select
import struct
import time
from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias

__all__ = ["Frame", "FrameKind", "PipeReader", "PipeTimeoutError", "write_frame"]

Frame: TypeAlias = tuple["FrameKind", bytearray]

_HEADER = struct.Struct("<cQ")


class FrameKind(Enum):
    """Kind of a frame."""

    QUERY = b"Q"  # to the process: JSON
    TABLE = b"T"  # to the process: rows of a table in memory, as an IPC stream; they follow their query
    CANCEL = b"C"  # to the process: empty
    SCHEMA = b"S"  # from the process: IPC schema message
    BATCH = b"B"  # from the process: IPC record batch message
    END = b"Z"  # from the process: empty; the query is done
    ERROR = b"E"  # from the process: JSON; the query is done


class PipeTimeoutError(Exception):
    """Error of a frame that is not complete in time."""


class PipeReader:
    """Reader of frames from a file descriptor, which the caller closes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kind: FrameKind | None = None  # None while a header is read
        self._data = bytearray(_HEADER.size)
        self._filled = 0

    def read(self, seconds: float | None = None) -> Frame:
        """Wait for the next frame.

        Raises
        ------
        EOFError
            The other side closed the pipe.
        PipeTimeoutError
            The frame is not complete after so many seconds; the next call reads the rest of it.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self._fill(deadline)
            kind, content = self._kind, self._data
            if kind is not None:
                self._expect(None, _HEADER.size)
                return kind, content
            letter, length = _HEADER.unpack(content)
            self._expect(FrameKind(letter), length)

    def _expect(self, kind: FrameKind | None, count: int) -> None:
        self._kind, self._data, self._filled = kind, bytearray(count), 0

    def _fill(self, deadline: float | None) -> None:
        view = memoryview(self._data)
        while self._filled < len(view):
            if deadline is not None:
                self._wait(deadline)
            count_read = os.readv(self._descriptor, [view[self._filled :]])
            if count_read == 0:
                raise EOFError
            self._filled += count_read

    def _wait(self, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise PipeTimeoutError


def write_frame(descriptor: int, kind: FrameKind, parts: Iterable[bytes | memoryview] = ()) -> None:
    """Write one frame with the concatenated parts; block while the pipe is full."""
    views = [memoryview(part).cast("B") for part in parts]
    header = _HEADER.pack(kind.value, sum(len(view) for view in views))
    for view in (memoryview(header), *views):
        written = 0
        while written < len(view):
            written += os.write(descriptor, view[written:])
