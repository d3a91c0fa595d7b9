"""Polygons on the sphere, with constant vertices joined by great circles.

A polygon lies within a hemisphere, so that its inside is the smaller part, whichever way its vertices run (ADQL 2.1
§4.2.7, DALI 1.1 §3.3.7 want them anticlockwise; catalogues and users give both). The gnomonic projection about its
middle turns great circles into straight lines, so plane geometry is exact.
"""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["area", "centroid", "convex_parts", "edge_normals", "unit_vectors"]

_Vertices = tuple[tuple[float, float], ...]
_Vectors = NDArray[np.float64]
_TINY = 1e-15


def unit_vectors(vertices: _Vertices | _Vectors) -> _Vectors:
    """Return positions in degrees as unit vectors, shape (n, 3)."""
    lon, lat = np.radians(np.asarray(vertices, dtype=np.float64)).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def convex_parts(vertices: _Vertices) -> list[_Vectors]:
    """Cut a polygon into convex parts, each with its vertices anticlockwise as seen from outside the sphere.

    Raises
    ------
    ValueError
        When the polygon has fewer than three corners or no area, crosses itself, or is too large for a hemisphere.
    """
    vectors = _without_repeats(unit_vectors(vertices))
    if len(vectors) < 3:
        raise ValueError("it has fewer than three different vertices")
    plane = _project(vectors)
    turn = _doubled_area(plane)
    if abs(turn) < _TINY:
        raise ValueError("its vertices lie on one great circle")
    if turn < 0:
        vectors, plane = vectors[::-1], plane[::-1]
    if all(_turn(plane[i - 2], plane[i - 1], plane[i]) >= 0 for i in range(len(plane))) and _winds_once(plane):
        return [vectors]
    if _crosses_itself(plane):
        raise ValueError("its edges cross each other")
    return [vectors[list(triangle)] for triangle in _ears(plane)]


def edge_normals(part: _Vectors) -> _Vectors:
    """Return the poles of the great circles of the edges; a position inside is on the side of all of them."""
    normals = np.cross(part, np.roll(part, -1, axis=0))
    return np.asarray(normals / np.linalg.norm(normals, axis=1)[:, None], dtype=np.float64)


def area(vertices: _Vertices) -> float:
    """Return the area in square degrees, by the excess of the angles of triangles (van Oosterom and Strackee 1983)."""
    total = 0.0
    for part in convex_parts(vertices):
        first = part[0]
        for second, third in pairwise(part[1:]):
            volume = float(np.dot(first, np.cross(second, third)))
            total += 2 * math.atan2(volume, 1 + float(first @ second + second @ third + third @ first))
    return math.degrees(math.degrees(total))


def centroid(vertices: _Vertices) -> tuple[float, float]:
    """Return the middle of a polygon: the direction of the integral of all its positions.

    By Stokes, that integral is half the sum of the edges' poles, each times the length of its edge; edges between
    convex parts are walked both ways and cancel.
    """
    total = np.zeros(3)
    for part in convex_parts(vertices):
        ends = np.roll(part, -1, axis=0)
        poles = np.cross(part, ends)
        sines = np.linalg.norm(poles, axis=1)
        lengths = np.arctan2(sines, np.sum(part * ends, axis=1))
        total += np.sum(poles * (lengths / sines)[:, None], axis=0)
    lon, lat = math.atan2(total[1], total[0]), math.atan2(total[2], math.hypot(total[0], total[1]))
    return math.degrees(lon) % 360, math.degrees(lat)


def _without_repeats(vectors: _Vectors) -> _Vectors:
    distances = np.linalg.norm(vectors - np.roll(vectors, 1, axis=0), axis=1)
    return np.asarray(vectors[distances > 1e-13], dtype=np.float64)


def _project(vectors: _Vectors) -> _Vectors:
    middle = vectors.mean(axis=0)
    length = float(np.linalg.norm(middle))
    if length < 1e-9:
        raise ValueError("it does not fit into a hemisphere")
    middle /= length
    heights = vectors @ middle
    if heights.min() <= 1e-6:
        raise ValueError("it does not fit into a hemisphere")
    axis = np.eye(3)[int(np.argmin(np.abs(middle)))]
    east = np.cross(axis, middle)
    east /= np.linalg.norm(east)
    north = np.cross(middle, east)
    return np.asarray(np.column_stack([vectors @ east, vectors @ north]) / heights[:, None], dtype=np.float64)


def _turn(one: _Vectors, two: _Vectors, three: _Vectors) -> float:
    return float((two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0]))


def _doubled_area(plane: _Vectors) -> float:
    x, y = plane.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _winds_once(plane: _Vectors) -> bool:
    steps = np.roll(plane, -1, axis=0) - plane
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = (np.roll(angles, -1) - angles + math.pi) % (2 * math.pi) - math.pi
    return abs(float(turns.sum()) - 2 * math.pi) < 1e-6


def _crosses_itself(plane: _Vectors) -> bool:
    """Return whether two edges that are not adjacent cross, computed for all pairs at once."""
    count = len(plane)
    ends = np.roll(plane, -1, axis=0)
    # sides[i, j] is the side of edge i the corner j lies.
    sides = np.sign(_fair_share(plane[:, None], ends[:, None], plane[None, :]))
    through = sides * np.roll(sides, -1, axis=1) < 0
    number = np.arange(count)
    apart = (number[:, None] - number[None, :]) % count
    return bool((through & through.T & (apart > 1) & (apart < count - 1)).any())


def _fair_share(one: _Vectors, two: _Vectors, three: _Vectors) -> _Vectors:
    first, second = two - one, three - one
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0], dtype=np.float64)


def _ears(plane: _Vectors) -> list[tuple[int, int, int]]:
    """Cut a simple polygon into triangles, clipping one ear after another."""
    left = list(range(len(plane)))
    triangles: list[tuple[int, int, int]] = []
    while len(left) > 3:
        for position in range(len(left)):
            before, here, after = left[position - 1], left[position], left[(position + 1) % len(left)]
            if _is_ear(plane, left, (before, here, after)):
                triangles.append((before, here, after))
                left.pop(position)
                break
        else:
            straight = min(
                range(len(left)),
                key=lambda p: abs(_turn(plane[left[p - 1]], plane[left[p]], plane[left[(p + 1) % len(left)]])),
            )
            left.pop(straight)
    triangles.append((left[0], left[1], left[2]))
    return [corners for corners in triangles if _turn(*(plane[corner] for corner in corners)) > 0]


def _is_ear(plane: _Vectors, left: list[int], corners: tuple[int, int, int]) -> bool:
    one, two, three = (plane[corner] for corner in corners)
    if _turn(one, two, three) <= 0:
        return False
    others = plane[[corner for corner in left if corner not in corners]]
    sides = (_fair_share(one, two, others), _fair_share(two, three, others), _fair_share(three, one, others))
    return not ((sides[0] >= 0) & (sides[1] >= 0) & (sides[2] >= 0)).any()
