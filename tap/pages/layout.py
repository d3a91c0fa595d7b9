"""XHTML pages of the TAP service, in the frame of the site."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from core.web.frames import PageFrame

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
    """An XHTML page with an empty content in a frame; attributes are those of the element around the content."""

    def __init__(self, frame: PageFrame, **attributes: str) -> None:
        self._frame = frame
        self.main: _Element = etree.Element("div", attributes, nsmap={None: _XHTML})

    def document(self) -> bytes:
        """Return the page as a document."""
        content: bytes = etree.tostring(self.main, encoding="UTF-8", xml_declaration=False)
        return b"".join((b'<?xml version="1.0" encoding="UTF-8"?>\n', self._frame.before, content, self._frame.after))
