"""Streaming parser of multipart forms, whose files are staged while they are received.

A multipart body (RFC 7578) is parsed in blocks; nothing is spooled to temporary files.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from core.errors import InvalidValueError, TooLargeError
from core.files import Staging, StoredBytes

__all__ = [
    "ReceivedFile",
    "ReceivedForm",
    "announced_bytes",
    "announces_more",
    "receive_form",
    "receive_into",
    "take_body",
]

_BUFFER = 1 << 20
_FORM_BYTES = 1_000_000
_LONGEST_FIELD = 1 << 20
_MOST_PARTS = 1000
_MOST_TEXT = 10 << 20
_LONGEST_HEADER = 16_384

_OpenStaging = Callable[[dict[str, str]], Staging]


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A stored file of a form."""

    field: str
    name: str
    media_type: str | None
    stored: StoredBytes


@dataclass(slots=True)
class ReceivedForm:
    """Fields and files of a form; of a repeated field, ``fields`` has the last value and ``pairs`` has all."""

    fields: dict[str, str] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    files: list[ReceivedFile] = field(default_factory=list)


def announces_more(request: Request, limit: int) -> bool:
    """Return whether the Content-Length shows that the file is too long, allowing for the form around it."""
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) > limit + _FORM_BYTES


def announced_bytes(request: Request) -> int:
    """Return the least size of the file of a request by its Content-Length; 0 without that header."""
    length = request.headers.get("content-length", "")
    return max(0, int(length) - _FORM_BYTES) if length.isdecimal() else 0


async def receive_into(request: Request, staging: Staging) -> StoredBytes:
    """Store the whole body of a request as one file.

    Raises
    ------
    TooLargeError
        The body exceeds the limit of the staged file.
    """
    with staging:
        await take_body(request, staging.write)
        return await run_in_threadpool(staging.finish)


async def receive_form(request: Request, stage: _OpenStaging, *, most_files: int = 1) -> ReceivedForm:
    """Receive a multipart form; when it is refused or incomplete, its files are deleted.

    Parameters
    ----------
    stage
        Called with the fields before a file; returns its staged file. Fields that decide about a file must precede it,
        as in the forms of browsers and libraries.
    most_files
        Largest number of files of the form.
    """
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        message = "Send the file as a multipart/form-data form."
        raise InvalidValueError(message, field="file")
    receiver = _Receiver(boundary, stage, most_files)
    try:
        await take_body(request, receiver.feed)
        return await run_in_threadpool(receiver.end)
    except FormParserError as e:
        receiver.undo()
        message = "The form is malformed: it does not follow multipart/form-data."
        raise InvalidValueError(message) from e
    except BaseException:
        receiver.undo()
        raise
    finally:
        receiver.close()


async def take_body(request: Request, take: Callable[[bytes], None]) -> None:
    """Pass a body to a function in another thread, block by block, each while the next one is received.

    The function has returned when this ends, also after an error.
    """
    running: asyncio.Task[None] | None = None
    try:
        async for block in _blocks(request):
            await _finish(running)
            running = asyncio.create_task(run_in_threadpool(take, block))
        await _finish(running)
    finally:
        with anyio.CancelScope(shield=True), suppress(Exception):  # the first error is the one that is raised
            await _finish(running)


async def _finish(running: asyncio.Task[None] | None) -> None:
    if running is not None:
        await asyncio.wait({running})  # awaiting the task itself would cancel it, too
        running.result()


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in blocks of a megabyte or more, so that passing them to a thread is worth it."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size >= _BUFFER:
            yield b"".join(chunks)
            chunks.clear()
            size = 0
    if size:
        yield b"".join(chunks)


class _Receiver:
    """Handler of the events of the parser: collects fields, and stages files."""

    def __init__(self, boundary: bytes, stage: _OpenStaging, most_files: int) -> None:
        self.form = ReceivedForm()
        self._stage = stage
        self._most_files = most_files
        self._finished: list[Staging] = []
        self._parts = 0
        self._text = 0  # bytes of all fields together
        self._headers: dict[bytes, bytes] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._value = bytearray()
        self._field = ""
        self._file_name: str | None = None  # of a text field
        self._media_type: str | None = None
        self._staging: Staging | None = None
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, block: bytes) -> None:
        """Parse a block, and store its fields and bytes of files."""
        self._parser.write(block)

    def end(self) -> ReceivedForm:
        """Return the form, once the body has ended."""
        self._parser.finalize()
        if not self._ended:
            message = "The form is incomplete; nothing was stored."
            raise InvalidValueError(message)
        return self.form

    def undo(self) -> None:
        """Delete the files that are stored already."""
        for staging in self._finished:
            staging.undo()

    def close(self) -> None:
        """Discard a file that is incomplete."""
        if self._staging is not None:
            self._staging.__exit__(None, None, None)
            self._staging = None

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            message = f"The form has more than {_MOST_PARTS} parts."
            raise TooLargeError(message)
        self._headers = {}
        self._value = bytearray()
        self._file_name = None

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        if len(self._header_value) > _LONGEST_HEADER:
            message = "A header of the form is too long."
            raise TooLargeError(message)

    def _header_end(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        self._file_name = options[b"filename"].decode("utf-8", "replace")
        media_type = self._headers.get(b"content-type")
        self._media_type = None if media_type is None else media_type.decode("latin-1")
        if not self._file_name:  # a browser sends an empty name for a file field that was left empty
            return
        if len(self._finished) >= self._most_files:
            message = f"The form has more than {self._most_files} files; send the others separately."
            raise TooLargeError(message, field="file")
        self._staging = self._stage(self.form.fields)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._staging is not None:
            self._staging.write(data[start:end])
            return
        self._value += data[start:end]
        self._text += end - start
        if len(self._value) > _LONGEST_FIELD or self._text > _MOST_TEXT:
            message = f"The field '{self._field}' is too long."
            raise TooLargeError(message, field=self._field)

    def _part_end(self) -> None:
        if self._staging is None:
            if self._file_name == "" and not self._value:  # the file field that was left empty has no text either
                return
            text = self._value.decode("utf-8", "replace")
            self.form.fields[self._field] = text
            self.form.pairs.append((self._field, text))
            return
        stored = self._staging.finish()
        self._finished.append(self._staging)
        self.close()
        self.form.files.append(ReceivedFile(self._field, self._file_name or "", self._media_type, stored))

    def _on_end(self) -> None:
        self._ended = True
