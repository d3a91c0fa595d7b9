"""Cone searches written as ADQL: position in degrees or sexagesimal, radius, and the columns of a table."""

import re

from core.errors import InvalidValueError
from tap.identifiers import identifier
from tap.models import TapTable

__all__ = ["RADIUS_UNITS", "cone_query", "parse_position", "parse_radius"]

#: Units of the radius, with their degrees.
RADIUS_UNITS = {"arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0}

_NUMBER = re.compile(r"[+\-\u2212]?(\d+(\.\d*)?|\.\d+)")
_HALVES = re.compile(r"(?P<ra>.*?[\d.hms°\"\u2032\u2033'])\s*(?:,\s*|\s+(?=[+\-\u2212])|(?=[+\u2212-]))(?P<dec>[^,]+)")
_LONGEST = 100
_MOST_COLUMNS = 12
_LARGEST_RADIUS = 180.0


def parse_position(text: str) -> tuple[float, float]:
    """Parse a position of ICRS: two numbers in degrees, or right ascension in hours and declination in degrees.

    ``150.11 2.2``, ``10:00:28.6 +02:12:21``, ``10 00 28.6 +02 12 21`` and ``10h00m28.6s +02d12m21s`` are accepted.

    Raises
    ------
    InvalidValueError
        The text is not a position, or the position is not on the sphere.
    """
    parts = text.replace(",", " ").split()
    if len(parts) == 2 and all(_NUMBER.fullmatch(part) for part in parts):
        ra, dec = (float(part.replace("\u2212", "-")) for part in parts)
    else:
        ra, dec = _sexagesimal(text.strip())
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        message = f"'{text[:60]}' is not on the sky: right ascension is 0 to 360 degrees, declination -90 to 90."
        raise InvalidValueError(message, field="position")
    return ra, dec


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


def cone_query(table: TapTable, ra: float, dec: float, radius: float) -> str:
    """Write the query for the rows around a position, the nearest first; all numbers in degrees.

    Raises
    ------
    InvalidValueError
        The table has no columns of positions.
    """
    if table.entry.position is None:
        message = f"The table {table.name} has no columns of positions. Choose a table that has."
        raise InvalidValueError(message, field="cone_table")
    own = "POINT({}, {})".format(*(identifier(name) for name in table.entry.position))
    centre = f"{ra:.10g}, {dec:.10g}"
    names = [identifier(column.name) for column in table.columns if column.name in table.principal][:_MOST_COLUMNS]
    return "\n".join(
        (
            f"SELECT TOP 1000 {', '.join(names) or '*'},",
            f"  DISTANCE({own}, POINT({centre})) AS separation",
            f"FROM {table.name}",
            f"WHERE 1 = CONTAINS({own}, CIRCLE({centre}, {radius:.10g}))",
            "ORDER BY separation",
        )
    )


def _sexagesimal(text: str) -> tuple[float, float]:
    from astropy import units as u
    from astropy.coordinates import Angle

    message = (
        f"'{text[:60]}' is not a position: write right ascension and declination, such as 150.116 2.205 in degrees, "
        "or 10:00:28 +02:12:21. Names of objects are not looked up."
    )
    halves = _HALVES.fullmatch(text) if len(text) <= _LONGEST else None
    if halves is None:
        raise InvalidValueError(message, field="position")
    try:
        ra = Angle(halves["ra"].strip(), unit=u.hourangle)
        dec = Angle(halves["dec"].strip().replace("\u2212", "-"), unit=u.deg)
    except ValueError as e:  # also what astropy raises for minutes and seconds beyond 60
        raise InvalidValueError(message, field="position") from e
    return float(ra.deg), float(dec.deg)
