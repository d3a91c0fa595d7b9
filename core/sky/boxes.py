"""Boxes of coordinates: ranges of right ascension and declination, of any width and up to the poles.

The sides of a box are meridians and parallels. A parallel is no great circle, so a box is no polygon; these functions
are exact also for boxes that span most of the sky or contain a pole.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box"]

_Vectors = NDArray[np.float64]
# Rounding of sums of coordinates, in degrees; below a nanoarcsecond. It keeps the sides in.
_SIDE = 2e-13
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Box:
    """A range of right ascension about a central meridian, and a range of declination, in degrees.

    Parameters
    ----------
    center, half
        The central right ascension, and half the width: 180 for a box all round the sky.
    south, north
        The range of declination, within -90 to 90.
    """

    center: float
    half: float
    south: float
    north: float

    @classmethod
    def about(cls, lon: float, lat: float, width: float, height: float) -> "Box":
        """Return the box about a centre; what would lie beyond a pole or be covered twice is left out."""
        south, north = max(-90.0, lat - height / 2), min(90.0, lat + height / 2)
        return cls(lon % 360, min(180.0, width / 2), south, north)

    @property
    def area(self) -> float:
        """The area in square degrees."""
        across = math.sin(math.radians(self.north)) - math.sin(math.radians(self.south))
        return 2 * self.half * math.degrees(across)

    @property
    def centroid(self) -> tuple[float, float]:
        """The direction of the integral of all positions, in degrees."""
        south, north = math.radians(self.south), math.radians(self.north)
        up = math.radians(2 * self.half) * (math.sin(north) ** 2 - math.sin(south) ** 2) / 2
        flat = (north - south + (math.sin(2 * north) - math.sin(2 * south)) / 2) * math.sin(math.radians(self.half))
        if not (up or flat):  # no area
            return self.center, (self.south + self.north) / 2
        return self.center, math.degrees(math.atan2(up, flat))

    @property
    def middle(self) -> tuple[float, float]:
        """A position inside."""
        return self.center, (self.south + self.north) / 2

    @property
    def outside(self) -> list[tuple[float, float]]:
        """One position in each connected part of the rest of the sky."""
        if self.half < 180:
            return [((self.center + 180) % 360, self.middle[1])]
        return [(self.center, pole) for pole in (-90.0, 90.0) if not self.south <= pole <= self.north]

    def corners(self) -> tuple[tuple[float, float], ...] | None:
        """Return the corners, anticlockwise from the south-west; None when their polygon would be another region."""
        west, east = self.center - self.half, self.center + self.half
        if self.half >= 90 or self.south == -90 or self.north == 90:
            return None
        return (west, self.south), (east, self.south), (east, self.north), (west, self.north)

    def holds(self, lon: _Vectors, lat: _Vectors, margin: float = _SIDE) -> NDArray[np.bool_]:
        """Return which positions, in degrees, lie in the box or at most ``margin`` degrees of coordinates outside."""
        across = np.abs((lon - self.center + 180) % 360 - 180) <= self.half + margin
        at_pole = np.abs(lat) >= 90 - _TINY
        return np.asarray((across | at_pole) & (lat >= self.south - margin) & (lat <= self.north + margin), dtype=bool)

    def distance(self, lon: float, lat: float) -> float:
        """Return the angle from a position to the nearest point of the box, 0 inside."""
        if self.holds(np.array([lon]), np.array([lat]))[0]:
            return 0.0
        return self.distance_to_rim(lon, lat)

    def distance_to_rim(self, lon: float, lat: float) -> float:
        """Return the angle from a position to the nearest side; 180 for the whole sky, which has none."""
        across = abs((lon - self.center + 180) % 360 - 180)
        found = [180.0]
        if across <= self.half:  # the nearest point of a parallel is on the same meridian
            found += [abs(lat - parallel) for parallel in (self.south, self.north) if abs(parallel) < 90]
        if self.half < 180:
            position = _unit(np.array([lon]), np.array([lat]))[0]
            found += [self._to_meridian(position, lon, self.center + side) for side in (-self.half, self.half)]
        return min(found)

    def inside(self, starts: _Vectors, ends: _Vectors, margin: float = _SIDE) -> list[bool]:
        """Return for each piece of arcs of great circles, cut where they meet lines of the sides, whether it is inside.

        Parameters
        ----------
        starts, ends
            Unit vectors of the ends of the arcs, shape (n, 3).
        """
        pieces: list[bool] = []
        for start, end in zip(starts, ends, strict=True):
            along = end - start * float(start @ end)
            size = float(np.linalg.norm(along))
            if size < 1e-14:
                continue
            along /= size
            length = math.atan2(size, float(start @ end))
            cuts = [cut for cut in self._cuts(start, along) if 0 < cut < length]
            stops = np.array(sorted([0.0, length, *cuts]))
            middles = (stops[1:] + stops[:-1]) / 2
            points = np.outer(np.cos(middles), start) + np.outer(np.sin(middles), along)
            lon = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
            lat = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
            pieces += self.holds(lon, lat, margin)[np.diff(stops) > _TINY].tolist()
        return pieces

    def contains_box(self, other: "Box") -> bool:
        """Return whether another box lies within this one."""
        if other.south < self.south - _SIDE or other.north > self.north + _SIDE:
            return False
        return self.half >= 180 or self._apart(other) + other.half <= self.half + _SIDE

    def meets_box(self, other: "Box") -> bool:
        """Return whether two boxes have a position in common."""
        south, north = max(self.south, other.south), min(self.north, other.north)
        if south > north + _SIDE:
            return False
        return self._apart(other) <= self.half + other.half + _SIDE or south == -90 or north == 90

    def _apart(self, other: "Box") -> float:
        return abs((other.center - self.center + 180) % 360 - 180)

    def _cuts(self, start: _Vectors, along: _Vectors) -> list[float]:
        """Return the angles from the start at which a great circle meets the parallels and meridians of the sides."""
        cuts: list[float] = []
        height = math.hypot(float(start[2]), float(along[2]))
        for parallel in (self.south, self.north):
            sine = math.sin(math.radians(parallel))
            if height > abs(sine):
                top, half = math.atan2(float(along[2]), float(start[2])), math.acos(sine / height)
                cuts += [top - half, top + half]
        if self.half < 180:
            for side in (-self.half, self.half):
                meridian = math.radians(self.center + side)
                pole = np.array([-math.sin(meridian), math.cos(meridian), 0.0])
                cuts.append(math.atan2(-float(start @ pole), float(along @ pole)))
        return [(cut + turn) for cut in cuts for turn in (-2 * math.pi, -math.pi, 0.0, math.pi, 2 * math.pi)]

    def _to_meridian(self, position: _Vectors, lon: float, meridian: float) -> float:
        """Return the angle from a position to the side on a meridian."""
        step = math.radians(lon - meridian)
        ends = _unit(np.array([meridian, meridian]), np.array([self.south, self.north]))
        nearest = [float(np.arctan2(np.linalg.norm(np.cross(end, position)), end @ position)) for end in ends]
        if math.cos(step) > 0:
            # The declination of the foot of the perpendicular on the meridian.
            foot = math.degrees(math.atan2(float(position[2]), math.hypot(*position[:2]) * math.cos(step)))
            if self.south <= foot <= self.north:
                nearest.append(math.asin(min(1.0, abs(math.hypot(*position[:2]) * math.sin(step)))))
        return math.degrees(min(nearest))


def _unit(lon: _Vectors, lat: _Vectors) -> _Vectors:
    lon, lat = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
