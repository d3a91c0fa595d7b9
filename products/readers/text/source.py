"""Text files as streams of UTF-8, with the encoding detected and comments and padding removed."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from products.readers.errors import EncodingError, NotATableError
from products.readers.formats import READABLE_FORMATS

__all__ = ["Cleaning", "TextSource", "surveyed_text"]

_BLOCK = 1 << 20
_LONGEST_LINE = 16 << 20
_WESTERN = "cp1252"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_QUOTED_OR_BLANKS = re.compile(rb'"[^"\n]*"|[ \t]+')


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Cleaning of the lines of a text before they are split into fields.

    Parameters
    ----------
    comments
        Whether lines that begin with ``#`` are dropped.
    blanks
        Whether runs of blanks separate fields; each becomes one tab.
    padding
        Delimiter around which blanks are dropped; none by default.
    bars
        Whether the vertical bars at the beginning and the end of each line are dropped.
    rules
        Whether lines of dashes are dropped.
    widths
        First character and the one after the last of each column of fixed place; a tab separates them then.
    end
        Line that is dropped with all that follow it.
    """

    comments: bool = False
    blanks: bool = False
    padding: str = ""
    bars: bool = False
    rules: bool = False
    widths: tuple[tuple[int, int], ...] = ()
    end: str = ""

    @property
    def needed(self) -> bool:
        """Whether any cleaning is necessary."""
        return any((self.comments, self.blanks, self.padding, self.bars, self.rules, self.widths))

    def __call__(self, lines: bytes) -> bytes:
        """Clean complete lines."""
        if self.comments:
            lines = re.sub(rb"(?m)^#[^\r\n]*(?:\r\n|\n|\r|\Z)", b"", lines)
        if self.rules:
            lines = re.sub(rb"(?m)^[-=+| \t]*(?:--|==)[-=+| \t]*(?:\r\n|\n|\r|\Z)", b"", lines)
        if self.widths:
            return _columns_of(lines, self.widths)
        if self.bars:
            lines = re.sub(rb"(?m)^[ \t]*\||\|[ \t]*(?=\r?$)", b"", lines)
        if self.blanks:
            lines = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", lines)
            if b'"' not in lines:
                return re.sub(rb"[ \t]+", b"\t", lines)
            return _QUOTED_OR_BLANKS.sub(lambda found: found[0] if found[0][:1] == b'"' else b"\t", lines)
        if self.padding:
            lines = re.sub(rb"(?m)^ +| +(?=\r?$)", b"", lines)
            return _padded(self.padding).sub(lambda found: found[1] or found[0], lines)
        return lines


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text file whose encoding is known.

    Parameters
    ----------
    start
        Bytes of the byte order mark, to be skipped.
    has_quotes, has_inner_comments
        Whether a double quote, or a line beginning with ``#`` after other lines, occurs anywhere.
    """

    path: Path
    encoding: str
    start: int
    has_quotes: bool
    has_inner_comments: bool

    def lines(self) -> Iterator[str]:
        """Yield the lines without their line ends."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            with io.TextIOWrapper(file, self.encoding) as text:
                for line in text:
                    yield line.rstrip("\r\n")

    def open(
        self, skipped_lines: int, cleaning: Cleaning, watch: Callable[[bytes], None] | None = None
    ) -> io.BufferedReader:
        """Open the text as UTF-8, without its first lines, and cleaned.

        Parameters
        ----------
        watch
            Called with each block of complete lines that is read.
        """
        return io.BufferedReader(_Cleaned(self, skipped_lines, cleaning, watch), _BLOCK)


