"""Rows on the sky: HEALPix cells counted by the query engine, zoomed to the part of the sky that has rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import InvalidValueError
from webui.explorer.plots.queries import SelectedRows, Steps, doubles, longs
from webui.explorer.quantities import Quantity, is_finite

__all__ = ["MOST_POSITIONS", "Cap", "SkyCells", "SkyPoints", "SkyRows", "map_sky"]

#: So many rows are drawn as points; more are counted in cells.
MOST_POSITIONS = 5000
_COARSE_ORDER = 5
_FINEST_ORDER = 27
_MOST_CELLS = 5000
_CELLS_ACROSS = 56
#: Width of a cell of order 0 in degrees.
_BASE_CELL = 58.6
#: Fields with a larger radius (degrees) are drawn on a map of the whole sky.
_ALL_SKY = 50.0
_SMALLEST_RADIUS = 0.5 / 3600
#: Share of the rows that may lie outside of a field that is much smaller without them.
_OUTSIDE = 0.001
_MUCH_SMALLER = 0.1
#: Fields are groups of cells that are nearer to each other than this (degrees), on a map with at least this radius.
_NEIGHBOURS = 4.5
_LEAST_WIDE = 4.0
_MOST_FIELDS = 9
_MOST_FIELD_CELLS = 400


@dataclass(frozen=True, slots=True)
class Cap:
    """A circle on the sky, in degrees."""

    ra: float
    dec: float
    radius: float

    @property
    def is_all_sky(self) -> bool:
        """Whether a map of the whole sky shows it best."""
        return self.radius > _ALL_SKY


@dataclass(frozen=True, slots=True)
class SkyPoints:
    """Positions of single rows in degrees, and the values that colour them."""

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    colours: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class SkyCells:
    """HEALPix cells (NESTED) that have rows, with the means of the colour quantity, NaN where no row has it."""

    order: int
    cells: NDArray[np.int64]
    counts: NDArray[np.int64]
    means: NDArray[np.float64] | None

    @property
    def width(self) -> float:
        """The width of a cell in degrees."""
        return math.degrees(math.sqrt(4 * math.pi / (12 * 4**self.order)))


@dataclass(frozen=True, slots=True)
class SkyRows:
    """Rows on the sky.

    Parameters
    ----------
    cap
        The part of the sky that has them; None if no row has a position.
    rows, drawn, beyond
        As in `webui.explorer.plots.histograms.Histogram`.
    fields
        Circles around the fields of a survey that has a few far from each other, the one with most rows first.
    """

    cap: Cap | None
    content: SkyPoints | SkyCells | None
    colour: Quantity | None
    rows: int
    drawn: int
    beyond: int
    fields: tuple[Cap, ...] = ()


def map_sky(rows: SelectedRows, colour: Quantity | None = None) -> Steps[SkyRows]:
    """Return the rows on the sky, as points if they are few.

    Raises
    ------
    InvalidValueError
        The table has no positions.
    """
    if rows.position is None:
        raise InvalidValueError(f"The table {rows.table} has no positions in ICRS; choose another kind of plot.")
    ra, dec = rows.position
    answer = yield rows.total
    total = int(longs(answer, "n")[0])
    known = [is_finite(ra), is_finite(dec), f"{dec} BETWEEN -90 AND 90"]
    answer = yield _grouped(rows, _COARSE_ORDER, known, None)
    coarse, counts = longs(answer, "cell"), longs(answer, "n")
    found = int(counts.sum())
    if not found:
        return SkyRows(None, None, colour, total, 0, 0)
    corners = _limits(coarse, answer)
    cap = _cap_of(counts, corners)
    fields = tuple(_fields(cap, counts, corners))
    within = [] if cap.is_all_sky else [_inside(rows.position, cap)]
    if found <= MOST_POSITIONS:
        names = [f"{ra} AS ra_", f"{dec} AS dec_"] + ([] if colour is None else [f"{colour.adql} AS vc"])
        answer = yield rows.query(names, [*known, *within], top=MOST_POSITIONS)
        colours = None if colour is None else doubles(answer, "vc")
        points = SkyPoints(doubles(answer, "ra_"), doubles(answer, "dec_"), colours)
        return SkyRows(cap, points, colour, total, len(points.ra), found - len(points.ra), fields)
    order = _order_for(cap)
    if order == _COARSE_ORDER and colour is None and cap.is_all_sky:
        cells = SkyCells(order, coarse, counts, None)
    else:
        answer = yield _grouped(rows, order, [*known, *within], colour)
        numbers = longs(answer, "cell")
        sorting = np.argsort(numbers)
        means = None if colour is None else doubles(answer, "mean")[sorting]
        cells = SkyCells(order, numbers[sorting], longs(answer, "n")[sorting], means)
    cells = _coarsened(cells)
    drawn = int(cells.counts.sum())
    return SkyRows(cap, cells, colour, total, drawn, found - drawn, fields)


def _grouped(rows: SelectedRows, order: int, conditions: list[str], colour: Quantity | None) -> str:
    """Return the query for rows in cells: with the limits of their positions, or the mean of a quantity."""
    ra, dec = rows.position or ("", "")
    keys = {"cell": f"ivo_healpix_index({order}, {ra}, {dec})"}
    if colour is not None:
        value = f"CASE WHEN {colour.is_finite} THEN {colour.adql} END AS vc"
        return rows.grouped(keys, conditions, ["AVG(vc) AS mean"], [value])
    if order != _COARSE_ORDER:
        return rows.grouped(keys, conditions)
    limits = [f"{name}({value}) AS {name.lower()}_{value}" for value in ("pr", "pd") for name in ("MIN", "MAX")]
    return rows.grouped(keys, conditions, limits, [f"{ra} AS pr", f"{dec} AS pd"])


def _limits(cells: NDArray[np.int64], answer: pa.Table) -> NDArray[np.float64]:
    """Return the corners of the positions in each cell: right ascensions and declinations, shape (cells, 4, 2)."""
    low_ra, high_ra, low_dec, high_dec = (doubles(answer, name) for name in ("min_pr", "max_pr", "min_pd", "max_pd"))
    pairs = [(low_ra, low_dec), (low_ra, high_dec), (high_ra, low_dec), (high_ra, high_dec)]
    corners = np.stack([np.stack(pair, axis=-1) for pair in pairs], axis=1)
    wide = high_ra - low_ra > 180
    if wide.any():  # cells around right ascension 0 have rows on both sides of it
        corners[wide] = _cell_corners(cells[wide])
    return corners


def _cap_of(counts: NDArray[np.int64], corners: NDArray[np.float64]) -> Cap:
    """Return a circle that contains the rows, without few that lie far from all others."""
    vectors = _vectors(corners[..., 0], corners[..., 1])
    cap = _around(vectors)
    order = np.argsort(-counts)
    most = np.cumsum(counts[order])
    kept = order[: int(np.searchsorted(most, (1 - _OUTSIDE) * most[-1])) + 1]
    if len(kept) < len(counts):
        smaller = _around(vectors[kept])
        if smaller.radius < _MUCH_SMALLER * cap.radius:
            return smaller
    return cap


def _fields(cap: Cap, counts: NDArray[np.int64], corners: NDArray[np.float64]) -> Iterator[Cap]:
    """Yield circles around groups of neighbouring cells, if they are a few small ones."""
    if cap.radius < _LEAST_WIDE or len(counts) > _MOST_FIELD_CELLS:
        return
    vectors = _vectors(corners[..., 0], corners[..., 1])
    middles = vectors.mean(axis=1)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    near = middles @ middles.T > math.cos(math.radians(_NEIGHBOURS))
    groups = np.arange(len(counts))
    for _ in range(len(counts)):  # each cell takes the smallest number among its neighbours
        smallest = np.where(near, groups, len(counts)).min(axis=1)
        if (smallest == groups).all():
            break
        groups = smallest
    numbers, rows = np.unique(groups), np.bincount(groups, weights=counts)
    if not 2 <= len(numbers) <= _MOST_FIELDS:
        return
    for number in sorted(numbers, key=lambda number: -rows[number]):
        yield _around(vectors[groups == number])


def _around(vectors: NDArray[np.float64]) -> Cap:
    """Return a circle around corners, shape (cells, 4, 3)."""
    middle = vectors.reshape(-1, 3).mean(axis=0)
    if np.linalg.norm(middle) < 1e-3:
        return Cap(180.0, 0.0, 180.0)
    for step in range(30):  # towards the farthest corner, by less and less (Badoiu & Clarkson 2003)
        middle /= np.linalg.norm(middle)
        far = vectors.reshape(-1, 3)[np.argmin(vectors.reshape(-1, 3) @ middle)]
        middle = middle + (far - middle) / (step + 2)
    middle /= np.linalg.norm(middle)
    chord = float(np.linalg.norm(vectors.reshape(-1, 3) - middle, axis=1).max())
    radius = math.degrees(2 * math.asin(min(1.0, chord / 2)))
    ra = math.degrees(math.atan2(middle[1], middle[0])) % 360
    dec = math.degrees(math.asin(max(-1.0, min(1.0, float(middle[2])))))
    return Cap(ra, dec, max(radius * 1.02, _SMALLEST_RADIUS))


def _cell_corners(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    from cdshealpix.nested import vertices

    lon, lat = vertices(cells.astype(np.uint64), np.uint8(_COARSE_ORDER))
    return np.stack([lon.deg, lat.deg], axis=-1)


def _vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _inside(position: tuple[str, str], cap: Cap) -> str:
    ra, dec = position
    return f"1 = CONTAINS(POINT({ra}, {dec}), CIRCLE({cap.ra!r}, {cap.dec!r}, {min(cap.radius * 1.01, 180.0)!r}))"


def _order_for(cap: Cap) -> int:
    if cap.is_all_sky:
        return _COARSE_ORDER
    order = round(math.log2(_BASE_CELL * _CELLS_ACROSS / (2 * cap.radius)))
    return min(max(order, _COARSE_ORDER), _FINEST_ORDER)


def _coarsened(found: SkyCells) -> SkyCells:
    """Return the cells, merged until they are few enough to be drawn."""
    while len(found.cells) > _MOST_CELLS:
        cells, inverse = np.unique(found.cells >> 2, return_inverse=True)
        counts = np.bincount(inverse, weights=found.counts).astype(np.int64)
        means = None
        if found.means is not None:
            there = np.isfinite(found.means)
            weights = np.where(there, found.counts, 0)
            sums = np.bincount(inverse, weights=np.where(there, found.means, 0) * weights)
            weighed = np.bincount(inverse, weights=weights)
            means = np.divide(sums, weighed, where=weighed > 0, out=np.full(len(sums), np.nan))
        found = SkyCells(found.order - 1, cells, counts, means)
    return found
