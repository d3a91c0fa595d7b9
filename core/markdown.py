"""Descriptions in Markdown: their dialect, and their words for places that show text as it is, such as VOTables."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["markdown_parser", "plain_text"]

_BREAKS = frozenset({"softbreak", "hardbreak"})


def markdown_parser() -> MarkdownIt:
    """Return a parser of the dialect: CommonMark with tables and strike-through, in which HTML is text."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


_MARKDOWN = markdown_parser()


@lru_cache(maxsize=4096)
def plain_text(markdown: str) -> str:
    """Return the words of a description without its markup, in one line.

    Pictures leave their alternative text, and links what is shown of them.
    """
    return " ".join(" ".join(_texts(_MARKDOWN.parse(markdown))).split())


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(_inline(token.children or ()))
        elif token.content:
            yield token.content


def _inline(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        yield " " if token.type in _BREAKS else token.content
