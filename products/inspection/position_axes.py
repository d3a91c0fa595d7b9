"""Axes of positions on the sky: which coordinate a column has, in which frame and unit, by its UCD, name and metadata.

Frames are named as in astropy (``icrs``, ``fk4``, ``fk5``, ``galactic``, ``supergalactic``), and ``ecliptic``.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.columns import Column
from products.inspection.naming import name_score, plain_name

__all__ = ["ANGLE_UNITS", "UNITS", "Axis", "Frame", "axis_of", "frame_of_name", "frame_of_system"]

#: Unit of an angle as astropy calls it, by the words of files.
UNITS: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "deg": "deg degs degree degrees °",
        "hourangle": "h hr hrs hour hours hourangle",
        "rad": "rad rads radian radians",
        "arcmin": "arcmin arcmins arcminute arcminutes amin",
        "arcsec": "arcsec arcsecs arcsecond arcseconds asec",
        "mas": "mas milliarcsec milliarcsecond milliarcseconds",
    }.items()
    for word in words.split()
}
#: Units of coordinates as astropy calls them, with the degrees that each has.
ANGLE_UNITS: Mapping[str, float] = {
    "deg": 1,
    "hourangle": 15,
    "rad": math.degrees(1),
    "arcmin": 1 / 60,
    "arcsec": 1 / 3600,
    "mas": 1 / 3_600_000,
}
_NO_UNITS = ("", "-", "--", "none", "null", "nan", "unitless")
#: End of a name that tells the unit.
_UNIT_SUFFIX = re.compile(
    r"_?(?P<unit>hours?|hourangle|hrs?|rad|radians?|arcsec|arcmin|mas|deg|degrees)(?P<frame>_?(j2000|b1950|icrs))?$"
)
_TEXT_SUFFIX = re.compile(r"_?(hms|dms|sexa?|sexagesimal|str|string|text)$")
_UCDS: tuple[tuple[str, str, str], ...] = (
    ("pos.eq.ra", "lon", "icrs"),
    ("pos.eq.dec", "lat", "icrs"),
    ("pos.galactic.lon", "lon", "galactic"),
    ("pos.galactic.lat", "lat", "galactic"),
    ("pos.ecliptic.lon", "lon", "ecliptic"),
    ("pos.ecliptic.lat", "lat", "ecliptic"),
    ("pos.supergalactic.lon", "lon", "supergalactic"),
    ("pos.supergalactic.lat", "lat", "supergalactic"),
    ("pos_eq_ra", "lon", "icrs"),
    ("pos_eq_dec", "lat", "icrs"),
    ("pos_gal_lon", "lon", "galactic"),
    ("pos_gal_lat", "lat", "galactic"),
    ("pos_ec_lon", "lon", "ecliptic"),
    ("pos_ec_lat", "lat", "ecliptic"),
)
_LON, _LAT = r"(lon|long|longitude)", r"(lat|latitude)"
_NAMES: tuple[tuple[re.Pattern[str], str, str, float], ...] = tuple(
    (re.compile(pattern), axis, frame, score)
    for pattern, axis, frame, score in (
        (rf"sg_?(l|{_LON})|super_?gal(actic)?_?(l|{_LON})", "lon", "supergalactic", 0.9),
        (rf"sg_?(b|{_LAT})|super_?gal(actic)?_?(b|{_LAT})", "lat", "supergalactic", 0.9),
        (rf"g_?{_LON}|gal(actic)?_?(l|{_LON})|l_?ii|l_gal", "lon", "galactic", 0.9),
        (rf"g_?{_LAT}|gal(actic)?_?(b|{_LAT})|b_?ii|b_gal", "lat", "galactic", 0.9),
        (rf"e_?{_LON}|ecl(iptic)?_?{_LON}|elambda", "lon", "ecliptic", 0.9),
        (rf"e_?{_LAT}|ecl(iptic)?_?{_LAT}|ebeta", "lat", "ecliptic", 0.9),
        ("l", "lon", "galactic", 0.5),
        ("b", "lat", "galactic", 0.5),
        (_LON, "lon", "", 0.5),
        (_LAT, "lat", "", 0.5),
    )
)
_OLD_EQUINOX = re.compile(r"(?:^|_|[a-z])(?:b_?((?:18|19)\d\d)|((?:18|19)(?:00|25|50|55|75)))(?![0-9])|(fk4)")
_EQUINOX_IN_NAME = re.compile(r"_?(b_?(18|19)\d\d|(18|19)(00|25|50|55|75)|fk4)(_0)?(?![0-9])")
_SYSTEM = re.compile(r"(?:eq_|ecl_)?([a-z_]+?[45]?)(?:[\s(:_,=-]*([bj]?)\s*(\d{4}(?:\.\d+)?)\)?)?")
_BESSELIAN_UNTIL = 1984
_DECLARED_SCORE = 0.9


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the sky; only FK4, FK5 and ecliptic frames have an equinox, such as ``B1950``."""

    name: str
    equinox: str | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """The coordinate that a column has.

    Parameters
    ----------
    axis
        ``lon`` (right ascension or longitude) or ``lat``.
    unit
        Unit as astropy calls it; None when neither the unit of the column nor its name tells it.
    frame
        None when nothing tells it, as for ``lon``.
    score
        From 0 to 1.
    stem
        Name without the suffixes of units.
    reason
        Evidence, such as ``name ra_hours``.
    """

    column: Column
    axis: str
    unit: str | None
    frame: Frame | None
    score: float
    stem: str
    reason: str

    @property
    def unknown_unit(self) -> str | None:
        """The unit of a column of numbers, if it has one that is none of an angle."""
        given = (self.column.unit or "").strip()
        is_known = self.unit is not None or self.column.is_text or given.lower() in _NO_UNITS
        return None if is_known else given


