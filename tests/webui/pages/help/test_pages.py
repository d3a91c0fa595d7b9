"""The documentation at /help: every document, its links and anchors, and its search."""

import json
import re
import tomllib
from pathlib import Path

import httpx2
import pytest
from lxml import html

from webui.pages.help.documents import Documentation, slug
from webui.pages.help.rendering import render_document

DOCS = Path(__file__).parents[4] / "docs"
NOTEBOOKS = sorted(path.stem for path in DOCS.glob("notebooks/*.ipynb"))
NAMES = sorted([*(path.stem for path in DOCS.glob("*.md")), *NOTEBOOKS])


@pytest.fixture(scope="module")
def documentation() -> Documentation:
    return Documentation("https://pz.example", DOCS)


def test_every_document_is_listed_and_leads_to_a_page(visitor: httpx2.Client):
    index = visitor.get("/help").text
    assert sorted(set(re.findall(r'href="/help/([\w-]+)"', index))) == NAMES
    page = visitor.get("/help/tutorial").text
    assert "<h1 id=" in page
    assert "http://127.0.0.1:8000" not in page
    assert "http://testserver/tap" in page


@pytest.mark.parametrize("name", NAMES)
def test_each_link_between_documents_leads_to_a_heading_that_is_there(documentation: Documentation, name: str):
    text = render_document(documentation.document(name))
    for target, _, anchor in re.findall(r'href="/help/([\w-]+)(#([\w-]+))?"', text):
        there = render_document(documentation.document(target))
        assert not anchor or f'id="{anchor}"' in there, (target, anchor)
    for anchor in re.findall(r'href="#([\w-]+)"', text):
        assert f'id="{anchor}"' in text, anchor
    for picture in re.findall(r'src="/help/images/([^"]+)"', text):
        assert documentation.picture(picture).is_file()
    assert not [link for link in re.findall(r'href="([^"]*)"', text) if ".md" in link and "://" not in link]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_a_page_with_its_outputs_and_a_file(visitor: httpx2.Client, name: str):
    page = html.document_fromstring(visitor.get(f"/help/{name}").text)
    (notebook,) = page.find_class("notebook")
    (link,) = page.xpath("//a[@download]/@href")
    cells = json.loads(visitor.get(link).text)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert [pre.text_content() for pre in notebook.xpath(".//section[@class='cell code']/pre")] == code
    assert notebook.find_class("output")
    assert not page.xpath("//main//@style | //main//style | //main//script")
    assert "127.0.0.1" not in page.text_content()
    assert visitor.get("/help/notebooks/tutorial.ipynb").status_code == 404


def test_sections_are_found_by_their_words_and_code_is_no_heading(tmp_path: Path):
    (tmp_path / "a.md").write_text(
        "# First\n\nSome *words* here.\n\n```sh\n# no heading, rare\n```\n\n## Deep sky\n\nRare.\n"
    )
    (tmp_path / "b.md").write_text("# Second\n\n## Rare things\n\nNothing else.\n\n## Rare things\n\nTwice.\n")
    documentation = Documentation("https://pz.example", tmp_path)
    assert [section.title for section in documentation.document("a").sections] == ["First", "Deep sky"]
    found = [(each.document.name, each.section.anchor) for each in documentation.search("RARE")]
    assert found[:2] == [("b", "rare-things"), ("b", "rare-things-1")]
    assert set(found[2:]) == {("a", "first"), ("a", "deep-sky")}
    assert [each.section.title for each in documentation.search("words some")] == ["First"]
    assert documentation.search("absent") == documentation.search(" ") == []
    assert slug("Tables & `ADQL`: what, where?") == "tables--adql-what-where"


def test_the_search_page_escapes_and_says_when_nothing_is_found(visitor: httpx2.Client):
    page = visitor.get("/help", params={"q": "<script>"}).text
    assert "<script>alert" not in page
    assert "0 sections" in page
    assert "/help/queries#" in visitor.get("/help?q=bloom filters").text


def test_nothing_else_is_shown(visitor: httpx2.Client):
    for path in ("/help/nothing", "/help/images/nothing.png", "/help/images/..%2Ftutorial.md", "/help/%00"):
        assert visitor.get(path).status_code == 404, path


def test_the_documents_are_in_the_wheel():
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"docs": "webui/docs"}
