"""What operators have shown on every page, and the frame of pages of other packages."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from lxml import etree
from pydantic import ValidationError

import webui
from core.auth.models import ANONYMOUS
from core.settings import Settings
from webui.charts.histogram import HistogramPlot
from webui.pages.rendering.templates import PageRenderer


def _about(tmp_path: Path, **settings: str) -> str:
    renderer = PageRenderer(Settings(data=tmp_path, **settings))  # type: ignore[arg-type]  # all of them are texts
    return bytes(renderer.page("about.html", ANONYMOUS, limit=1, wheel=None).body).decode()


def test_pages_name_static_files_by_addresses_that_browsers_keep():
    templates = Path(webui.__file__).parent / "templates"
    named = [path.name for path in templates.rglob("*.html") if '"/static/' in path.read_text(encoding="utf-8")]
    assert named == []


def test_banner_contact_and_acknowledgement_are_shown_where_they_are_set(tmp_path: Path):
    page = _about(
        tmp_path,
        banner="A <test> server",
        contact="help@pz.example",
        acknowledgement="Thank the **Photo-z Server** <b>.",
    )
    assert "<p>A &lt;test&gt; server</p>" in page
    assert page.count('href="mailto:help@pz.example"') == 2
    assert "Thank the <strong>Photo-z Server</strong> &lt;b&gt;." in page
    plain = _about(tmp_path)
    assert 'class="banner"' not in plain
    assert "mailto:" not in plain
    assert "Acknowledgement" not in plain


def test_a_contact_is_an_address_that_one_can_follow(tmp_path: Path):
    assert 'href="https://pz.example/help"' in _about(tmp_path, contact="https://pz.example/help")
    for wrong in ("javascript:alert(1)", "the help desk"):
        with pytest.raises(ValidationError, match="is neither an e-mail address nor an http"):
            Settings(data=tmp_path, contact=wrong)


def test_the_frame_is_well_formed_around_any_content(tmp_path: Path):
    frame = PageRenderer(Settings(data=tmp_path, banner="A & B")).frame(
        ANONYMOUS, "<!-- content --> & x", section="query"
    )
    document = etree.fromstring(frame.before + b"<p>Content</p>" + frame.after)
    namespaces = {"h": "http://www.w3.org/1999/xhtml"}
    assert document.xpath("string(//h:main/h:p)", namespaces=namespaces) == "Content"
    assert document.xpath("string(//h:title)", namespaces=namespaces).startswith("<!-- content --> & x")
    assert document.xpath("string(//h:nav/h:a[@aria-current])", namespaces=namespaces) == "Query"
    assert document.xpath("count(//h:script)", namespaces=namespaces) == 0


@pytest.mark.parametrize(
    ("square_degrees", "shown"),
    [
        (None, "\N{EN DASH}"),
        (0.001234, "0.00123"),
        (12.34, "12.3"),
        (999.7, "1000"),
        (1034.2, "1030"),
        (41252.96, "41300"),
    ],
)
def test_areas_are_shown_without_powers_of_ten(tmp_path: Path, square_degrees: float | None, shown: str):
    renderer = PageRenderer(Settings(data=tmp_path))
    text = renderer._environment.from_string("{{ value | area }}").render(value=square_degrees)
    assert "".join(etree.fromstring(f"<p>{text}</p>").itertext()) == shown


@pytest.mark.parametrize(("labels", "shown"), [(("0", "0.5", "1"), 3), (("6.11e+17", "6.12e+17", "6.13e+17"), 2)])
def test_labels_of_a_chart_do_not_overlap_on_phones(tmp_path: Path, labels: tuple[str, ...], shown: int):
    ticks = tuple((100.0 * place, label) for place, label in enumerate(labels))
    plot = HistogramPlot(640, 300, 50, 630, 10, 250, "M0 0", ticks, (), total=3, beyond=0)
    renderer = PageRenderer(Settings(data=tmp_path))
    figure = SimpleNamespace(plot=plot, key="k", title="Title", x_label="x", second="")
    drawn = etree.fromstring(bytes(renderer.picture("picture.svg", figure=figure, sky=None).body))
    texts = [text for text in drawn.iter("{*}text") if text.text in labels]
    assert len(texts) == len(labels)
    assert sum(text.get("class") != "spare" for text in texts) == shown
