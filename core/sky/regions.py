"""Points, circles, polygons and boxes that differ from row to row: containment, intersection, area and centre.

A shape is its kind and its numbers as DALI 1.1 §3.3.5 to §3.3.7 list them; a box is its centre, width and height. The
arithmetic of `tap.adql.geometry.predicates` is for points in constant shapes; this is for all the rest, one pair after
another.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.sky.boxes import Box
from core.sky.polygons import area, centroid, convex_parts, edge_normals, unit_vectors

__all__ = ["Region", "contains", "holds_positions", "intersects", "region_area", "region_center"]

_Vectors = NDArray[np.float64]
# Rounding of unit vectors and their products; far below a nanoarcsecond. It keeps the rim in.
_RIM = 4e-16
_CROSSING = 1e-15
_MARGIN = 1e-12  # degrees
_WHOLE_SKY = 4 * math.pi * math.degrees(1) ** 2


@dataclass(frozen=True, slots=True)
class Region:
    """A shape: ``point``, ``circle``, ``polygon`` or ``box``, and its numbers in degrees."""

    kind: str
    numbers: tuple[float, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the shape is valid: as many numbers as it needs, and declinations in range."""
        wanted = {"point": 2, "circle": 3, "box": 4}.get(self.kind)
        count = len(self.numbers)
        if (wanted is not None and count != wanted) or (wanted is None and (count < 6 or count % 2)):
            return False
        if not all(math.isfinite(number) for number in self.numbers):
            return False
        if self.kind in {"circle", "box"} and min(self.numbers[2:]) < 0:
            return False
        latitudes = self.numbers[1:2] if wanted is not None else self.numbers[1::2]
        return all(abs(latitude) <= 90 for latitude in latitudes)


@dataclass(frozen=True, slots=True)
class _Outline:
    """A prepared polygon: convex parts by the poles of their edges, and the edges of its boundary."""

    parts: tuple[_Vectors, ...]
    starts: _Vectors
    ends: _Vectors
    poles: _Vectors


def contains(inner: Region, outer: Region) -> bool | None:
    """Whether one shape lies within another, rims included; none when one of them is no shape.

    Raises
    ------
    ValueError
        For a polygon that crosses itself, has no area or does not fit into a hemisphere.
    """
    if not (inner.is_whole and outer.is_whole):
        return None
    if outer.kind == "box":
        return _in_box(inner, _box(outer))
    if outer.kind == "polygon":
        outline = _outline(outer.numbers)
        return _box_in_polygon(_box(inner), outline) if inner.kind == "box" else _in_polygon(inner, outline)
    center, radius = _circle(outer)
    if radius >= 180:
        return True
    if inner.kind == "box":
        lon, lat = outer.numbers[:2]
        return _box(inner).distance(lon + 180, -lat) >= 180 - radius - _slack(radius)
    if inner.kind == "polygon":
        # The farthest place from the centre is the nearest one to its antipode.
        return _distance_to_polygon(-center, _outline(inner.numbers)) >= 180 - radius - _slack(radius)
    other, reach = _circle(inner)
    return _separation(center, other) + reach <= radius + _slack(radius)


