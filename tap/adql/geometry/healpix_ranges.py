"""Ranges of HEALPix cells that cover a region, by which the engine prunes row groups.

Rows are sorted by their cell at order 29 (`core.columns.HEALPIX_COLUMN`, as in HATS catalogues). The ranges always
cover more than the region; the exact predicate is tested as well.
"""

import math

import numpy as np
from numpy.typing import NDArray

from core.sky import mocs
from core.sky.box_cells import cells_of_box
from core.sky.boxes import Box

__all__ = ["Ranges", "ranges_of_box", "ranges_of_cone", "ranges_of_map", "ranges_of_polygon"]

_ORDER = 29
_MOST_RANGES = 64
_CELL_DEGREES = 58.6
_FINEST = 24
_CELLS_ALONG = 250
_LARGE_BOX = 15_000.0  # square degrees

Ranges = list[tuple[int, int]]


def ranges_of_cone(lon: float, lat: float, radius: float) -> Ranges | None:
    """Return the ranges that cover a cone, given in degrees; None when it covers most of the sky.

    Returns
    -------
    First and last cell at order 29 of at most 64 ranges, in order.
    """
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import cone_search

    if not 0 <= radius < 60 or abs(lat) > 90:
        return None
    # A margin of 0.4 milliarcseconds, far above rounding errors, includes rows on the edge.
    generous = radius * (1 + 1e-9) + 1e-7
    depth = _depth(generous)
    cells, depths, _ = cone_search(Longitude(lon % 360, u.deg), Latitude(lat, u.deg), generous * u.deg, depth)
    return _merged(cells, depths)


def ranges_of_box(box: Box) -> Ranges | None:
    """Return the ranges that cover a box between meridians and parallels; None when it covers most of the sky."""
    if box.area > _LARGE_BOX:
        return None
    # A margin of 0.4 milliarcseconds, far above rounding errors, includes rows on the edge and at a pole.
    margin = 1e-7
    south, north = max(-90.0, box.south - margin), min(90.0, box.north + margin)
    around = margin / max(margin, math.cos(math.radians(max(abs(south), abs(north)))))
    half = min(180.0, box.half + around)
    order = min(_depth(max(math.sqrt(box.area), margin)), _depth(max(2 * half, north - south) / _CELLS_ALONG))
    return _merged(*cells_of_box(Box(box.center, half, south, north), order))


def ranges_of_polygon(vertices: tuple[tuple[float, float], ...]) -> Ranges | None:
    """Return the ranges that cover the smallest cone around a polygon; None when it covers most of the sky."""
    from core.sky.polygons import unit_vectors

    vectors = unit_vectors(vertices)
    middle = vectors.mean(axis=0)
    middle /= np.linalg.norm(middle)
    radius = math.degrees(float(np.arccos(np.clip(vectors @ middle, -1, 1)).max()))
    lon = math.degrees(math.atan2(middle[1], middle[0]))
    lat = math.degrees(math.asin(max(-1.0, min(1.0, middle[2]))))
    # A circle smaller than a hemisphere that contains the vertices contains the whole polygon.
    return ranges_of_cone(lon, lat, radius)


def ranges_of_map(text: str) -> tuple[Ranges, bool]:
    """Return the ranges that cover a map, and whether they are exactly the map.

    Raises
    ------
    ValueError
        The text is not a coverage map.
    """
    ranges = mocs.ranges_of_map(text)
    if not len(ranges):
        return [], True
    few = _limited(ranges[:, 0], ranges[:, 1])
    return few, len(few) == len(ranges)


def _depth(radius: float) -> int:
    """Return the order whose cells are about a quarter of the radius."""
    return min(_FINEST, max(0, int(math.log2(_CELL_DEGREES / radius)) + 2))


def _merged(cells: NDArray[np.uint64] | NDArray[np.int64], depths: NDArray[np.uint8]) -> Ranges | None:
    if not len(cells):
        return None
    shift = 2 * (_ORDER - depths.astype(np.int64))
    first = cells.astype(np.int64) << shift
    last = ((cells.astype(np.int64) + 1) << shift) - 1
    order = np.argsort(first)
    return _limited(first[order], last[order])


def _limited(first: NDArray[np.int64], last: NDArray[np.int64]) -> Ranges:
    """Return at most `_MOST_RANGES` ranges, closing the narrowest gaps."""
    gaps = first[1:] - last[:-1] - 1
    open_gaps = np.flatnonzero(gaps > 0)
    if len(open_gaps) >= _MOST_RANGES:
        widest = np.argsort(gaps[open_gaps])[-(_MOST_RANGES - 1) :]
        open_gaps = np.sort(open_gaps[widest])
    starts = np.concatenate([[0], open_gaps + 1])
    ends = np.concatenate([open_gaps, [len(first) - 1]])
    return [(int(first[start]), int(last[end])) for start, end in zip(starts, ends, strict=True)]
