"""Render documents of the help: headings with anchors, links between documents, pictures of the package."""

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from core.markdown import markdown_parser
from webui.pages.help.documents import Document
from webui.pages.rendering.scrolling import make_scrollable

__all__ = ["render_document"]

_DOCUMENT = re.compile(r"(?:docs/)?(?:notebooks/)?([\w\-]+)\.(?:md|ipynb)(#[\w\-]*)?")
_LINK = re.compile(r'href="(?:\.\./([\w\-]+)\.md|([\w\-]+)\.ipynb)')
_PICTURE = re.compile(r"(?:docs/)?images/([\w\-]+\.(?:png|svg))")


def render_document(document: Document) -> Markup:
    """Render a document of this package; HTML in it is escaped, but for that of the outputs of notebooks."""
    if document.notebook is not None:
        # The file is of this package, and its maker leaves no scripts and styles in it.
        return Markup(_LINK.sub(r'href="/help/\1\2', document.notebook))  # noqa: S704  # nosec B704
    anchors = iter([section.anchor for section in document.sections])
    # The renderer escapes all text and passes no HTML through.
    return Markup(_MARKDOWN.render(document.text, {"anchors": anchors}))  # noqa: S704  # nosec B704


def _heading_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, environment: Any
) -> str:
    if anchor := next(environment["anchors"], ""):
        tokens[index].attrSet("id", anchor)
    return renderer.renderToken(tokens, index, options, environment)


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, environment: Any
) -> str:
    token = tokens[index]
    target = str(token.attrGet("href") or "")
    if other := _DOCUMENT.fullmatch(target):
        token.attrSet("href", f"/help/{other[1]}{other[2] or ''}")
    elif not target.startswith(("#", "/", "http://", "https://", "mailto:")):
        token.attrs.pop("href", None)  # a file of the sources, which this server does not show
    elif target.startswith("http"):
        token.attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, index, options, environment)


def _image(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _environment: Any
) -> str:
    token = tokens[index]
    picture = _PICTURE.fullmatch(str(token.attrGet("src") or ""))
    if picture is None:
        return str(Markup("{}").format(token.content))
    return str(Markup('<img src="/help/images/{}" alt="{}" loading="lazy">').format(picture[1], token.content))


def _make_markdown() -> MarkdownIt:
    markdown = markdown_parser()
    for name, rule in (
        ("heading_open", _heading_open),
        ("link_open", _link_open),
        ("image", _image),
    ):
        markdown.add_render_rule(name, rule)
    make_scrollable(markdown)
    return markdown


_MARKDOWN = _make_markdown()
