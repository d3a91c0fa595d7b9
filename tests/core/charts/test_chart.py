"""Charts as SVG documents, read back as XML, and as PDF, read back by another library."""

import io

import pytest
from lxml import etree
from pypdf import PdfReader

from core.charts.chart import COLOURS, Cells, Chart, Guide, Series
from core.charts.dark_theme import DARK_COLOURS
from core.charts.ticks import round_values
from tests.support.contrast import contrast

_SVG = "{http://www.w3.org/2000/svg}"


def _drawn(chart: Chart) -> etree._Element:
    return etree.fromstring(chart.svg())


def test_points_lie_where_their_values_are_between_the_ticks():
    series = Series("bias <a>", [1.0, 2.0, 3.0], [0.0, None, 10.0], [1.0, 1.0, None], "points")
    root = _drawn(Chart("Title", "x", "y", (0.0, 4.0), [series], y_range=(0.0, 20.0)))
    texts = [each.text for each in root.iter(f"{_SVG}text")]
    assert {"x", "y", "bias <a>", "0", "4", "20"} <= set(texts)
    assert root.findtext(f"{_SVG}title") == "Title"
    first, last = root.iter(f"{_SVG}circle")  # a value that is missing has no point
    ticks = {
        each.text: float(each.get("x")) for each in root.iter(f"{_SVG}text") if each.get("text-anchor") == "middle"
    }
    assert float(first.get("cx")) == pytest.approx(ticks["1"], abs=0.2)
    assert float(last.get("cx")) == pytest.approx(ticks["3"], abs=0.2)
    assert float(last.get("cy")) < float(first.get("cy"))


def test_lines_steps_guides_and_cells_are_drawn_once_each():
    root = _drawn(
        Chart(
            "All", "x", "y", (0.0, 2.0),
            [Series("line", [0, 1, 2], [1.0, 2.0, 1.0]), Series("steps", [0, 1, 2], [3.0, 0.5], kind="steps")],
            [Guide("limit", (0, 1), (2, 1)), Guide("limit", (0, 2), (2, 2))],
            Cells([0, 1, 2], [[0, 5], [100, 0]]),
        )
    )  # fmt: skip
    inside = next(each for each in root.iter(f"{_SVG}g"))
    assert len(inside) == 2 + 2 + 2  # shades, guides, series
    assert [each.text for each in root.iter(f"{_SVG}text")].count("limit") == 1


@pytest.mark.parametrize("series", [[], [Series("none", [], [])], [Series("flat", [1.0], [0.0])]])
def test_charts_without_a_range_have_axes(series: list[Series]):
    root = _drawn(Chart("Empty", "x", "y", (0.0, 1.0), series))
    assert len(list(root.iter(f"{_SVG}text"))) > 4
    assert "nan" not in etree.tostring(root).decode()


def test_each_colour_of_a_chart_has_one_that_is_seen_on_a_dark_ground():
    edges = [0.0, 1.0, 2.0, 3.0]
    drawn = _drawn(
        Chart(
            "All", "x", "y", (0.0, 3.0),
            [Series(f"s{number}", [0, 1], [0.0, 1.0], colour=colour) for number, colour in enumerate(COLOURS)],
            [Guide("limit", (0, 1), (2, 1))],
            Cells(edges, [[1, 3, 9], [30, 90, 300], [900, 3000, 10**5]]),
        )
    )  # fmt: skip
    used = {(each.tag, each.get(paint)) for each in drawn.iter() for paint in ("fill", "stroke")}
    used = {(tag, colour) for tag, colour in used if colour not in {None, "none"}}
    assert {colour for _, colour in used} == set(DARK_COLOURS)
    style = str(drawn.findtext(f"{_SVG}style"))
    assert style.startswith("@media screen and (prefers-color-scheme:dark)")
    ground = DARK_COLOURS["#ffffff"]
    for tag, colour in used:
        assert f'[fill="{colour}"]{{fill:{DARK_COLOURS[colour]}}}' in style
        if tag == f"{_SVG}text":
            assert contrast(DARK_COLOURS[colour], ground) >= 4.5
    for colour in (*COLOURS, "#8a2b06", "#56616b"):
        assert contrast(DARK_COLOURS[colour], ground) >= 3, colour


def test_many_labels_take_several_lines():
    labels = [Series(f"a table of estimates {number}", [0.0], [0.0]) for number in range(9)]
    root = _drawn(Chart("Many", "x", "y", (0.0, 1.0), labels))
    ends = [float(each.get("x")) for each in root.iter(f"{_SVG}text") if each.get("text-anchor") == "start"]
    assert len(ends) == 9
    assert max(ends) < 640


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.003, 0.004), (0, 12345), (1e-9, 2e-9)])
def test_ticks_are_round_and_inside(low: float, high: float):
    ticks = round_values(low, high)
    assert all(low - 1e-12 <= tick <= high + 1e-12 for tick in ticks)
    assert len(ticks) <= 9


def test_a_pdf_has_the_texts_and_shapes_of_the_chart_on_one_page():
    chart = Chart(
        "Title of it", "redshift z", "\N{GREEK SMALL LETTER SIGMA}_IQR", (0.0, 2.0),
        [Series("a (b)", [0, 1, 2], [1.0, 2.0, 1.0]), Series("steps", [0, 1, 2], [3.0, 0.5], kind="steps"),
         Series("points", [0.5, 1.5], [1.0, 2.0], [0.5, None], "points", is_dashed=True)],
        [Guide("limit", (0, 1), (2, 1))], Cells([0, 1, 2], [[0, 5], [100, 0]]),
    )  # fmt: skip
    written = chart.pdf()
    assert written == chart.pdf()
    read = PdfReader(io.BytesIO(written), strict=True)
    (page,) = read.pages
    assert read.metadata is not None
    assert read.metadata.title == "Title of it"
    assert (page.mediabox.width, page.mediabox.height) == (640, 420)
    texts = page.extract_text()
    for text in _drawn(chart).iter(f"{_SVG}text"):
        assert text.text in texts
    contents = page.get_contents()
    assert contents is not None
    operators = [operator for _, operator in contents.operations]
    assert operators.count(b"W*") == 1  # what lies outside is clipped
    assert operators.count(b"c") == 2 * 4  # a circle is four curves


def test_shapes_of_a_pdf_lie_where_those_of_the_svg_are():
    chart = Chart("Points", "x", "y", (0.0, 4.0), [Series("p", [1.0], [5.0], (), "points")], y_range=(0.0, 20.0))
    (circle,) = _drawn(chart).iter(f"{_SVG}circle")
    page = PdfReader(io.BytesIO(chart.pdf())).pages[0]
    contents = page.get_contents()
    assert contents is not None
    starts = [operands for operands, operator in contents.operations if operator == b"m"]
    right = [float(circle.get("cx")) + float(circle.get("r")), float(circle.get("cy"))]
    assert any([float(each) for each in operands] == pytest.approx(right) for operands in starts)
    turned = [[float(each) for each in operands] for operands, operator in contents.operations if operator == b"cm"]
    assert [1.0, 0.0, 0.0, -1.0, 0.0, 420.0] in turned  # the origin of SVG is above
