"""Charts as SVG documents, read back as XML."""

import pytest
from lxml import etree

from core.charts.chart import Cells, Chart, Guide, Series
from core.charts.ticks import round_values

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
