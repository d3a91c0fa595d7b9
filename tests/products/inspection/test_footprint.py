"""Footprints of tables, compared with mocpy."""

import numpy as np
import pytest
from mocpy import MOC

from products.inspection.footprint import Footprint


@pytest.mark.parametrize(("rows", "order"), [(400_000, 10), (20_000, 9), (5_000, 8), (60, 5)])
def test_a_footprint_is_the_moc_of_the_finest_order_whose_cells_have_three_rows(rows: int, order: int):
    cells = np.random.default_rng(20261128).integers(0, 4**26, rows)  # within one cell of order 3
    footprint = Footprint()
    for part in np.array_split(cells, 3):
        footprint.add(part)
    found = footprint.moc()
    assert found is not None
    text, area = found
    expected = MOC.from_healpix_cells((cells >> 36).astype(np.uint64), np.uint8(11), max_depth=11)
    expected = expected.degrade_to_order(np.int8(order))
    assert MOC.from_string(text) == expected
    assert area == pytest.approx(float(expected.sky_fraction) * 41_252.961249)


def test_without_positions_there_is_none():
    assert Footprint().moc() is None
    assert Footprint().density() is None
