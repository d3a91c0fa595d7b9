"""Code and tables of rendered Markdown that one can scroll with the keyboard (WCAG 2.1.1)."""

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

__all__ = ["make_scrollable"]

_COUNT = "tables"


def make_scrollable(markdown: MarkdownIt) -> None:
    """Add rules that render code blocks and tables as elements that take the focus."""
    for name in ("fence", "code_block"):
        markdown.add_render_rule(name, _code(name))
    markdown.add_render_rule("table_open", _table_open)
    markdown.add_render_rule("table_close", _table_close)


def _code(name: str) -> Any:  # a method of the renderer after this one is bound
    def rule(
        renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, environment: Any
    ) -> str:
        text: str = getattr(RendererHTML, name)(renderer, tokens, index, options, environment)
        return text.replace("<pre>", '<pre tabindex="0">', 1)

    return rule


def _table_open(
    _renderer: RendererHTML, _tokens: Sequence[Token], _index: int, _options: OptionsDict, environment: Any
) -> str:
    environment[_COUNT] = number = environment.get(_COUNT, 0) + 1
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Table {number}"><table>'


def _table_close(
    _renderer: RendererHTML, _tokens: Sequence[Token], _index: int, _options: OptionsDict, _environment: Any
) -> str:
    return "</table></div>"
