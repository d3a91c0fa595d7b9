"""Notebooks with their outputs as HTML: one file that loads nothing, whose content is also a page of the help."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import count
from pathlib import Path

from lxml import html
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import BashLexer, PythonLexer

from core.markdown import markdown_parser
from tests.clients.notebooks.execution import Output, cells_of, source_of
from webui.pages.help.documents import slug

__all__ = ["page_of"]

_STYLE = Path(__file__).parents[3] / "webui" / "static" / "notebooks.css"
_ELEMENTS = {
    "a", "b", "br", "code", "dd", "div", "dl", "dt", "em", "i", "li", "ol", "p", "pre", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"colspan", "rowspan", "scope"}
_TABLE = "Table"  # label of tables, which are numbered on each page
_LEXERS = {"sh": BashLexer(), "python": PythonLexer()}
_FORMATTER = HtmlFormatter(nowrap=True)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body class="notebook-page">
<main class="notebook">
{cells}
</main>
</body>
</html>
"""


def page_of(notebook: Path, outputs: Sequence[Output] | None = None) -> str:
    """Return a notebook as a page, with the outputs of its cells.

    The address of a document, ``../library.md``, stays as it is: the page stands beside the notebook, and the help
    replaces it.
    """
    cells = cells_of(notebook)
    anchors: dict[str, int] = {}
    pieces = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            pieces.append(f'<section class="cell">\n{_text(source_of(cell), anchors)}</section>')
            continue
        shown = "" if outputs is None else "\n".join(_shown(outputs[number], number))
        output = f'\n<div class="output">\n{shown}\n</div>' if shown else ""
        pieces.append(f'<section class="cell code">\n{_code(source_of(cell), "python")}{output}\n</section>')
    numbers = count(1)
    content = re.sub(f'aria-label="{_TABLE}"', lambda _: f'aria-label="{_TABLE} {next(numbers)}"', "\n".join(pieces))
    title = source_of(cells[0]).partition("\n")[0].lstrip("# ")
    return _PAGE.format(title=escape(title), style=_STYLE.read_text(encoding="utf-8"), cells=content)


def _code(source: str, language: str) -> str:
    lexer = _LEXERS.get(language)
    text = escape(source) if lexer is None else highlight(source, lexer, _FORMATTER)
    return f'<pre class="input" tabindex="0"><code>{text.rstrip()}</code></pre>'


def _text(source: str, anchors: dict[str, int]) -> str:
    markdown = markdown_parser()

    def heading(renderer, tokens: Sequence[Token], index: int, options, environment: Mapping) -> str:
        anchor = slug(tokens[index + 1].content)
        number = anchors[anchor] = anchors.get(anchor, -1) + 1
        tokens[index].attrSet("id", f"{anchor}-{number}" if number else anchor)
        return renderer.renderToken(tokens, index, options, environment)

    markdown.add_render_rule("heading_open", heading)
    markdown.renderer.rules["fence"] = lambda tokens, index, *_: _code(tokens[index].content, tokens[index].info) + "\n"
    return markdown.render(source)


def _shown(output: Output, number: int) -> Iterator[str]:
    for kind, text in (("printed", output["printed"]), ("warned", output["warned"])):
        if text.strip():
            yield f'<pre class="{kind}" tabindex="0">{escape(text.rstrip())}</pre>'
    for kind, text in output["shown"]:
        if kind == "image/png":
            yield f'<img alt="Plot that the cell {number + 1} draws" src="data:image/png;base64,{text.strip()}">'
        elif kind == "text/html":
            yield _cleaned(text)
        else:
            yield f'<pre tabindex="0">{escape(text)}</pre>'


def _cleaned(text: str) -> str:
    """Return HTML of a library without styles and scripts, with tables that scroll."""
    tree = html.fragment_fromstring(text, create_parent="div")
    tree.set("class", "value")
    for element in list(tree.iter()):
        if not isinstance(element.tag, str) or element.tag in {"style", "script"}:
            element.drop_tree()
        elif element.tag not in _ELEMENTS:
            element.drop_tag()
        elif element is not tree:
            for name in set(element.attrib) - _ATTRIBUTES:
                del element.attrib[name]
    for table in list(tree.iter("table")):
        frame = html.Element("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": _TABLE})
        frame.tail, table.tail = table.tail, None
        table.getparent().replace(table, frame)
        frame.append(table)
    return html.tostring(tree, encoding="unicode").strip()
