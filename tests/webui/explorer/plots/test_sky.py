"""Maps of the sky: cells equal astropy's positions in cdshealpix, small surveys are zoomed."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix
from lxml import etree

from core.errors import InvalidValueError
from webui.explorer.plots.drawing.sky import draw_sky
from webui.explorer.plots.queries import SelectedRows
from webui.explorer.plots.sky import MOST_POSITIONS, SkyCells, SkyPoints, map_sky
from webui.explorer.plots.specifications import PlotSpecification
from webui.explorer.quantities import Quantity
from webui.explorer.tables import DescribedTable

ROWS = SelectedRows("t", position=("ra", "dec"))
random = np.random.default_rng(17)
MANY = MOST_POSITIONS + 2000


def around(ra, dec, size, rows=MANY):
    dec_ = np.clip(dec + size * random.uniform(-0.5, 0.5, rows), -90, 90)
    return (ra + size * random.uniform(-0.5, 0.5, rows) / np.cos(np.radians(dec_))) % 360, dec_


def check_cells(found, ra, dec):
    cells = lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), found.content.order).astype(np.int64)
    expected, counts = np.unique(cells, return_counts=True)
    order = np.argsort(found.content.cells)
    np.testing.assert_array_equal(found.content.cells[order], expected)
    np.testing.assert_array_equal(found.content.counts[order], counts)


@pytest.mark.parametrize("field", [(150.1, 2.2, 1.4), (0.02, -44, 0.5), (53.1, -27.8, 0.01), (10, 89.9, 0.1)], ids=str)
def test_a_small_survey_is_zoomed(plotted, field):
    ra, dec = around(*field)
    found = plotted(ra=ra, dec=dec).computed(map_sky(ROWS))
    assert isinstance(found.content, SkyCells)
    assert found.drawn == MANY
    assert found.cap.radius < 1.5 * field[2]
    separation = np.hypot((found.cap.ra - field[0] + 180) % 360 - 180, 0) * np.cos(np.radians(field[1]))
    assert separation < field[2]
    assert len(found.content.cells) > 500
    check_cells(found, ra, dec)


def test_the_whole_sky_is_one_map(plotted):
    ra, dec = random.uniform(0, 360, MANY), np.degrees(np.arcsin(random.uniform(-1, 1, MANY)))
    value = random.normal(1, 0.2, MANY)
    table = plotted(ra=ra, dec=dec, value=value)
    found = table.computed(map_sky(ROWS, Quantity.parse("value", table.described)))
    assert found.cap.is_all_sky
    check_cells(found, ra, dec)
    mean = np.average(found.content.means, weights=found.content.counts)
    np.testing.assert_allclose(mean, value.mean())


def test_few_rows_are_points_and_a_stray_row_does_not_widen_the_map(plotted):
    ra, dec = around(150.1, 2.2, 0.5, rows=3000)
    ra, dec = np.append(ra, [0.0, np.nan]), np.append(dec, [0.0, 1.0])
    found = plotted(ra=ra, dec=dec).computed(map_sky(ROWS))
    assert isinstance(found.content, SkyPoints)
    assert (found.rows, found.drawn, found.beyond) == (3002, 3000, 1)
    assert found.cap.radius < 0.5


def test_one_row_and_no_row(plotted):
    table = plotted(ra=np.array([12.5, np.nan]), dec=np.array([-3.0, 4.0]))
    found = table.computed(map_sky(ROWS))
    assert (found.drawn, round(found.cap.ra, 6), round(found.cap.dec, 6)) == (1, 12.5, -3.0)
    assert table.computed(map_sky(SelectedRows("t", "dec > 3", ("ra", "dec")))).cap is None


def test_a_table_without_positions_has_no_map(plotted):
    with pytest.raises(InvalidValueError, match="no positions"):
        plotted(x=np.ones(3)).computed(map_sky(SelectedRows("t")))


def test_the_fields_of_a_survey_are_found(plotted):
    places = [(150.1, 2.2, 1.5, 3000), (53.1, -27.8, 0.6, 2500), (0.1, -43.5, 3.0, 2000)]
    ra, dec = np.concatenate([around(*place) for place in places], axis=1)
    found = plotted(ra=ra, dec=dec).computed(map_sky(ROWS))
    assert len(found.fields) == 3
    for field, (field_ra, field_dec, size, _) in zip(found.fields, places, strict=True):
        assert abs((field.ra - field_ra + 180) % 360 - 180) < size / 2
        assert abs(field.dec - field_dec) < size / 2
        assert size / 2 < field.radius < 2 * size
    drawing = etree.fromstring(draw_sky(found, PlotSpecification.parse("sky", DescribedTable("t", ()))))
    assert len(drawing.get("data-fields").split(";")) == 3
