"""Positions as people write them: decimal degrees, or sexagesimal right ascension in hours and declination."""

import re

from core.errors import InvalidValueError
from products.search.positions import PositionReader, position_of_text
from webui.explorer.selection import Cone

__all__ = ["RADIUS_UNITS", "cone_of", "parse_radius"]

#: Units of a radius, by the degrees that one of them has.
RADIUS_UNITS = {"deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600}

_NUMBER = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LARGEST_RADIUS = 180.0


def cone_of(position: str, radius: str, unit: str, read: PositionReader = position_of_text) -> Cone:
    """Return the cone around a position.

    Parameters
    ----------
    position
        Right ascension and declination (ICRS): ``150.1 2.2``, ``10:00:28.6 +02:12:21``, ``10h00m28.6s +02d12m21s``;
        a third number is the radius in degrees.
    radius, unit
        The radius, and one of `RADIUS_UNITS`.
    read
        Reads the position; it may know the names of objects.

    Raises
    ------
    InvalidValueError
        The text is no position, or the radius no number.
    """
    ra, dec, *more = read(position)
    if more:
        return Cone.parse(f"{ra!r},{dec!r},{more[0]!r}")
    return Cone.parse(f"{ra!r},{dec!r},{parse_radius(radius, unit)!r}")


def parse_radius(text: str, unit: str) -> float:
    """Parse a radius, and return it in degrees.

    Raises
    ------
    InvalidValueError
        It is not a number of a known unit, above 0 and up to 180 degrees.
    """
    if unit not in RADIUS_UNITS:
        message = f"'{unit[:20]}' is not a unit of the radius; use {', '.join(RADIUS_UNITS)}."
        raise InvalidValueError(message, field="radius")
    radius = float(text) * RADIUS_UNITS[unit] if _NUMBER.fullmatch(text.strip()) else 0.0
    if not 0 < radius <= _LARGEST_RADIUS:
        message = f"'{text[:40]}' cannot be the radius: enter a number above 0, of up to 180 degrees."
        raise InvalidValueError(message, field="radius")
    return radius
