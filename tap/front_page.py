"""What a browser sees at the address of the TAP service: a form for a query, and where everything is (TAP 1.1 §2)."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from tap.results import RESULT_FORMATS
from tap.tables import TableSet

__all__ = ["FRONT_PAGE_HEADERS", "front_page"]

_Element = Any  # lxml ships no types

_XHTML = "http://www.w3.org/1999/xhtml"
_FIRST_QUERY = (
    "SELECT TOP 20 display_name, product_type, table_name, row_count\nFROM photoz.products\nORDER BY row_count DESC"
)
_RESOURCES = (
    ("sync", "synchronous queries"),
    ("async", "asynchronous queries (UWS 1.1)"),
    ("tables", "tables and columns (VOSI 1.1)"),
    ("examples", "examples of queries (DALI)"),
    ("capabilities", "what the service can do (TAPRegExt)"),
    ("availability", "whether it is up (VOSI)"),
)
_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
textarea { box-sizing: border-box; width: 100%; font: 0.9rem/1.4 ui-monospace, monospace; }
dt { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
"""

#: Headers of the page: nothing runs in it, and its form leads back here.
FRONT_PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
}


def front_page(tables: TableSet, address: str) -> bytes:
    """Write the page for somebody who may query these tables.

    Parameters
    ----------
    address
        The address of the service, without a trailing slash, as clients are given it.
    """
    root = etree.Element("html", {"lang": "en"}, nsmap={None: _XHTML})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "TAP service"
    etree.SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    etree.SubElement(head, "style").text = _STYLE
    body = etree.SubElement(root, "body")
    etree.SubElement(body, "h1").text = "TAP service"
    told = etree.SubElement(body, "p")
    told.text = "TOPCAT, STILTS, pyvo and other clients of the Virtual Observatory are given this address: "
    etree.SubElement(told, "code").text = address
    _form(body, address)
    etree.SubElement(body, "h2").text = "Resources"
    resources = etree.SubElement(body, "dl")
    for name, text in _RESOURCES:
        etree.SubElement(etree.SubElement(resources, "dt"), "a", {"href": f"{address}/{name}"}).text = name
        etree.SubElement(resources, "dd").text = text
    _tables(body, tables, address)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, doctype="<!DOCTYPE html>")
    return document


def _form(body: _Element, address: str) -> None:
    etree.SubElement(body, "h2").text = "Query"
    form = etree.SubElement(body, "form", {"method": "post", "action": f"{address}/sync"})
    etree.SubElement(form, "input", {"type": "hidden", "name": "LANG", "value": "ADQL"})
    question = etree.SubElement(form, "p")
    etree.SubElement(question, "label", {"for": "query"}).text = "ADQL 2.1"
    text = {"id": "query", "name": "QUERY", "rows": "6", "spellcheck": "false", "required": "required"}
    etree.SubElement(question, "textarea", text).text = _FIRST_QUERY
    choices = etree.SubElement(form, "p")
    etree.SubElement(choices, "label", {"for": "format"}).text = "Format "
    chosen = etree.SubElement(choices, "select", {"id": "format", "name": "RESPONSEFORMAT"})
    for known in ("html", *(name for name in RESULT_FORMATS if name != "html")):
        token = RESULT_FORMATS[known].names[0]
        etree.SubElement(chosen, "option", {"value": token}).text = token
    label = etree.SubElement(choices, "label", {"for": "maxrec"})
    label.text = " Rows at most "
    etree.SubElement(choices, "input", {"id": "maxrec", "name": "MAXREC", "value": "1000", "inputmode": "numeric"})
    etree.SubElement(choices, "button", {"type": "submit"}).text = "Run"


def _tables(body: _Element, tables: TableSet, address: str) -> None:
    etree.SubElement(body, "h2").text = "Tables"
    listed = etree.SubElement(body, "dl")
    for name, table in tables.tables.items():
        etree.SubElement(etree.SubElement(listed, "dt"), "a", {"href": f"{address}/tables/{name}"}).text = name
        etree.SubElement(listed, "dd").text = "".join(c if c.isprintable() else " " for c in table.description)
