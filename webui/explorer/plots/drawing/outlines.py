"""Outline of the sky that has rows, as a MOC has it: edges of HEALPix cells that no neighbouring cell shares."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.sky.healpix import nested_indices
from webui.explorer.plots.sky import Cap, SkyCells, SkyPoints

__all__ = ["outline_edges"]

#: Cells across the field of the coarsest outline, and how many orders finer it is where many rows fill its cells.
_CELLS_ACROSS = 14
_FINER_ORDERS = 2
_BASE_CELL = 58.6
_FINEST_ORDER = 27
_ALL_SKY_ORDER = 4
#: Cells with fewer rows in the mean have gaps by chance: no outline, or none that is finer.
_FEW_ROWS = 3
_MANY_ROWS = 12


def outline_edges(content: SkyCells | SkyPoints, cap: Cap) -> Iterator[NDArray[np.float64]]:
    """Yield the edges around the cells that have rows: both ends in degrees, shape (2, 2)."""
    from cdshealpix.nested import vertices

    cells, order = _outlined(content, cap)
    if not len(cells):
        return
    lon, lat = vertices(cells.astype(np.uint64), np.uint8(order))
    corners = np.stack([lon.deg, lat.deg], axis=-1)
    keys = _corner_numbers(corners, order)
    ends = np.stack([keys, np.roll(keys, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges = np.stack([corners, np.roll(corners, -1, axis=1)], axis=2).reshape(-1, 2, 2)
    _, first, counts = np.unique(np.sort(ends, axis=1), axis=0, return_index=True, return_counts=True)
    yield from edges[first[counts == 1]]


def _outlined(content: SkyCells | SkyPoints, cap: Cap) -> tuple[NDArray[np.int64], int]:
    """Return the cells to outline, as small as the number of rows allows, and their order."""
    order = math.floor(math.log2(_BASE_CELL * _CELLS_ACROSS / (2 * cap.radius)))
    order = _ALL_SKY_ORDER if cap.is_all_sky else min(max(order, 0), _FINEST_ORDER)
    if isinstance(content, SkyPoints):
        finest, known, rows = _FINEST_ORDER, nested_indices(content.ra, content.dec) >> 4, len(content.ra)
    else:
        finest, known, rows = content.order, content.cells, int(content.counts.sum())
    order = min(order, finest)
    cells = np.unique(known >> (2 * (finest - order)))
    if rows < _FEW_ROWS * len(cells):
        return cells[:0], order
    for finer in range(order + 1, min(order + _FINER_ORDERS, finest) + 1):
        smaller = np.unique(known >> (2 * (finest - finer)))
        if rows < _MANY_ROWS * len(smaller):
            break
        cells, order = smaller, finer
    return cells, order


def _corner_numbers(corners: NDArray[np.float64], order: int) -> NDArray[np.int64]:
    """Return a number for each corner, the same for corners of cells that meet there."""
    lon, lat = np.radians(corners[..., 0]), np.radians(corners[..., 1])
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    tolerance = math.radians(_BASE_CELL / 2**order) / 100
    rounded = np.round(vectors.reshape(-1, 3) / tolerance).astype(np.int64)
    _, numbers = np.unique(rounded, axis=0, return_inverse=True)
    return np.asarray(numbers).reshape(corners.shape[:-1])
