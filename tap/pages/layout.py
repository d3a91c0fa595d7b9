"""XHTML page with the style of the site, for the pages of the TAP service."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

__all__ = ["PAGE_HEADERS", "PAGE_TYPE", "Page"]

_Element = Any  # lxml ships no types

_XHTML = "http://www.w3.org/1999/xhtml"

PAGE_TYPE = "application/xhtml+xml"

#: HTTP headers of the pages: no scripts, styles of this site, forms to this site.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
}


class Page:
    """An XHTML page with a title and an empty body."""

    def __init__(self, title: str, **attributes: str) -> None:
        self._root = etree.Element("html", {"lang": "en"}, nsmap={None: _XHTML})
        head = etree.SubElement(self._root, "head")
        etree.SubElement(head, "title").text = title
        etree.SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
        etree.SubElement(head, "link", {"rel": "icon", "href": "/static/icon.svg", "type": "image/svg+xml"})
        etree.SubElement(head, "link", {"rel": "stylesheet", "href": "/static/site.css"})
        self.body: _Element = etree.SubElement(self._root, "body", attributes)

    def document(self) -> bytes:
        """Return the page as a document."""
        xml: bytes = etree.tostring(self._root, encoding="UTF-8", xml_declaration=True, doctype="<!DOCTYPE html>")
        return xml
