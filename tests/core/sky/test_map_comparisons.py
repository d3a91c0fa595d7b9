"""Comparisons of one coverage map with many, with sets of cells and with the comparisons of pairs beside them."""

import numpy as np
import pyarrow as pa
import pytest
from mocpy import MOC

from core.sky.map_comparisons import hold, lie_within, meet
from core.sky.mocs import lies_within, meets
from tap.kernels.table import KERNELS

_RANDOM = np.random.default_rng(17)


def _map() -> str:
    """Give a random map of a few neighbouring cells of two orders."""
    cells = 100 + _RANDOM.integers(0, 40, _RANDOM.integers(0, 12))
    finer = 400 + _RANDOM.integers(0, 160, _RANDOM.integers(0, 6))
    both = np.concatenate([cells, finer]).astype(np.uint64)
    orders = np.repeat([3, 4], [len(cells), len(finer)]).astype(np.uint8)
    return " ".join(MOC.from_healpix_cells(both, orders, 4).to_string(format="ascii").split())


_MAPS = [*(_map() for _ in range(150)), "3/", "3/100-139", "0/0-11"]


def _cells(text: str) -> set[int]:
    """Give the cells of order 4 of a map, as mocpy reads it."""
    moc = MOC.from_string(text, format="ascii")
    finer = 4 ** (4 - moc.max_order)
    return {int(cell) * finer + n for cell in moc.flatten() for n in range(finer)}


_CELLS = [_cells(text) for text in _MAPS]


@pytest.mark.parametrize("one", [*_MAPS[:20], *_MAPS[-3:]])
def test_comparisons_with_many_are_those_of_pairs_and_of_sets(one: str):
    this = _cells(one)
    intersect = [bool(this & other) for other in _CELLS]
    inside = [other <= this for other in _CELLS]
    around = [this <= other for other in _CELLS]
    assert meet(one, _MAPS).tolist() == intersect == [meets(one, other) for other in _MAPS]
    assert lie_within(_MAPS, one).tolist() == inside == [lies_within(other, one) for other in _MAPS]
    assert hold(_MAPS, one).tolist() == around == [lies_within(one, other) for other in _MAPS]


@pytest.mark.parametrize("name", ["sky_map_meets", "sky_map_within"])
@pytest.mark.parametrize("swapped", [False, True])
def test_kernels_have_null_where_a_map_is_missing_or_none(name: str, swapped: bool):
    kernel = KERNELS[name]
    constant, varying = pa.array(["3/100"] * 4), pa.array(["3/100", None, "no map", "3/101"])
    found = kernel.function(varying, constant) if swapped else kernel.function(constant, varying)
    assert found.to_pylist() == [True, None, None, False]
    without = [texts.take([0, 1, 3]) for texts in ((varying, constant) if swapped else (constant, varying))]
    assert kernel.function(*without).to_pylist() == [True, None, False]
