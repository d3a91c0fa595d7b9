"""Front page of TAP: its list of tables is searched and has pages."""

import pytest
from lxml import html

from core.auth.models import ANONYMOUS
from core.columns import Column
from core.web.frames import PageFrame
from tap.adql import CatalogTable
from tap.metadata.catalog import TableSet
from tap.models import TapSchema, TapTable
from tap.pages.front_page import PageQuery, front_page

FRAME = PageFrame(b"<html><body><main>", b"</main></body></html>")
_COLUMNS = (Column("id", "long"), Column("z", "double"))


def table(number: int) -> TapTable:
    name = f"survey.t{number}"
    entry = CatalogTable(name, _COLUMNS, None, sorted_by_healpix=False, engine_schema="survey", engine_table=name)
    return TapTable("survey", entry, f"Spectra of field {number}", frozenset())


def page(count: int, query: PageQuery) -> html.HtmlElement:
    tables = TableSet((TapSchema("survey", "", tuple(table(number) for number in range(count))),))
    content = front_page(tables, FRAME, "https://x.org/tap", ANONYMOUS, query)
    return html.fromstring(content)


def listed(document: html.HtmlElement) -> list[str]:
    return [cell.text_content() for cell in document.iterfind(".//tbody/tr/th")]


def links(document: html.HtmlElement) -> dict[str, str]:
    return {link.text: link.get("href") for link in document.iterfind(".//nav[@class='pages']/a")}


def test_few_tables_are_on_one_page_without_a_search():
    document = page(3, PageQuery())
    assert listed(document) == ["survey.t0", "survey.t1", "survey.t2"]
    assert links(document) == {}
    assert document.find(".//form[@role='search']") is None


def test_many_tables_have_pages_that_one_can_follow():
    seen = []
    number, more = 1, True
    while more:
        document = page(120, PageQuery(page=number))
        seen += listed(document)
        following = links(document).get("Next")
        assert following in {None, f"https://x.org/tap?PAGE={number + 1}#tables"}
        number, more = number + 1, following is not None
    assert seen == [f"survey.t{number}" for number in range(120)]
    assert "120 of 120 tables, page 1 of 3" in page(120, PageQuery()).text_content()


@pytest.mark.parametrize(("number", "first"), [(0, "survey.t0"), (99, "survey.t100")])
def test_pages_that_do_not_exist_are_the_nearest_that_do(number, first):
    assert listed(page(120, PageQuery(page=number)))[0] == first


def test_tables_are_found_by_words_of_name_and_description():
    document = page(120, PageQuery(search="SPECTRA t11"))
    assert listed(document) == ["survey.t11", *(f"survey.t11{number}" for number in range(10))]
    assert document.find(".//input[@id='search']").get("value") == "SPECTRA t11"
    assert listed(page(120, PageQuery(search="nothing of this kind"))) == []
    assert links(page(120, PageQuery(search="field", page=2)))["Next"] == "https://x.org/tap?SEARCH=field&PAGE=3#tables"
