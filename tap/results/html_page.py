"""Writer of HTML pages with one table.

Cells are escaped, and the page forbids scripts, forms, frames and external resources, both in the document (so also
when it was saved) and by `PAGE_HEADERS`. Only URLs of http and https in columns with the UCD ``meta.ref.url`` become
links.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from core.columns import Column
from core.errors import PhotozError
from core.votable import Info, LimitedBatches, TableDescription, canonical_arrays, cell_texts, joined_rows

__all__ = ["PAGE_HEADERS", "write_html"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

#: HTTP headers of responses with such a page.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"{_POLICY}; frame-ancestors 'none'; sandbox allow-downloads",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_STYLE = """
:root { color-scheme: light dark; font: 0.9rem/1.4 system-ui, sans-serif; }
body { margin: 1rem; }
pre { white-space: pre-wrap; }
table { border-collapse: collapse; }
th, td { padding: 0.15rem 0.6rem; border-bottom: 1px solid color-mix(in srgb, currentcolor 20%, transparent); }
th { position: sticky; top: 0; background: canvas; text-align: left; vertical-align: bottom; }
th small { display: block; font-weight: normal; }
td { text-align: left; vertical-align: top; max-width: 40rem; overflow-wrap: anywhere; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.null::before { content: "\u2013"; opacity: 0.5; }
"""
_INFINITIES = ("Infinity", "-Infinity")
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"))
_ILLEGAL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_ADDRESS = r"""^(?i:https?)://[^\s/?#<>"\\][^\s<>"\\]*$"""


def write_html(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Yield a page with one table; an overflow or an error is stated after it."""
    columns = description.columns
    limited = LimitedBatches(batches, limit)
    page = _Page()
    ending: Info | None = None
    rows = 0
    with page.document(), page.element("body"):
        page.introduction(description)
        with page.element("table", {"tabindex": "0"}):  # a wide one is scrolled by keys
            page.head(columns)
            with page.element("tbody"):
                yield page.drain()
                try:
                    for batch in limited:
                        yield _rows(batch, columns)
                        rows += batch.num_rows
                except PhotozError as e:
                    ending = Info("QUERY_STATUS", "ERROR", e.message)
        if ending := ending or limited.ending:
            page.leaf("p", f"{ending.value}: {ending.text}", {"role": "alert"})
        page.leaf("p", f"{rows} row{'' if rows == 1 else 's'}.")
    yield page.finish()


class _Page:
    """Incremental writer of HTML; lxml escapes all texts."""

    def __init__(self) -> None:
        self._sink = BytesIO()
        self._html: Any = None  # lxml's incremental writer has no public type

    @contextmanager
    def document(self) -> Iterator[None]:
        """Write the document with its head around the block, which writes the body."""
        with etree.htmlfile(self._sink, encoding="UTF-8") as self._html:
            self._html.write_doctype("<!DOCTYPE html>")
            with self._html.element("html", {"lang": "en"}):
                with self.element("head"):
                    for attributes in (
                        {"charset": "UTF-8"},
                        {"http-equiv": "Content-Security-Policy", "content": _POLICY},
                        {"name": "viewport", "content": "width=device-width"},
                    ):
                        self._html.write(etree.Element("meta", attributes))
                    self.leaf("title", "Result of a query")
                    self.leaf("style", _STYLE)
                yield

    @contextmanager
    def element(self, tag: str, attributes: dict[str, str] | None = None) -> Iterator[None]:
        """Write an element around the block."""
        with self._html.element(tag, attributes or {}):
            yield
        self._html.write("\n")

    def leaf(self, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
        """Write an element with text."""
        with self.element(tag, attributes):
            self._html.write(re.sub(_ILLEGAL, "\ufffd", text))

    def introduction(self, description: TableDescription) -> None:
        """Write the heading and the query."""
        self.leaf("h1", description.name or "Result")
        for info in description.infos:
            if info.name == "QUERY":
                self.leaf("pre", info.value)

    def head(self, columns: tuple[Column, ...]) -> None:
        """Write the names of the columns, with their units, and their descriptions as tooltips."""
        with self.element("thead"), self.element("tr"):
            for column in columns:
                title = re.sub(_ILLEGAL, "\ufffd", column.description or "")
                with self.element("th", {"scope": "col"} | ({"title": title} if title else {})):
                    self._html.write(re.sub(_ILLEGAL, "\ufffd", column.name))
                    if column.unit:
                        self.leaf("small", column.unit)

    def drain(self) -> bytes:
        """Return the bytes written since the last call."""
        if self._html is not None:
            self._html.flush()
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return data

    def finish(self) -> bytes:
        """Return the remaining bytes after the end of `document`."""
        self._html = None
        return self.drain()


def _rows(batch: pa.RecordBatch, columns: tuple[Column, ...]) -> bytes:
    arrays = canonical_arrays(batch, columns)
    cells = [_cells(array, column) for array, column in zip(arrays, columns, strict=True)]
    return bytes(joined_rows(cells, before="<tr>", between="", after="</tr>\n"))


def _cells(array: pa.Array, column: Column) -> pa.Array:
    texts = cell_texts(array, column, _INFINITIES)
    if column.is_text:
        texts = _links(texts) if _holds_addresses(column) else _escaped(texts)
    opening = '<td class="n">' if column.is_numeric else "<td>"
    cells = pc.binary_join_element_wise(_scalar(opening), texts, _scalar("</td>"), _scalar(""))
    return pc.fill_null(cells, '<td class="null"></td>')


def _holds_addresses(column: Column) -> bool:
    return "meta.ref.url" in (column.ucd or "").lower().split(";")


def _escaped(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(texts, _ILLEGAL)).as_py():
        texts = pc.replace_substring_regex(texts, _ILLEGAL, "\ufffd")
    if pc.any(pc.match_substring_regex(texts, "[&<>\"']")).as_py():
        for character, reference in _ESCAPES:
            texts = pc.replace_substring(texts, character, reference)
    return texts


def _links(texts: pa.Array) -> pa.Array:
    """Return texts escaped, and those that are URLs as links."""
    escaped = _escaped(texts)  # for an attribute too
    before, between, after = map(_scalar, ('<a rel="noopener noreferrer nofollow" href="', '">', "</a>"))
    links = pc.binary_join_element_wise(before, escaped, between, escaped, after, _scalar(""))
    return pc.if_else(pc.match_substring_regex(texts, _ADDRESS), links, escaped)


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
