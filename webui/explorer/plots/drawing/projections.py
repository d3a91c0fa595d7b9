"""Projections of the sky to the plane: all of it, or a field (Calabretta & Greisen 2002).

Right ascension increases to the left, as seen from inside the sphere. Both projections preserve areas.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webui.explorer.plots.sky import Cap

__all__ = ["Projection"]

_Doubles = NDArray[np.float64]
_ALL_SKY_CENTRE = 180.0


@dataclass(frozen=True, slots=True)
class Projection:
    """Projection with a centre and a scale.

    Parameters
    ----------
    is_all_sky
        Whether it is Hammer-Aitoff (AIT, §5.4.4) of the whole sky; else it is zenithal equal-area (ZEA, §5.1.7).
    lon, lat
        Its centre in degrees.
    scale
        Length of a radian at the centre.
    x, y
        Position of the centre in the drawing.
    """

    is_all_sky: bool
    lon: float
    lat: float
    scale: float
    x: float
    y: float

    @classmethod
    def of(cls, cap: Cap, x: float, y: float, width: float, height: float) -> "Projection":
        """Return the projection that shows a cap in a rectangle around a point."""
        if cap.is_all_sky:
            scale = min(width / (4 * np.sqrt(2)), height / (2 * np.sqrt(2)))
            return cls(True, _ALL_SKY_CENTRE, 0.0, float(scale), x, y)
        reach = 2 * np.sin(np.radians(cap.radius) / 2)
        return cls(False, cap.ra, cap.dec, float(min(width, height) / 2 / reach * 0.96), x, y)

    def places(self, lon: _Doubles, lat: _Doubles) -> tuple[_Doubles, _Doubles]:
        """Return the positions in the drawing; NaN for what is on the other side of the sky of a field.

        Longitudes are not reduced on the map of the whole sky: cells across its edge stay together.
        """
        across, phi = np.radians(lon - self.lon), np.radians(lat)
        if self.is_all_sky:
            root = np.sqrt(2 / (1 + np.cos(phi) * np.cos(across / 2)))
            return self.x - self.scale * 2 * root * np.cos(phi) * np.sin(across / 2), (
                self.y - self.scale * root * np.sin(phi)
            )
        phi0 = np.radians(self.lat)
        cosine = np.sin(phi0) * np.sin(phi) + np.cos(phi0) * np.cos(phi) * np.cos(across)
        root = np.sqrt(2 / np.where(cosine > -0.9, 1 + cosine, np.nan))
        east = np.cos(phi) * np.sin(across)
        north = np.cos(phi0) * np.sin(phi) - np.sin(phi0) * np.cos(phi) * np.cos(across)
        return self.x - self.scale * root * east, self.y - self.scale * root * north

    @property
    def text(self) -> str:
        """Kind and parameters, for scripts that turn positions in the drawing into those on the sky."""
        kind = "AIT" if self.is_all_sky else "ZEA"
        return f"{kind} {self.lon!r} {self.lat!r} {self.scale!r} {self.x:g} {self.y:g}"
