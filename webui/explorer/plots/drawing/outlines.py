"""Outline of the sky that has rows, as a MOC has it: edges of HEALPix cells that no neighbouring cell shares."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.sky.healpix import nested_indices
from webui.explorer.plots.sky import Cap, SkyCells, SkyPoints

__all__ = ["outline_edges"]

_CELLS_ACROSS = 14
_BASE_CELL = 58.6
_FINEST_ORDER = 27
_ALL_SKY_ORDER = 4
#: Cells with fewer rows in the mean have gaps by chance, and no outline.
_FEW_ROWS = 3


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
    """Return the cells to outline, and their order."""
    order = math.floor(math.log2(_BASE_CELL * _CELLS_ACROSS / (2 * cap.radius)))
    order = _ALL_SKY_ORDER if cap.is_all_sky else min(max(order, 0), _FINEST_ORDER)
    if isinstance(content, SkyPoints):
        rows, cells = len(content.ra), np.unique(nested_indices(content.ra, content.dec) >> (2 * (29 - order)))
    else:
        order = min(order, content.order)
        rows, cells = int(content.counts.sum()), np.unique(content.cells >> (2 * (content.order - order)))
    return cells if rows >= _FEW_ROWS * len(cells) else cells[:0], order


def _corner_numbers(corners: NDArray[np.float64], order: int) -> NDArray[np.int64]:
    """Return a number for each corner, the same for corners of cells that meet there."""
    lon, lat = np.radians(corners[..., 0]), np.radians(corners[..., 1])
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    tolerance = math.radians(_BASE_CELL / 2**order) / 100
    rounded = np.round(vectors.reshape(-1, 3) / tolerance).astype(np.int64)
    _, numbers = np.unique(rounded, axis=0, return_inverse=True)
    return np.asarray(numbers).reshape(corners.shape[:-1])
