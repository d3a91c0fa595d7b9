"""Sky maps as SVG paths: HEALPix cells in the Hammer-Aitoff projection.

Right ascension increases to the left, as seen from inside the sphere; the middle is 180°.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from products.inspection.footprint import DensityMap

__all__ = ["SkyMap", "sky_map"]

_MOST_CELLS = 3072
_LEVELS = 5
_FEW_CELLS = 24
_RING = 24.0
_CENTRE = 180.0
_RADIUS_X, _RADIUS_Y = 360.0, 180.0
_MARGIN = 24.0

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SkyMap:
    """Sky map for the template: SVG paths and labels.

    Parameters
    ----------
    levels
        One SVG path for each level of density, the lowest first; empty where no cell has the level.
    graticule
        One path for meridians and parallels.
    rings
        Centres of rings around patches that are too small to be seen.
    labels
        Horizontal and vertical position, and text.
    lowest, highest
        Smallest and largest number of rows in a cell of the map.
    """

    width: float
    height: float
    levels: tuple[str, ...]
    graticule: str
    rings: tuple[tuple[float, float], ...]
    labels: tuple[tuple[float, float, str], ...]
    lowest: int
    highest: int
    cell_degrees: float


def sky_map(density: DensityMap) -> SkyMap:
    """Return the map of a density; cells are merged until at most 3072 remain."""
    order, cells, counts = _coarsened(density)
    steps = _density_steps(counts)
    x, y = _corners(cells, order)
    paths = [_polygon(xs, ys) for xs, ys in zip(x.tolist(), y.tolist(), strict=True)]
    levels = tuple(
        "".join(path for path, step in zip(paths, steps, strict=True) if step == level) for level in range(_LEVELS)
    )
    return SkyMap(
        width=2 * (_RADIUS_X + _MARGIN),
        height=2 * (_RADIUS_Y + _MARGIN),
        levels=levels,
        graticule=_graticule(),
        rings=_rings(x, y) if len(cells) <= _FEW_CELLS else (),
        labels=_labels(),
        lowest=int(counts.min()),
        highest=int(counts.max()),
        cell_degrees=math.degrees(math.sqrt(4 * math.pi / (12 * 4**order))),
    )


def _coarsened(density: DensityMap) -> tuple[int, _Integers, _Integers]:
    order = density.order
    cells, counts = np.asarray(density.cells, dtype=np.int64), np.asarray(density.counts, dtype=np.int64)
    while len(cells) > _MOST_CELLS and order > 0:
        order, parents = order - 1, cells >> 2
        cells, inverse = np.unique(parents, return_inverse=True)
        counts = np.bincount(inverse, weights=counts).astype(np.int64)
    return order, cells, counts


def _density_steps(counts: _Integers) -> list[int]:
    """Return the level of each cell, linear in the logarithm of its rows; equal cells have the highest level."""
    logs = np.log(counts)
    low, high = float(logs.min()), float(logs.max())
    if high <= low:
        return [_LEVELS - 1] * len(counts)
    steps: list[int] = np.minimum((logs - low) / (high - low) * _LEVELS, _LEVELS - 1).astype(int).tolist()
    return steps


def _corners(cells: _Integers, order: int) -> tuple[_Floats, _Floats]:
    """Return the corners of cells in the plane, four to a cell."""
    from astropy import units
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import healpix_to_lonlat, vertices

    indices, depth = cells.astype(np.uint64), np.uint8(order)
    centres, _ = healpix_to_lonlat(indices, depth)
    corners: tuple[Longitude, Latitude] = vertices(indices, depth)
    centre = centres.to_value(units.deg)[:, np.newaxis]
    # The corners of a cell across the edge of the map stay together; the outline of the map clips the rest.
    longitude = centre + (corners[0].to_value(units.deg) - centre + 180.0) % 360.0 - 180.0
    return _project(longitude, corners[1].to_value(units.deg))


def _rings(x: _Floats, y: _Floats) -> tuple[tuple[float, float], ...]:
    """Return the centres of cells, without those that are near another one."""
    rings: list[tuple[float, float]] = []
    for centre in zip(x.mean(axis=1).tolist(), y.mean(axis=1).tolist(), strict=True):
        if all(math.dist(centre, other) > _RING for other in rings):
            rings.append(centre)
    return tuple((round(a, 1), round(b, 1)) for a, b in rings)


def _project(longitude: _Floats, latitude: _Floats) -> tuple[_Floats, _Floats]:
    """Project degrees to the plane; the projection preserves areas (AIT of Calabretta & Greisen 2002, §5.4.4)."""
    half, phi = np.radians(longitude - _CENTRE) / 2, np.radians(latitude)
    scale = 1 / np.sqrt(1 + np.cos(phi) * np.cos(half))
    x, y = np.cos(phi) * np.sin(half) * scale, np.sin(phi) * scale
    return _MARGIN + _RADIUS_X * (1 - x), _MARGIN + _RADIUS_Y * (1 - y)


def _polygon(xs: Sequence[float], ys: Sequence[float]) -> str:
    return f"{_line(xs, ys)}z"


def _line(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))


def _graticule() -> str:
    latitudes, longitudes = np.linspace(-90, 90, 37), np.linspace(0, 360, 73)
    meridians = [_project(np.full_like(latitudes, degrees), latitudes) for degrees in range(60, 360, 60)]
    parallels = [_project(longitudes, np.full_like(longitudes, degrees)) for degrees in range(-60, 90, 30)]
    return "".join(_line(x.tolist(), y.tolist()) for x, y in (*meridians, *parallels))


def _labels() -> tuple[tuple[float, float, str], ...]:
    hours = np.arange(60.0, 360.0, 60.0)
    x, y = _project(hours, np.zeros_like(hours))
    along = [(round(a, 1), round(b - 4, 1), f"{h:.0f}°") for a, b, h in zip(x.tolist(), y.tolist(), hours, strict=True)]
    degrees = np.array([-60.0, -30.0, 30.0, 60.0])
    x, y = _project(np.full_like(degrees, _CENTRE), degrees)
    up = [
        (round(a + 4, 1), round(b - 4, 1), f"{d:+.0f}°")
        for a, b, d in zip(x.tolist(), y.tolist(), degrees, strict=True)
    ]
    return (*along, *up)
