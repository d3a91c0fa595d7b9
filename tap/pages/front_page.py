"""Front page of the TAP service: query form, examples, tables and resources (TAP 1.1 §2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from core.auth.models import Identity
from core.votable.texts import UNSPEAKABLE
from core.web.frames import PageFrame
from tap.metadata.catalog import TableSet
from tap.models import TapTable
from tap.pages.examples import Example, examples_of
from tap.pages.layout import Page
from tap.results import RESULT_FORMATS

__all__ = ["PageQuery", "front_page"]

_Element = Any  # lxml ships no types

_FIRST_QUERY = (
    "SELECT TOP 20 display_name, product_type, table_name, row_count\nFROM photoz.products\nORDER BY row_count DESC"
)
_COLUMNS_OF = (
    "SELECT column_name, datatype, unit, ucd, description FROM tap_schema.columns "
    "WHERE table_name = '{name}' ORDER BY column_index"
)
_RESOURCES = (
    ("sync", "synchronous queries"),
    ("async", "asynchronous queries (UWS 1.1)"),
    ("tables", "tables and columns (VOSI 1.1)"),
    ("examples", "example queries (DALI)"),
    ("capabilities", "capabilities (TAPRegExt)"),
    ("availability", "availability (VOSI)"),
)
_MAX_QUERY = 20_000
_MAX_SEARCH = 200
_TABLES_OF_PAGE = 50


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Content of the query form.

    Parameters
    ----------
    text
        The query; the form shows a default query when it is empty.
    error
        Error message of the query, if it failed.
    search
        Words that the names or descriptions of the listed tables have, in any case.
    page
        Number of the page of the list of tables.
    """

    text: str = ""
    error: str | None = None
    search: str = ""
    page: int = 1


def front_page(tables: TableSet, frame: PageFrame, address: str, identity: Identity, query: PageQuery) -> bytes:
    """Return the front page for an identity.

    Parameters
    ----------
    frame
        The frame of the page, with the menu of the identity.
    address
        The URL of the service, without a trailing slash.
    """
    page = Page(frame)
    main = page.main
    etree.SubElement(main, "h1").text = "Query the tables"
    lead = etree.SubElement(main, "p", {"class": "lead"})
    lead.text = "Query the rows and the metadata of all products in ADQL. The URL for TOPCAT, STILTS and pyvo is "
    etree.SubElement(lead, "code").text = address
    editor = etree.SubElement(main, "p")
    etree.SubElement(editor, "a", {"href": "/query"}).text = "Open the query page"
    editor[0].tail = ", which completes names, keeps what you asked before and shows errors at their place."
    if identity.is_anonymous:
        _sign_in(main)
    if query.error is not None:
        alert = etree.SubElement(main, "div", {"class": "alert error", "role": "alert"})
        etree.SubElement(alert, "p").text = _printable(query.error)
    _form(main, address, _printable(query.text)[:_MAX_QUERY] or _FIRST_QUERY)
    _examples(main, examples_of(tables), address)
    _tables(main, tables, address, query)
    etree.SubElement(main, "h2").text = "Resources"
    resources = etree.SubElement(main, "dl", {"class": "facts"})
    for name, text in _RESOURCES:
        item = etree.SubElement(resources, "div")
        etree.SubElement(etree.SubElement(item, "dt"), "a", {"href": f"{address}/{name}"}).text = name
        etree.SubElement(item, "dd").text = text
    return page.document()


def _sign_in(main: _Element) -> None:
    note = etree.SubElement(main, "p", {"class": "notice"})
    note.text = "You can query public tables. "
    link = etree.SubElement(note, "a", {"href": "/login"})
    link.text = "Sign in"
    link.tail = " to query all tables that you may read."


def _form(main: _Element, address: str, query: str) -> None:
    form = etree.SubElement(main, "form", {"method": "post", "action": f"{address}/sync"})
    etree.SubElement(form, "input", {"type": "hidden", "name": "LANG", "value": "ADQL"})
    question = etree.SubElement(form, "div", {"class": "field"})
    etree.SubElement(question, "label", {"for": "query"}).text = "ADQL 2.1"
    text = {"id": "query", "name": "QUERY", "rows": "8", "spellcheck": "false", "required": "required", "class": "code"}
    etree.SubElement(question, "textarea", text).text = query
    choices = etree.SubElement(form, "div", {"class": "inline-fields"})
    chosen = etree.SubElement(
        _labelled(choices, "format", "Format"), "select", {"id": "format", "name": "RESPONSEFORMAT"}
    )
    for known in ("html", *(name for name in RESULT_FORMATS if name != "html")):
        token = RESULT_FORMATS[known].names[0]
        etree.SubElement(chosen, "option", {"value": token}).text = token
    most = {"id": "maxrec", "name": "MAXREC", "value": "1000", "inputmode": "numeric"}
    etree.SubElement(_labelled(choices, "maxrec", "Maximum rows"), "input", most)
    etree.SubElement(choices, "button", {"type": "submit", "class": "primary"}).text = "Run"


