"""HEALPix cells that cover a box of coordinates."""

import numpy as np
from numpy.typing import NDArray

from core.sky.boxes import Box
from core.sky.healpix import cell_centers

__all__ = ["cells_of_box"]

# No vertex of a cell of order k is farther from its centre than this over 2**k.
_REACH_DEGREES = 58.6


def cells_of_box(box: Box, order: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return NESTED cells that together cover a box, none of them more than two cells outside.

    Cells of lower orders are returned where they lie inside.

    Returns
    -------
    The indices of the cells and their orders, which are at most ``order``.
    """
    found: list[NDArray[np.int64]] = []
    orders: list[NDArray[np.uint8]] = []
    cells = np.arange(12, dtype=np.int64)
    for level in range(order + 1):
        meeting, within = _compared(box, cells, level)
        chosen = cells[meeting if level == order else within]
        found.append(chosen)
        orders.append(np.full(len(chosen), level, np.uint8))
        cells = (4 * cells[meeting & ~within][:, None] + np.arange(4)).ravel()
    return np.concatenate(found), np.concatenate(orders)


def _compared(box: Box, cells: NDArray[np.int64], order: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which cells may meet the box, and which lie within it, by the circles about them."""
    centers, _ = cell_centers(np.full(len(cells), order), cells)
    lon, lat = centers.T
    reach = _REACH_DEGREES / 2**order
    with np.errstate(divide="ignore", invalid="ignore"):
        sines = np.sin(np.radians(reach)) / np.cos(np.radians(lat))
        beside = np.where(np.abs(lat) + reach < 90, np.degrees(np.arcsin(np.minimum(1.0, sines))), 180.0)
    across = np.abs((lon - box.center + 180) % 360 - 180)
    meeting = (lat + reach >= box.south) & (lat - reach <= box.north) & (across <= box.half + beside)
    within = (lat - reach >= box.south) & (lat + reach <= box.north)
    within |= (box.south == -90) & (lat - reach < -90) & (lat + reach <= box.north)
    within |= (box.north == 90) & (lat + reach > 90) & (lat - reach >= box.south)
    return meeting, within & ((across + beside <= box.half) | (box.half >= 180))
