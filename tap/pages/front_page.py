"""What a browser sees at the address of the TAP service: a form for a query, and where everything is (TAP 1.1 §2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from core.auth.models import Identity
from core.votable.texts import UNSPEAKABLE
from tap.metadata.catalog import TableSet
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
    ("examples", "examples of queries (DALI)"),
    ("capabilities", "what the service can do (TAPRegExt)"),
    ("availability", "whether it is up (VOSI)"),
)
_LONGEST_QUERY = 20_000


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What stands in the form.

    Parameters
    ----------
    text
        The query; when it is empty, one of the products stands there.
    refusal
        What was wrong with it when it ran.
    """

    text: str = ""
    refusal: str | None = None


def front_page(tables: TableSet, site_name: str, address: str, identity: Identity, query: PageQuery) -> bytes:
    """Write the page for somebody who may query these tables.

    Parameters
    ----------
    address
        The address of the service, without a trailing slash, as clients are given it.
    """
    page = Page(f"TAP service · {site_name}")
    bar = etree.SubElement(etree.SubElement(page.body, "header", {"class": "site"}), "div", {"class": "bar"})
    etree.SubElement(bar, "a", {"class": "brand", "href": "/"}).text = site_name
    main = etree.SubElement(page.body, "main")
    etree.SubElement(main, "h1").text = "Query the tables"
    told = etree.SubElement(main, "p", {"class": "lead"})
    told.text = (
        "The rows of all products, and the products themselves, in ADQL. Give TOPCAT, STILTS and pyvo the address "
    )
    etree.SubElement(told, "code").text = address
    if identity.is_anonymous:
        _sign_in(main)
    if query.refusal is not None:
        refusal = etree.SubElement(main, "div", {"class": "alert error", "role": "alert"})
        etree.SubElement(refusal, "p").text = _written(query.refusal)
    _form(main, address, _written(query.text)[:_LONGEST_QUERY] or _FIRST_QUERY)
    _examples(main, examples_of(tables), address)
    _tables(main, tables, address)
    etree.SubElement(main, "h2").text = "Resources"
    resources = etree.SubElement(main, "dl", {"class": "facts"})
    for name, text in _RESOURCES:
        item = etree.SubElement(resources, "div")
        etree.SubElement(etree.SubElement(item, "dt"), "a", {"href": f"{address}/{name}"}).text = name
        etree.SubElement(item, "dd").text = text
    return page.document()


def _sign_in(main: _Element) -> None:
    note = etree.SubElement(main, "p", {"class": "notice"})
    note.text = "You query what is public. "
    link = etree.SubElement(note, "a", {"href": "/login"})
    link.text = "Sign in"
    link.tail = " to query everything that is open to you."


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
    etree.SubElement(_labelled(choices, "maxrec", "Rows at most"), "input", most)
    etree.SubElement(choices, "button", {"type": "submit", "class": "primary"}).text = "Run"


def _labelled(parent: _Element, name: str, label: str) -> _Element:
    place = etree.SubElement(parent, "div")
    etree.SubElement(place, "label", {"for": name}).text = label
    return place


def _examples(main: _Element, examples: Iterable[Example], address: str) -> None:
    etree.SubElement(main, "h2").text = "Examples"
    listed = etree.SubElement(main, "ul")
    for example in examples:
        link = etree.SubElement(etree.SubElement(listed, "li"), "a", {"href": _with_query(address, example.query)})
        link.text = example.name


def _tables(main: _Element, tables: TableSet, address: str) -> None:
    etree.SubElement(main, "h2").text = "Tables"
    place = etree.SubElement(main, "div", {"class": "scroll"})
    listed = etree.SubElement(place, "table")
    head = etree.SubElement(etree.SubElement(listed, "thead"), "tr")
    for title in ("Table", "What it holds", "Columns"):
        etree.SubElement(head, "th", {"scope": "col"}).text = title
    rows = etree.SubElement(listed, "tbody")
    for name, table in tables.tables.items():
        row = etree.SubElement(rows, "tr")
        title = etree.SubElement(row, "th", {"scope": "row"})
        first_rows = {"href": _with_query(address, f"SELECT TOP 100 *\nFROM {name}"), "title": "Query this table"}
        etree.SubElement(title, "a", first_rows).text = name
        etree.SubElement(row, "td").text = _written(table.description)
        described = {
            "LANG": "ADQL",
            "RESPONSEFORMAT": "html",
            "QUERY": _COLUMNS_OF.format(name=name.replace("'", "''")),
        }
        columns = {"href": f"{address}/sync?{urlencode(described)}"}
        etree.SubElement(etree.SubElement(row, "td"), "a", columns).text = str(len(table.columns))


def _with_query(address: str, query: str) -> str:
    return f"{address}?{urlencode({'QUERY': query})}"


def _written(text: str) -> str:
    return UNSPEAKABLE.sub(" ", text).strip()
