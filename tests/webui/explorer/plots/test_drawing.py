"""Drawings: ticks and scales, projections as astropy has them, and documents that anyone can read."""

import numpy as np
import pytest
from astropy.wcs import WCS
from lxml import etree

from core.columns import Column
from webui.explorer.plots.binning import Binning, ValueRange
from webui.explorer.plots.densities import Cells, Plane
from webui.explorer.plots.drawing.axes import Scale, linear_ticks, logarithmic_ticks
from webui.explorer.plots.drawing.canvas import message_drawing
from webui.explorer.plots.drawing.outlines import outline_edges
from webui.explorer.plots.drawing.plane import draw_plane
from webui.explorer.plots.drawing.projections import Projection
from webui.explorer.plots.drawing.sky import draw_sky
from webui.explorer.plots.sky import Cap, SkyCells, SkyPoints, SkyRows
from webui.explorer.plots.specifications import PlotSpecification
from webui.explorer.quantities import Quantity
from webui.explorer.tables import DescribedTable

TABLE = DescribedTable("t", (Column("z", "double"), Column("mag <i>", "float", unit="mag", ucd="phot.mag;em.opt.I")))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 3, ["0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]),
        (-1.2, 0.9, ["\N{MINUS SIGN}1.0", "\N{MINUS SIGN}0.5", "0", "0.5"]),
        (2459000.5, 2459000.5015, ["2459000.5005", "2459000.5010", "2459000.5015"]),
        (
            0,
            4e-17,
            [
                "0",
                "1\N{MULTIPLICATION SIGN}10⁻¹⁷",
                "2\N{MULTIPLICATION SIGN}10⁻¹⁷",
                "3\N{MULTIPLICATION SIGN}10⁻¹⁷",
                "4\N{MULTIPLICATION SIGN}10⁻¹⁷",
            ],
        ),
        (0, 60000, ["0", "10000", "20000", "30000", "40000", "50000", "60000"]),
        (-1.5e308, 1.5e308, ["\N{MINUS SIGN}1.0\N{MULTIPLICATION SIGN}10³⁰⁸", "0", "1.0\N{MULTIPLICATION SIGN}10³⁰⁸"]),
    ],
)
def test_linear_ticks_are_round(low, high, labels):
    found = [tick.label for tick in linear_ticks(low, high)]
    assert [label for label in labels if label in found] == labels
    assert all(low <= tick.value <= high * (1 + 1e-9) for tick in linear_ticks(low, high))
    assert len(found) <= 8


def test_large_counts_do_not_reach_into_the_label_of_their_axis():
    labels = [tick.label for tick in Scale(0, 2.1e6, 0, 1).ticks(plain=1e6)]
    assert labels == ["0", *(f"{value}\N{MULTIPLICATION SIGN}10⁶" for value in ("0.5", "1.0", "1.5", "2.0"))]
    assert [tick.label for tick in Scale(0, 900_000, 0, 1).ticks(plain=1e6)][1] == "200000"


def test_logarithmic_ticks_are_decades_with_steps_between_few():
    assert [tick.label for tick in logarithmic_ticks(0.2, 30)] == ["0.2", "0.5", "1", "2", "5", "10", "20"]
    values = [tick.value for tick in logarithmic_ticks(1e-9, 1e30)]
    assert len(values) <= 9
    assert all(np.isclose(np.log10(value) % 1, 0) for value in values)
    assert [tick.value for tick in logarithmic_ticks(20, 60)] == [20, 30, 40, 50, 60]


def test_scales_are_linear_logarithmic_and_reversed():
    values = np.array([1.0, 10.0, 100.0])
    np.testing.assert_allclose(Scale(1, 100, 0, 50).places(values), [0, 9 / 99 * 50, 50])
    np.testing.assert_allclose(Scale(1, 100, 0, 50, is_log=True).places(values), [0, 25, 50])
    np.testing.assert_allclose(Scale(1, 100, 50, 0, is_log=True).places(values), [50, 25, 0])


@pytest.mark.parametrize(
    ("cap", "kind"), [(Cap(150.0, 2.2, 1.0), "ZEA"), (Cap(1.0, -89.0, 5.0), "ZEA"), (Cap(0, 0, 180), "AIT")], ids=str
)
def test_projections_are_those_of_astropy(cap, kind):
    projection = Projection.of(cap, 300.0, 200.0, 400.0, 300.0)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.crval = [projection.lon, projection.lat]
    wcs.wcs.cdelt = np.degrees([-1 / projection.scale, -1 / projection.scale])
    wcs.wcs.crpix = [projection.x, projection.y]
    random = np.random.default_rng(18)
    spread = 40.0 if cap.is_all_sky else cap.radius
    lon = projection.lon + random.uniform(-1, 1, 50) * spread
    lat = np.clip(projection.lat + random.uniform(-1, 1, 50) * spread, -90, 90)
    x, y = projection.places(lon, lat)
    expected = wcs.all_world2pix(lon, lat, 1)
    np.testing.assert_allclose([x, y], expected, atol=1e-6 * projection.scale)


def test_the_outline_of_cells_is_what_no_two_of_them_share():
    few, many = (SkyCells(6, np.arange(400, 404), np.full(4, rows), None) for rows in (3, 50))
    assert len(list(outline_edges(few, Cap(0, 0, 180)))) == 4  # their parents are one cell
    assert len(list(outline_edges(many, Cap(0, 0, 180)))) == 8
    points = SkyPoints(np.full(9, 10.0), np.full(9, 20.0), None)
    assert len(list(outline_edges(points, Cap(10, 20, 1)))) == 4


def test_cells_are_drawn_where_they_are_with_their_level():
    z, mag = (Quantity.of(TABLE, column.name) for column in TABLE.columns)
    x, y = Binning.covering(z, ValueRange(0, 1), 10), Binning.covering(mag, ValueRange(18, 28), 10)
    cells = Cells(np.array([0, 1, 5]), np.array([0, 0, 3]), np.array([1, 1, 1000]), None)
    text = 'xy:z,"mag <i>";reversey'
    drawing = etree.fromstring(draw_plane(Plane(x, y, cells, None, 5, 4, 0), PlotSpecification.parse(text, TABLE)))
    [group] = drawing.findall(f"{SVG}g")
    paths = {path.get("class"): path.get("d") for path in group}
    assert paths == {"density-1": "M0 0h2v1h-2z", "density-9": "M5 3h1v1h-1z"}
    left, top, right, bottom = map(float, drawing.get("data-frame").split())
    _, _, _, up, begin, low = map(float, group.get("transform")[7:-1].split())
    assert (begin, low) == (left, top)
    assert 0 < up < bottom - top
    assert right > left
    assert drawing.get("data-y-column") == "mag <i>"
    assert "4 of 5 rows; 1 without such values" in drawing.get("aria-label")
    assert "mag <i> [mag]" in [text.text for text in drawing.iter(f"{SVG}text")]


def test_a_map_without_rows_and_messages_are_drawings():
    empty = draw_sky(SkyRows(None, None, None, 0, 0, 0), PlotSpecification.parse("sky", TABLE))
    assert "No selected row has a position" in "".join(etree.fromstring(empty).itertext())
    told = etree.fromstring(message_drawing("<b>", "a\x00 long & odd message " * 30))
    assert "long & odd message" in "".join(told.itertext())
