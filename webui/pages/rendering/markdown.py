"""Render Markdown descriptions (CommonMark with tables and strike-through) to safe HTML."""

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from core.markdown import markdown_parser
from webui.pages.rendering.scrolling import make_scrollable

__all__ = ["render_markdown"]


def render_markdown(text: str) -> Markup:
    """Render a description as HTML.

    HTML in the text is escaped. Links open a new tab and are not followed by search engines; only http, https and
    mailto are allowed (``validateLink`` of markdown-it refuses ``javascript:`` and ``data:``). Images become links,
    because pages load nothing from other servers.
    """
    # The renderer escapes all text and passes no HTML through.
    return Markup(_MARKDOWN.render(text, {}))  # noqa: S704 - see above  # nosec B704


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
    # The page has its own h1 and h2; the headings of a description are below them.
    level = min(6, int(tokens[index].tag[1:]) + 2)
    tokens[index].tag = f"h{level}"
    return renderer.renderToken(tokens, index, options, environment)


def _make_markdown() -> MarkdownIt:
    markdown = markdown_parser()
    markdown.add_render_rule("link_open", _link_open)
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("heading_close", _heading_open)
    make_scrollable(markdown)
    return markdown


_MARKDOWN = _make_markdown()