def _labelled(parent: _Element, name: str, label: str) -> _Element:
    container = etree.SubElement(parent, "div")
    etree.SubElement(container, "label", {"for": name}).text = label
    return container


def _examples(main: _Element, examples: Iterable[Example], address: str) -> None:
    etree.SubElement(main, "h2").text = "Examples"
    listing = etree.SubElement(main, "ul")
    for example in examples:
        link = etree.SubElement(etree.SubElement(listing, "li"), "a", {"href": _with_query(address, example.query)})
        link.text = example.name


def _tables(main: _Element, tables: TableSet, address: str, query: PageQuery) -> None:
    etree.SubElement(main, "h2", {"id": "tables"}).text = "Tables"
    found = tables.matching(query.search)
    last = max(1, -(-len(found) // _TABLES_OF_PAGE))
    number = min(max(1, query.page), last)
    if query.search or last > 1:
        _search(main, address, query)
        counted = etree.SubElement(main, "p", {"class": "notice"})
        counted.text = f"{len(found)} of {len(tables.tables)} tables" + (f", page {number} of {last}" * (last > 1))
    container = etree.SubElement(main, "div", {"class": "scroll"})
    listing = etree.SubElement(container, "table", {"class": "stacked"})
    head = etree.SubElement(etree.SubElement(listing, "thead"), "tr")
    for title in ("Table", "Description", "Columns"):
        etree.SubElement(head, "th", {"scope": "col"}).text = title
    rows = etree.SubElement(listing, "tbody")
    for table in found[(number - 1) * _TABLES_OF_PAGE : number * _TABLES_OF_PAGE]:
        _table(rows, table, address)
    if last > 1:
        _pages(main, address, query.search, number, last)


def _table(rows: _Element, table: TapTable, address: str) -> None:
    name = table.name
    row = etree.SubElement(rows, "tr")
    title = etree.SubElement(row, "th", {"scope": "row"})
    first_rows = {"href": _with_query(address, f"SELECT TOP 100 *\nFROM {name}"), "title": "Query this table"}
    _breakable(etree.SubElement(title, "a", first_rows), name)
    etree.SubElement(row, "td").text = _printable(table.description)
    column_query = {
        "LANG": "ADQL",
        "RESPONSEFORMAT": "html",
        "QUERY": _COLUMNS_OF.format(name=name.replace("'", "''")),
    }
    columns = {"href": f"{address}/sync?{urlencode(column_query)}"}
    cell = etree.SubElement(row, "td", {"data-label": "Columns"})
    etree.SubElement(cell, "a", columns).text = str(len(table.columns))


def _breakable(element: _Element, name: str) -> None:
    """Write a name that breaks after its separators alone."""
    first, *others = re.split(r"(?<=[_.])", name)
    element.text = first
    for part in others:
        etree.SubElement(element, "wbr").tail = part


def _search(main: _Element, address: str, query: PageQuery) -> None:
    form = etree.SubElement(
        main, "form", {"method": "get", "action": f"{address}#tables", "role": "search", "class": "inline-fields"}
    )
    text = {"id": "search", "name": "SEARCH", "type": "search", "value": _printable(query.search)[:_MAX_SEARCH]}
    etree.SubElement(_labelled(form, "search", "Search tables"), "input", text)
    etree.SubElement(form, "button", {"type": "submit"}).text = "Search"


def _pages(main: _Element, address: str, search: str, number: int, last: int) -> None:
    pages = etree.SubElement(main, "nav", {"aria-label": "Pages of tables", "class": "pages"})
    steps = (("First", 1, number > 1), ("Previous", number - 1, number > 1), ("Next", number + 1, number < last),
             ("Last", last, number < last))  # fmt: skip
    for words, target, is_there in steps:
        if is_there:
            parameters = {**({"SEARCH": search} if search else {}), "PAGE": str(target)}
            link = etree.SubElement(pages, "a", {"href": f"{address}?{urlencode(parameters)}#tables"})
            link.text, link.tail = words, " "


def _with_query(address: str, query: str) -> str:
    return f"{address}?{urlencode({'QUERY': query})}"


def _printable(text: str) -> str:
    return UNSPEAKABLE.sub(" ", text).strip()
