"""Pages of the TAP service: XHTML that looks like the rest of the site."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

__all__ = ["PAGE_HEADERS", "PAGE_TYPE", "Page"]

_Element = Any  # lxml ships no types

_XHTML = "http://www.w3.org/1999/xhtml"

PAGE_TYPE = "application/xhtml+xml"

#: Headers of the pages: nothing runs in them, their look is that of the site, and their forms lead back here.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
}


class Page:
    """A page with a title and nothing else yet."""

    def __init__(self, title: str, **attributes: str) -> None:
        self._root = etree.Element("html", {"lang": "en"}, nsmap={None: _XHTML})
        head = etree.SubElement(self._root, "head")
        etree.SubElement(head, "title").text = title
        etree.SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
        etree.SubElement(head, "link", {"rel": "icon", "href": "/static/icon.svg", "type": "image/svg+xml"})
        etree.SubElement(head, "link", {"rel": "stylesheet", "href": "/static/site.css"})
        self.body: _Element = etree.SubElement(self._root, "body", attributes)

    def document(self) -> bytes:
        """Write the page."""
        xml: bytes = etree.tostring(self._root, encoding="UTF-8", xml_declaration=True, doctype="<!DOCTYPE html>")
        return xml