def holds_positions(outer: Region, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of many positions, in degrees, lie in a polygon or on its boundary."""
    return _holds(_outline(outer.numbers), unit_vectors(np.column_stack([lon, lat])))


def intersects(one: Region, other: Region) -> bool | None:
    """Return whether two shapes intersect; None when one of them is invalid."""
    if not (one.is_whole and other.is_whole):
        return None
    if one.kind == "box":
        return _meets_box(other, _box(one))
    if other.kind == "box":
        return _meets_box(one, _box(other))
    if one.kind == "polygon" and other.kind == "polygon":
        return _polygons_meet(_outline(one.numbers), _outline(other.numbers))
    if one.kind == "polygon":
        one, other = other, one
    center, radius = _circle(one)
    if other.kind == "polygon":
        return _distance_to_polygon(center, _outline(other.numbers)) <= radius + _slack(radius)
    second, reach = _circle(other)
    return _separation(center, second) <= radius + reach + _slack(radius + reach)


def region_area(region: Region) -> float | None:
    """Return the area of a shape in square degrees."""
    if not region.is_whole:
        return None
    if region.kind == "polygon":
        return area(_vertices(region.numbers))
    if region.kind == "box":
        return _box(region).area
    _, radius = _circle(region)
    return _WHOLE_SKY * math.sin(math.radians(min(radius, 180.0)) / 2) ** 2


def region_center(region: Region) -> tuple[float, float] | None:
    """Return the centre of a shape, in degrees."""
    if not region.is_whole:
        return None
    if region.kind == "polygon":
        return centroid(_vertices(region.numbers))
    if region.kind == "box":
        return _box(region).centroid
    return region.numbers[0], region.numbers[1]


def _box(region: Region) -> Box:
    lon, lat, width, height = region.numbers
    return Box.about(lon, lat, width, height)


def _in_box(inner: Region, box: Box) -> bool:
    if inner.kind == "box":
        return box.contains_box(_box(inner))
    if inner.kind == "polygon":
        outline = _outline(inner.numbers)
        beyond = box.outside
        if beyond and _holds(outline, unit_vectors(np.array(beyond))).any():
            return False
        return all(box.inside(outline.starts, outline.ends))
    lon, lat = inner.numbers[:2]
    radius = inner.numbers[2] if inner.kind == "circle" else 0.0
    if box.distance(lon, lat) > 0:
        return False
    return radius == 0 or not box.outside or box.distance_to_rim(lon, lat) >= radius - _slack(radius)


def _box_in_polygon(box: Box, outline: _Outline) -> bool:
    """Return whether a box lies within a polygon: no edge divides it, and its middle is inside."""
    if any(box.inside(outline.starts, outline.ends, margin=-_MARGIN)):
        return False
    return bool(_holds(outline, unit_vectors((box.middle,)))[0])


def _meets_box(other: Region, box: Box) -> bool:
    if other.kind == "box":
        return box.meets_box(_box(other))
    if other.kind != "polygon":
        radius = other.numbers[2] if other.kind == "circle" else 0.0
        return box.distance(*other.numbers[:2]) <= radius + _slack(radius)
    outline = _outline(other.numbers)
    return any(box.inside(outline.starts, outline.ends)) or bool(_holds(outline, unit_vectors((box.middle,)))[0])


def _vertices(numbers: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


@lru_cache(maxsize=512)
def _outline(numbers: tuple[float, ...]) -> _Outline:
    vertices = _vertices(numbers)
    parts = tuple(edge_normals(part) for part in convex_parts(vertices))
    starts = unit_vectors(vertices)
    lengths = np.linalg.norm(starts - np.roll(starts, -1, axis=0), axis=1)
    starts = starts[lengths > 1e-13]
    return _Outline(parts, starts, np.roll(starts, -1, axis=0), edge_normals(starts))


def _circle(region: Region) -> tuple[_Vectors, float]:
    """Return centre and radius; a point is a circle of radius 0."""
    center = unit_vectors((region.numbers[:2],))[0]  # type: ignore[arg-type]  # a slice of two is a pair
    return center, region.numbers[2] if region.kind == "circle" else 0.0


def _slack(radius: float) -> float:
    return 1e-13 * (1 + radius)


def _separation(one: _Vectors, other: _Vectors) -> float:
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(one, other))), float(one @ other)))


def _holds(outline: _Outline, vectors: _Vectors) -> NDArray[np.bool_]:
    """Return which positions lie in a polygon or on its boundary."""
    inside = np.zeros(len(vectors), bool)
    for poles in outline.parts:
        inside |= (vectors @ poles.T >= -_RIM).all(axis=1)
    return inside


def _distance_to_polygon(position: _Vectors, outline: _Outline) -> float:
    """Return the angle from a position to the nearest point of a polygon, 0 inside."""
    if _holds(outline, position[None, :])[0]:
        return 0.0
    return _distance_to_rim(position, outline)


def _distance_to_rim(position: _Vectors, outline: _Outline) -> float:
    heights = outline.poles @ position
    beyond_start = np.cross(outline.poles, outline.starts) @ position
    before_end = np.cross(outline.ends, outline.poles) @ position
    beside = (beyond_start >= 0) & (before_end >= 0)
    corners = min(_separation(position, corner) for corner in outline.starts)
    if not beside.any():
        return corners
    edges = float(np.degrees(np.arcsin(np.clip(np.abs(heights[beside]), 0, 1))).min())
    return min(corners, edges)


def _in_polygon(inner: Region, outline: _Outline) -> bool:
    if inner.kind != "polygon":
        center, radius = _circle(inner)
        if not _holds(outline, center[None, :])[0]:
            return False
        return radius == 0 or _distance_to_rim(center, outline) >= radius - _slack(radius)
    other = _outline(inner.numbers)
    middles = other.starts + other.ends
    middles /= np.linalg.norm(middles, axis=1)[:, None]
    within = _holds(outline, np.concatenate([other.starts, middles])).all()
    return bool(within) and not _edges_cross(other, outline)


def _polygons_meet(one: _Outline, other: _Outline) -> bool:
    if _holds(one, other.starts).any() or _holds(other, one.starts).any():
        return True
    return _edges_cross(one, other)


def _edges_cross(one: _Outline, other: _Outline) -> bool:
    """Return whether an edge of one crosses an edge of the other, beyond touching it."""
    first, second = _signs(other.starts @ one.poles.T), _signs(other.ends @ one.poles.T)
    third, fourth = _signs(one.starts @ other.poles.T).T, _signs(one.ends @ other.poles.T).T
    through = (first * second < 0) & (third * fourth < 0)
    if not through.any():
        return False
    rows, columns = np.nonzero(through)
    meeting = np.cross(one.poles[columns], other.poles[rows])
    near_one = np.sum(meeting * (one.starts[columns] + one.ends[columns]), axis=1)
    near_other = np.sum(meeting * (other.starts[rows] + other.ends[rows]), axis=1)
    # Great circles meet at two antipodes; the edges do when both are about the same one.
    return bool((near_one * near_other > 0).any())


def _signs(heights: _Vectors) -> _Vectors:
    return np.asarray(np.where(np.abs(heights) < _CROSSING, 0.0, np.sign(heights)), dtype=np.float64)
