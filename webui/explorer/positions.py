"""Positions as people write them: decimal degrees, or sexagesimal right ascension in hours and declination."""

import math
import re

from core.errors import InvalidValueError
from webui.explorer.selection import Cone

__all__ = ["RADIUS_UNITS", "cone_of"]

#: Units of a radius, by the degrees that one of them has.
RADIUS_UNITS = {"deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600}

_DECIMAL = re.compile(r"([+-]?[0-9]+(?:\.[0-9]*)?)°?(?:\s*,\s*|\s+)([+-]?[0-9]+(?:\.[0-9]*)?)°?")
_LONGEST = 80


def cone_of(position: str, radius: str, unit: str) -> Cone:
    """Return the cone around a position.

    Parameters
    ----------
    position
        Right ascension and declination (ICRS): ``150.1 2.2``, ``10:00:28.6 +02:12:21``, ``10h00m28.6s +02d12m21s``.
    radius, unit
        The radius, and one of `RADIUS_UNITS`.

    Raises
    ------
    InvalidValueError
        The text is no position, as the name of an object would be, or the radius no number.
    """
    ra, dec = _position(position.strip().replace("\N{MINUS SIGN}", "-"))
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


def _position(text: str) -> tuple[float, float]:
    if decimal := _DECIMAL.fullmatch(text):
        return float(decimal[1]), float(decimal[2])
    try:
        # Imported when a position is sexagesimal: the library is large.
        from astropy.coordinates import SkyCoord

        found = SkyCoord(text[:_LONGEST].replace(",", " "), unit=("hourangle", "deg"))
        return round(float(found.ra.deg), 9), round(float(found.dec.deg), 9)
    except ValueError as e:
        raise InvalidValueError(
            f"'{text[:60]}' is no position. Write right ascension and declination as 150.1 2.2 or "
            "10:00:28.6 +02:12:21; names of objects are not resolved, because this server asks no other service.",
            field="position",
        ) from e