def surveyed_text(path: Path, name: str) -> TextSource:
    """Read a whole file once to detect its encoding.

    Raises
    ------
    EncodingError
        A line is neither UTF-8 nor Western European text.
    NotATableError
        The file is binary.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return _survey(path, name, encoding, len(mark))
    try:
        return _survey(path, name, "utf-8", 0)
    except _NotUtf8Error as e:
        if e.had_wide_characters:
            raise EncodingError(
                f"Line {e.line} of {name} is not valid UTF-8, though lines before it are: it may be damaged. "
                "Correct it and send the file again as UTF-8."
            ) from e
    return _survey(path, name, _WESTERN, 0)


class _NotUtf8Error(Exception):
    """A text is not UTF-8; the characters before the error show whether it was meant to be."""

    def __init__(self, line: int, *, had_wide_characters: bool) -> None:
        super().__init__(line)
        self.line = line
        self.had_wide_characters = had_wide_characters


def _survey(path: Path, name: str, encoding: str, start: int) -> TextSource:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, wide, quotes, comments, seen_data = 1, False, False, False, False
    tail = "\n"
    with path.open("rb") as file:
        file.seek(start)
        while True:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as e:
                line += e.object[: e.start].count(b"\n")
                if encoding == "utf-8" and start == 0:
                    wide = wide or any(byte > 127 for byte in e.object[: e.start])
                    raise _NotUtf8Error(line, had_wide_characters=wide) from e
                raise EncodingError(
                    f"Line {line} of {name} is neither UTF-8 nor Western European text (byte "
                    f"{e.object[e.start]:#04x}). Save the file as UTF-8 and send it again."
                ) from e
            if "\x00" in text:
                raise NotATableError(
                    f"{name} is not a text file: line {line + text[: text.index(chr(0))].count(chr(10))} holds binary "
                    f"data. Send {READABLE_FORMATS}."
                )
            line += text.count("\n")
            wide = wide or not text.isascii()
            quotes = quotes or '"' in text
            joined = tail + text
            if "#" in joined and not comments:
                comments = _has_inner_comment(joined, seen_data)
            seen_data = seen_data or bool(re.search(r"[\n\r][ \t]*[^#\s]", joined))
            tail = joined[-1:]
            if not block:
                return TextSource(path, encoding, start, quotes, comments)


def _has_inner_comment(text: str, seen_data: bool) -> bool:
    if seen_data:
        return "\n#" in text or "\r#" in text
    first = re.search(r"[\n\r][ \t]*[^#\s]", text)
    return first is not None and re.search(r"[\n\r]#", text[first.start() + 1 :]) is not None


class _Cleaned(io.RawIOBase):
    """Raw stream of a text source as UTF-8, cleaned block by block."""

    def __init__(
        self, source: TextSource, skipped_lines: int, cleaning: Cleaning, watch: Callable[[bytes], None] | None
    ) -> None:
        self._watch = watch
        self._file = source.path.open("rb")
        self._file.seek(source.start)
        self._decoder = None if source.encoding == "utf-8" else codecs.getincrementaldecoder(source.encoding)()
        self._skip = skipped_lines
        self._cleaning = cleaning
        self._rest = b""
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        while not len(self._ready) and not self._ended:
            self._ready = memoryview(self._next())
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed requires a buffer, io passes one
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._file.close()
        super().close()

    def _next(self) -> bytes:
        block = self._file.read(_BLOCK)
        self._ended = not block
        text = block if self._decoder is None else self._decoder.decode(block, final=not block).encode()
        text = self._rest + text
        if not self._ended:
            end = max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1
            if end == 0 and len(text) > _LONGEST_LINE:
                end = len(text)
            text, self._rest = text[:end], text[end:]
        while self._skip and text:
            found = re.search(rb"\r\n|\n|\r", text)
            if found is None:
                return b""
            text = text[found.end() :]
            self._skip -= 1
        if self._cleaning.end and (found := _line(self._cleaning.end).search(text)):
            text, self._ended = text[: found.start()], True
        if self._cleaning.needed:
            text = self._cleaning(text)
        if self._watch is not None:
            self._watch(text)
        return text


def _columns_of(lines: bytes, widths: tuple[tuple[int, int], ...]) -> bytes:
    """Return lines with the columns at fixed places separated by tabs, without the blanks around them."""
    text = re.sub(r"(?m)^[ \t]*(?:\r\n|\n|\r|\Z)", "", lines.decode())
    text = _places(widths).sub(
        lambda line: "\t".join([part.strip().replace("\t", " ") for part in line.groups()]), text
    )
    return text.encode()


@lru_cache(maxsize=16)
def _line(content: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?m)^" + re.escape(content.encode()) + rb"[ \t]*\r?$")


@lru_cache(maxsize=16)
def _padded(delimiter: str) -> re.Pattern[bytes]:
    mark, blanks = re.escape(delimiter.encode()), rb" *" if delimiter == "\t" else rb"[ \t]*"
    return re.compile(rb'"[^"\n]*"|' + blanks + rb"(" + mark + rb")" + blanks)


@lru_cache(maxsize=16)
def _places(widths: tuple[tuple[int, int], ...]) -> re.Pattern[str]:
    parts, here = [], 0
    for first, beyond in widths:
        parts.append(f"[^\r\n]{{0,{first - here}}}([^\r\n]{{0,{beyond - first}}})")
        here = beyond
    return re.compile(f"(?m)^(?=[^\r\n]){''.join(parts)}[^\r\n]*")
