"""Positions as people write them: decimal degrees, or sexagesimal right ascension in hours and declination."""

import math

from core.errors import InvalidValueError
from products.search.positions import position_of_text
from webui.explorer.selection import Cone

__all__ = ["RADIUS_UNITS", "cone_of"]

#: Units of a radius, by the degrees that one of them has.
RADIUS_UNITS = {"deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600}


def cone_of(position: str, radius: str, unit: str) -> Cone:
    """Return the cone around a position.

    Parameters
    ----------
    position
        Right ascension and declination (ICRS): ``150.1 2.2``, ``10:00:28.6 +02:12:21``, ``10h00m28.6s +02d12m21s``;
        a third number is the radius in degrees.
    radius, unit
        The radius, and one of `RADIUS_UNITS`.

    Raises
    ------
    InvalidValueError
        The text is no position, as the name of an object would be, or the radius no number.
    """
    ra, dec, *more = position_of_text(position)
    if more:
        return Cone.parse(f"{ra!r},{dec!r},{more[0]!r}")
    if unit not in RADIUS_UNITS:
        message = f"'{unit[:20]}' is no unit of a radius. Choose one of {', '.join(RADIUS_UNITS)}."
        raise InvalidValueError(message, field="radius")
    try:
        degrees = float(radius) * RADIUS_UNITS[unit]
    except ValueError:
        degrees = math.nan
    if not 0 < degrees <= 180:
        message = f"The radius '{radius[:20]}' {unit} is no number above 0, at most 180 degrees."
        raise InvalidValueError(message, field="radius")
    return Cone.parse(f"{ra!r},{dec!r},{degrees!r}")
