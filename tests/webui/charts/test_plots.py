"""What the server draws, against astropy's projections and the numbers that were drawn."""

import re

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from cdshealpix.nested import lonlat_to_healpix

from products.inspection.footprint import DensityMap
from products.inspection.redshifts import RedshiftHistogram
from webui.charts.histogram import histogram_plot
from webui.charts.sky_map import _project, sky_map


def _cell(ra: float, dec: float, order: int = 6) -> int:
    position = SkyCoord(ra, dec, unit="deg")
    return int(lonlat_to_healpix(position.ra, position.dec, depth=order)[0])


def test_the_projection_is_that_of_hammer_and_aitoff():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---AIT", "DEC--AIT"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [180.0, 0.0], [0.0, 0.0], [1.0, 1.0]
    ra, dec = np.array([180.0, 100.0, 20.0, 300.0, 181.0]), np.array([0.0, 40.0, -70.0, 10.0, 89.0])
    x, y = _project(ra, dec)
    # FITS calls Hammer and Aitoff's projection AIT; its axes end at 2 sqrt(2) and sqrt(2) radians.
    expected_x, expected_y = wcs.wcs_world2pix(ra, dec, 0)
    np.testing.assert_allclose(x, 384 - (expected_x + 1) / np.degrees(2 * np.sqrt(2)) * 360, atol=1e-6)
    np.testing.assert_allclose(y, 204 - (expected_y + 1) / np.degrees(np.sqrt(2)) * 180, atol=1e-6)


def test_right_ascension_increases_to_the_left():
    east, west = (sky_map(DensityMap(6, (_cell(ra, 0),), (1,))) for ra in (100.0, 260.0))
    assert east.rings[0][0] > west.rings[0][0]


def test_denser_cells_are_drawn_in_a_darker_step():
    plot = sky_map(DensityMap(6, (_cell(10, 0), _cell(50, 0), _cell(90, 0)), (1, 30, 1000)))
    assert [bool(path) for path in plot.levels] == [True, False, True, False, True]
    assert (plot.lowest, plot.highest) == (1, 1000)


def test_a_map_of_the_whole_sky_stays_small_and_keeps_its_rows():
    cells = 12 * 4**6
    plot = sky_map(DensityMap(6, tuple(range(cells)), (3,) * cells))
    assert sum(len(path) for path in plot.levels) < 200_000
    assert plot.lowest == plot.highest == 3 * 4**2
    assert plot.rings == ()


@pytest.mark.parametrize("ra", [0.0, 0.2, 359.8])
def test_a_cell_across_the_seam_is_not_torn_apart(ra: float):
    path = next(filter(None, sky_map(DensityMap(6, (_cell(ra, 0.3),), (1,))).levels))
    across = [float(x) for x in re.findall(r"[ML](-?[\d.]+) ", path)]
    assert max(across) - min(across) < 10


def test_bars_of_a_histogram_are_as_high_as_their_counts():
    plot = histogram_plot(RedshiftHistogram((0.0, 0.5, 1.0, 1.5), (10, 0, 5), 2))
    bars = [tuple(map(float, bar)) for bar in re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)H([\d.]+)", plot.bars)]
    heights = [bottom - top for _, bottom, top, _ in bars]
    assert len(bars) == 2
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert bars[1][0] - bars[0][0] == pytest.approx(2 * (bars[0][3] - bars[0][0]), abs=0.3)
    assert plot.total == 17
    assert [text for _, text in plot.x_ticks] == ["0", "0.5", "1", "1.5"]


def test_a_histogram_of_one_row_has_axes():
    plot = histogram_plot(RedshiftHistogram((0.3, 0.301), (1,), 0))
    assert [text for _, text in plot.y_ticks] == ["0", "1"]
    assert plot.x_ticks
