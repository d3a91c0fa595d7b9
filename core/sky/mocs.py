"""Coverage maps (IVOA MOC 2.0) in ASCII form: positions in a map, intersection, and the map of a shape.

A map consists of cells, so a result for a shape and a map is exact up to the cells along its boundary, which are
a sixteenth of the shape, or 3.4 arcminutes when that is finer.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.sky.ascii_maps import plain_ranges
from core.sky.box_cells import cells_of_box
from core.sky.boxes import Box
from core.sky.regions import Region

__all__ = ["holds_positions", "lies_within", "map_of_region", "meets", "ranges_of_map", "sky_area"]

_CELL_DEGREES = 58.6
_COARSEST, _FINEST = 10, 18
#: Cells along a shape: their number bounds those on its rim.
_MOST_CELLS_ACROSS = 20_000
#: Characters of a map of which many are kept.
_SHORT = 500
_WHOLE_SKY = 4 * math.pi * math.degrees(1) ** 2


def ranges_of_map(text: str) -> NDArray[np.int64]:
    """Return the first and last cells at order 29 of a map, shape (n, 2), in order; no two ranges touch.

    Raises
    ------
    ValueError
        The text is no map.
    """
    return _short_map(text) if len(text) <= _SHORT else _long_map(text)


def _parsed(text: str) -> NDArray[np.int64]:
    result = plain_ranges(text)
    if result is None:
        result = _read_by_mocpy(text)
    result.flags.writeable = False
    return result


def _read_by_mocpy(text: str) -> NDArray[np.int64]:
    from mocpy import MOC

    try:
        ranges = np.asarray(MOC.from_string(text, format="ascii").to_depth29_ranges, dtype=np.uint64).reshape(-1, 2)
    except Exception as e:  # its parser has no class of error of its own
        message = "it is no MOC in ASCII, such as 3/1-4 4/30"
        raise ValueError(message) from e
    return np.column_stack([ranges[:, 0].astype(np.int64), ranges[:, 1].astype(np.int64) - 1])


#: There are many short maps, those of the catalogues in a registry, and each query of them compares all.
_short_map = lru_cache(maxsize=16_384)(_parsed)
_long_map = lru_cache(maxsize=256)(_parsed)


@lru_cache(maxsize=256)
def map_of_region(region: Region, order: int | None = None) -> str:
    """Return the map of a shape, with cells of an order or of one that suits the shape.

    Raises
    ------
    ValueError
        The shape is none, or the order is not from 0 to 29.
    """
    if not region.is_whole:
        message = "it is no shape"
        raise ValueError(message)
    if order is not None and not 0 <= order <= 29:
        message = "an order is from 0 to 29"
        raise ValueError(message)
    made: str = _of_region(region, _suitable(region, order)).to_string(format="ascii")
    return " ".join(made.split())


def holds_positions(text: str, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which positions, in degrees, lie in a map."""
    from core.sky.healpix import FINEST_ORDER, cell_indices

    ranges = ranges_of_map(text)
    cells, known = cell_indices(np.full(len(lon), FINEST_ORDER), lon, lat)
    if not len(ranges):
        return np.zeros(len(lon), bool)
    place = np.searchsorted(ranges[:, 0], cells, side="right") - 1
    found: NDArray[np.bool_] = known & (place >= 0) & (cells <= ranges[np.maximum(place, 0), 1])
    return found


def meets(one: str, other: str) -> bool:
    """Return whether two maps intersect."""
    first, second = ranges_of_map(one), ranges_of_map(other)
    if not len(first) or not len(second):
        return False
    place = np.searchsorted(second[:, 0], first[:, 1], side="right") - 1
    return bool(((place >= 0) & (second[np.maximum(place, 0), 1] >= first[:, 0])).any())


def lies_within(inner: str, outer: str) -> bool:
    """Return whether one map lies within another."""
    first, second = ranges_of_map(inner), ranges_of_map(outer)
    if not len(second):
        return not len(first)
    place = np.searchsorted(second[:, 0], first[:, 0], side="right") - 1
    return bool(((place >= 0) & (second[np.maximum(place, 0), 1] >= first[:, 1])).all())


def sky_area(text: str) -> float:
    """Return the area of a map in square degrees."""
    ranges = ranges_of_map(text)
    return float(np.sum(ranges[:, 1] - ranges[:, 0] + 1.0)) / (12 * 4**29) * _WHOLE_SKY


def _of_region(region: Region, depth: int) -> Any:  # mocpy ships no types
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    if region.kind == "box":
        cells, orders = cells_of_box(Box.about(*region.numbers), depth)
        return MOC.from_healpix_cells(cells.astype(np.uint64), orders, depth)
    if region.kind == "polygon":
        lon, lat = np.asarray(region.numbers).reshape(-1, 2).T
        return MOC.from_polygon(Longitude(lon % 360, u.deg), Latitude(lat, u.deg), max_depth=depth)
    radius = region.numbers[2] if region.kind == "circle" else 0.0
    lon, lat = Longitude(region.numbers[0] % 360, u.deg), Latitude(region.numbers[1], u.deg)
    if not radius:
        return MOC.from_lonlat(Longitude([lon]), Latitude([lat]), max_norder=depth)
    if radius >= 180:
        return MOC.from_string("0/0-11", format="ascii")
    return MOC.from_cone(lon, lat, radius=radius * u.deg, max_depth=depth, delta_depth=2)


def _suitable(region: Region, order: int | None) -> int:
    """Choose the order of a map, or check that the requested order makes no more cells than a map may have."""
    size = _size(region)
    if order is None:
        wanted = math.ceil(math.log2(_CELL_DEGREES / max(size, 1e-9))) + 4
        return min(_FINEST, max(_COARSEST, wanted)) if size else 29
    if size * 2**order / _CELL_DEGREES > _MOST_CELLS_ACROSS:
        message = f"its map of order {order} would have too many cells; use a lower order"
        raise ValueError(message)
    return order


def _size(region: Region) -> float:
    """Return the approximate width of a shape, in degrees."""
    if region.kind == "circle":
        return min(region.numbers[2], 180 - region.numbers[2]) if region.numbers[2] < 180 else 0.0
    if region.kind == "point":
        return 0.0
    if region.kind == "box":
        return max(min(region.numbers[2], 360.0), min(region.numbers[3], 180.0))
    lon, lat = np.asarray(region.numbers).reshape(-1, 2).T
    wide = float(np.ptp(lon))
    return float(max(np.ptp(lat), min(wide, 360 - wide) if wide < 360 else 90.0))