def axis_of(column: Column, system: str | None = None) -> Axis | None:
    """Return the coordinate that a column seems to have, or None.

    Parameters
    ----------
    system
        Name of the frame that the file declares for the column, such as ``FK4(B1950)``.
    """
    plain = plain_name(column.name)
    stem, unit = _without_unit(plain)
    by_ucd = _of_ucd(column.ucd)
    if column.ucd and by_ucd is None:
        return None
    axis, frame, score = by_ucd or _of_name(stem)
    if system and not by_ucd:  # also ``coord.l``, whose frame leaves no doubt
        axis, frame, _ = (axis, frame, score) if axis else _of_name(stem.rpartition("_")[2])
        score = _DECLARED_SCORE
    if not axis or (column.arraysize is not None and not column.is_text):
        return None
    declared = frame_of_system(system) if system else None
    of_name = frame_of_name(column.name) if frame == "icrs" else None
    known = declared or of_name or (Frame(frame, "J2000" if frame == "ecliptic" else None) if frame else None)
    given = _angle_unit((column.unit or "").strip().lower())
    reasons = [f"UCD {column.ucd}" if by_ucd else f"name {column.name}"]
    if by_ucd and (unit or of_name):
        reasons.append(f"name {column.name}")
    if given:
        reasons.append(f"unit {column.unit}")
    if declared:
        reasons.append(f"frame {system}")
    return Axis(column, axis, given or unit, known, score, stem, ", ".join(reasons))


@lru_cache(maxsize=1000)
def _angle_unit(text: str) -> str | None:
    """Return the unit of an angle as astropy calls it, also of ``15deg`` and ``decimal degrees``; None for no angle."""
    if text in UNITS or not text:
        return UNITS.get(text)
    if not any(character.isdigit() for character in text):
        words = {UNITS[word] for word in re.findall(r"[a-z]+|°", text) if word in UNITS}
        return words.pop() if len(words) == 1 else None
    from astropy import units

    degrees = units.Unit(text, parse_strict="silent")
    scale = degrees.to(units.deg) if degrees.is_equivalent(units.deg) else 0.0
    return next((unit for unit, size in ANGLE_UNITS.items() if math.isclose(scale, size, rel_tol=1e-9)), None)


def frame_of_name(name: str) -> Frame | None:
    """Return the frame of an equinox in the name of an equatorial coordinate, such as ``RAB1950``; None for none."""
    found = _OLD_EQUINOX.search(plain_name(name))
    if found is None:
        return None
    return Frame("fk4", f"B{found[1] or found[2] or 1950}")


def frame_of_system(system: str) -> Frame:
    """Return the frame that the name of a system means, such as ``eq_FK4``, ``FK5(J1975)`` or ``GALACTIC_II``.

    FK5 of J2000 differs from ICRS by less than 0.03 arcsec and counts as ICRS. The name of an unknown system is
    returned in lower case.
    """
    plain = system.strip().lower()
    if plain in {"", "icrs", "j2000", "gcrs", "unknownframe"}:
        return Frame("icrs")
    if "supergal" in plain.replace("_", "") or plain.startswith("super_gal"):
        return Frame("supergalactic")
    if plain.startswith("gal"):
        return Frame("galactic")
    found = _SYSTEM.fullmatch(plain)
    base, letter, year = (found[1], found[2], found[3]) if found else (plain, "", None)
    if plain.startswith("ecl"):
        old = base.endswith("fk4") or letter == "b"
        return Frame("ecliptic", f"{'B' if old else 'J'}{year}" if year else ("B1950" if old else "J2000"))
    if (base == "b" and year) or base == "fk4":
        return Frame("fk4", f"B{year or 1950}")
    if base in {"fk5", "j"}:
        if letter == "b":
            return Frame("fk5", f"B{year}")
        return Frame("icrs") if year is None or float(year) == 2000 else Frame("fk5", f"J{year}")
    return Frame(plain)


def _without_unit(plain: str) -> tuple[str, str | None]:
    """Return a name without the suffix of its unit or of text, and that unit."""
    if found := _TEXT_SUFFIX.search(plain):
        return plain[: found.start()], None
    found = _UNIT_SUFFIX.search(plain, 1)
    if found is None:
        return plain, None
    return plain[: found.start()] + (found["frame"] or ""), UNITS.get(found["unit"])


def _of_ucd(ucd: str | None) -> tuple[str, str, float] | None:
    plain = (ucd or "").strip().lower()
    for words, axis, frame in _UCDS:
        if plain == words or plain.startswith((f"{words};", f"{words}_")):
            return axis, frame, 0.99 if "main" in plain else 0.9
    return None


def _of_name(stem: str) -> tuple[str, str, float]:
    for pattern, axis, frame, score in _NAMES:
        if pattern.fullmatch(stem):
            return axis, frame, score
    stem = _EQUINOX_IN_NAME.sub("", stem)
    scores = {"lon": name_score(stem, "ra"), "lat": name_score(stem, "dec")}
    axis = max(scores, key=lambda each: scores[each])
    return (axis, "icrs", scores[axis]) if scores[axis] else ("", "", 0.0)
