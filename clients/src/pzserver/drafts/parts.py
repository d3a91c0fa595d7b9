"""Uploads of files in parts, which continue where they stopped: after a broken connection, or in another program."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pzserver.errors import RequestError
from pzserver.models import PartialUpload

if TYPE_CHECKING:
    from typing import BinaryIO

    from pzserver.connections.connection import Connection
    from pzserver.drafts.sources import Source
    from pzserver.files.downloads import Progress

__all__ = ["send_parts", "unfinished_uploads"]

_ENDS = 1 << 16  # bytes at both ends, which the server checks before the rest is sent
_BLOCK = 1 << 18
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_CONFLICT = 409


def unfinished_uploads(connection: Connection, product_id: int) -> tuple[PartialUpload, ...]:
    """Return the uploads to a product that are not complete."""
    results = connection.json("GET", f"products/{product_id}/uploads")["results"]
    return tuple(PartialUpload.from_json(each) for each in results)


def send_parts(
    connection: Connection, product_id: int, source: Source, role: str, progress: Progress | None = None
) -> None:
    """Send a file in parts; what the server has of the same file already is not sent again.

    Raises
    ------
    RequestError
        The server refused the file, or the connection broke off several times without progress.
    """
    path = f"products/{product_id}/uploads"
    state = PartialUpload.from_json(connection.json("POST", path, json=_announcement(source, role)))
    failures = 0
    while state.file is None:
        if progress is not None:
            progress(state.received, source.size)
        before = state.received
        try:
            state = _send(connection, f"{path}/{state.id}", source, state, progress)
        except RequestError as e:
            # Without a response the connection broke; a conflict is one of the offset, or with a request that ended.
            if e.response is not None and e.response.status_code != _CONFLICT:
                raise
            state = _continued(connection, f"{path}/{state.id}", _PAUSES[min(failures, len(_PAUSES) - 1)])
            failures = 0 if state.received > before else failures + 1
            if failures > len(_PAUSES):
                raise
    if progress is not None:
        progress(source.size, source.size)


def _announcement(source: Source, role: str) -> dict[str, object]:
    first = source.file.read(_ENDS)
    source.file.seek(max(0, source.size - _ENDS))
    last = source.file.read(_ENDS)
    return {
        "name": source.name,
        "size": source.size,
        "role": role,
        "fingerprint": source.fingerprint,
        "first": base64.b64encode(first).decode(),
        "last": base64.b64encode(last).decode(),
    }


def _send(
    connection: Connection, path: str, source: Source, state: PartialUpload, progress: Progress | None
) -> PartialUpload:
    body = _Part(source, state.received, state.next_part, progress)
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))}
    answer = connection.json("PATCH", path, params={"offset": state.received}, data=body, headers=headers)
    return PartialUpload.from_json(answer)


def _continued(connection: Connection, path: str, pause: float) -> PartialUpload:
    """Wait, and ask how much has arrived."""
    time.sleep(pause)
    return PartialUpload.from_json(connection.json("GET", path))


class _Part:
    """Request body that streams a part of a file and reports the bytes sent."""

    def __init__(self, source: Source, start: int, size: int, progress: Progress | None) -> None:
        self._file: BinaryIO = source.file
        self._whole = source.size
        self._start = start
        self._size = size
        self._progress = progress

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._size
        while left and (block := self._file.read(min(_BLOCK, left))):
            yield block
            left -= len(block)
            if self._progress is not None:
                self._progress(self._start + self._size - left, self._whole)
