"""Markdown dialect of descriptions, and its plain-text form for VOTables and other places without markup."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["markdown_parser", "plain_text"]

_BREAKS = frozenset({"softbreak", "hardbreak"})


def markdown_parser() -> MarkdownIt:
    """Return a parser of the dialect: CommonMark with tables and strike-through, without HTML."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


_MARKDOWN = markdown_parser()


@lru_cache(maxsize=4096)
def plain_text(markdown: str) -> str:
    """Return a description without markup, in one line.

    Images are replaced by their alternative text, and links by their label.
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
