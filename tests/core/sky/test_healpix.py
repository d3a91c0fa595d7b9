"""NESTED indices of order 29: corners of base cells that one knows on paper, and what mocpy makes of positions."""

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from mocpy import MOC

from core.sky.healpix import FINEST_ORDER, cell_indices, nested_indices, ranges_of_cells


def test_poles_lie_in_the_last_and_the_first_cells_of_the_base_cells():
    # Górski et al. 2005, figure 4: the northern corner of a base cell is its last cell, the southern one its first.
    assert nested_indices(np.array([45.0, 405.0, -315.0]), np.array([90.0] * 3)).tolist() == [4**29 - 1] * 3
    assert nested_indices(np.array([45.0]), np.array([-90.0])).tolist() == [8 * 4**29]


def test_positions_that_are_none_have_no_index():
    lon = np.array([10.0, np.nan, np.inf, 10.0, 10.0])
    lat = np.array([91.0, 0.0, 0.0, np.nan, 20.0])
    assert (nested_indices(lon, lat) < 0).tolist() == [True, True, True, True, False]
    assert nested_indices(np.empty(0), np.empty(0)).dtype == np.int64


def test_indices_are_those_of_mocpy_and_of_the_function_for_any_order():
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(-180, 360, 2000), np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    cells = nested_indices(lon, lat)
    moc = MOC.from_lonlat(Longitude(lon, u.deg), Latitude(lat, u.deg), max_norder=FINEST_ORDER)
    assert np.sort(cells).tolist() == np.asarray(moc.flatten(), dtype=np.int64).tolist()
    orders = np.full(len(lon), 7)
    assert (cell_indices(orders, lon, lat)[0] == cells >> 2 * (FINEST_ORDER - 7)).all()


def test_ranges_of_cells_are_those_of_the_map_of_mocpy():
    for order, cells in ((0, [11, 0, 0, -1]), (3, [7, 5, 6, 767, 5, 0]), (29, [1 << 60, 2, (1 << 60) + 1])):
        known = np.array([cell for cell in cells if cell >= 0], np.uint64)
        expected = MOC.from_healpix_cells(known, np.full(len(known), order, np.uint8), order).to_depth29_ranges
        assert ranges_of_cells(np.array(cells), order).tolist() == expected.tolist()
    assert ranges_of_cells(np.array([-1]), 5).shape == (0, 2)
