"""Multipart forms with configuration and rules files, which are kept in memory up to a limit."""

import hashlib
from types import TracebackType
from typing import Self

from fastapi import Request

from core.errors import InvalidValueError, TooLargeError
from core.files import StoredBytes
from core.web.multipart import receive_form

__all__ = ["read_multipart"]

_LARGEST_TEXT = 2_000_000
_MOST_FILES = 4


async def read_multipart(request: Request) -> list[tuple[str, str]]:
    """Read a form; the text of a file is the value of its field.

    Raises
    ------
    InvalidValueError
        A file is not UTF-8 text.
    TooLargeError
        A file exceeds the limit.
    """
    texts: list[_Text] = []

    def stage(_fields: dict[str, str]) -> _Text:
        texts.append(_Text())
        return texts[-1]

    form = await receive_form(request, stage, most_files=_MOST_FILES)
    pairs = list(form.pairs)
    for file, text in zip(form.files, texts, strict=True):
        try:
            pairs.append((file.field, text.content.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise InvalidValueError(f"The file {file.name} is not UTF-8 text.", field=file.field) from error
    return pairs


class _Text:
    """A staging file in memory."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, chunk: bytes) -> None:
        self.content += chunk
        if len(self.content) > _LARGEST_TEXT:
            raise TooLargeError(f"The file exceeds the limit of {_LARGEST_TEXT // 1_000_000} MB for configurations.")

    def finish(self) -> StoredBytes:
        digest = hashlib.sha256(self.content).hexdigest()
        return StoredBytes("", len(self.content), "", digest)

    def undo(self) -> None:
        self.content.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        """Do nothing: the text is kept until it is garbage-collected."""
