"""Descriptions: Markdown (CommonMark, with tables and strike-through) to HTML that cannot do harm."""

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from core.markdown import markdown_parser

__all__ = ["render_markdown"]


def render_markdown(text: str) -> Markup:
    """Turn a description into HTML.

    HTML in the text is shown as text. Links open a new tab and are not followed by search engines; addresses other
    than http, https and mailto are no links (markdown-it's ``validateLink`` refuses ``javascript:`` and ``data:``).
    Pictures become links, because nothing on these pages loads from another server.
    """
    return Markup(_MARKDOWN.render(text))  # noqa: S704 - the renderer escapes all text and passes no HTML through


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, environment: Any
) -> str:
    token = tokens[index]
    token.attrSet("rel", "nofollow noopener noreferrer")
    token.attrSet("target", "_blank")
    return renderer.renderToken(tokens, index, options, environment)


def _image(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _environment: Any
) -> str:
    token = tokens[index]
    link = Markup('<a href="{}" rel="nofollow noopener noreferrer" target="_blank">{}</a>')
    return str(link.format(token.attrGet("src") or "", token.content or "picture"))


def _heading_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, environment: Any
) -> str:
    # The page has its own h1 and h2; those of a description stand below them.
    level = min(6, int(tokens[index].tag[1:]) + 2)
    tokens[index].tag = f"h{level}"
    return renderer.renderToken(tokens, index, options, environment)


def _make_markdown() -> MarkdownIt:
    markdown = markdown_parser()
    markdown.add_render_rule("link_open", _link_open)
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("heading_close", _heading_open)
    return markdown


_MARKDOWN = _make_markdown()
