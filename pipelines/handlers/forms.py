"""Forms with files: configurations and rules are texts, which are kept in memory up to a bound, never on disk."""

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
    """Read a form; a file stands for the field of its name, with its text as the value.

    Raises
    ------
    InvalidValueError
        A file is no text in UTF-8.
    TooLargeError
        A file is larger than configurations ever are.
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
            raise InvalidValueError(f"The file {file.name} is no text in UTF-8.", field=file.field) from error
    return pairs


class _Text:
    """A small file that stays in memory."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, chunk: bytes) -> None:
        self.content += chunk
        if len(self.content) > _LARGEST_TEXT:
            raise TooLargeError(f"The file is larger than {_LARGEST_TEXT // 1_000_000} MB; configurations are small.")

    def finish(self) -> StoredBytes:
        digest = hashlib.sha256(self.content).hexdigest()
        return StoredBytes("", len(self.content), "", digest)

    def undo(self) -> None:
        self.content.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        """Keep the text; who needs it no longer forgets it."""
