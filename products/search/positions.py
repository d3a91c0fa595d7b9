"""Positions that people type: coordinates, decimal or sexagesimal, or a name; and an optional radius."""

import re
from collections.abc import Callable

from core.errors import InvalidValueError
from products.search.fields import field_of_name

__all__ = ["PositionReader", "position_of_text"]

#: Reads a position as `position_of_text` does.
PositionReader = Callable[[str], tuple[float, ...]]

_SEPARATORS = re.compile(r"[\s,;]+")
_NUMBER = re.compile(r"[+\-\u2212]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-]?\d+)?")
_SIXTIETHS = 6  # numbers of two sexagesimal angles


def position_of_text(
    text: str, look_up: Callable[[str], tuple[float, float] | None] | None = None
) -> tuple[float, ...]:
    """Return right ascension and declination in degrees, and the radius in degrees if the text has one.

    ``150.12 2.2``, ``150.12, 2.2, 0.5``, ``10:00:28.6 +02:12:21``, ``10 00 28.6 +02 12 21`` and
    ``10h00m28.6s +02d12m21s`` are understood; a right ascension in sexagesimal form is in hours unless it says degrees.
    So are names of survey fields (`products.search.fields`): ``COSMOS``, ``ECDFS 0.5``.

    Parameters
    ----------
    look_up
        Returns the position of an object by its name, for what is neither a position nor a field; None when the name is
        not known.

    Raises
    ------
    InvalidValueError
        The text is none of these.
    """
    parts = [part for part in _SEPARATORS.split(text.strip()) if part]
    named = _named(parts, _centre_of_field)
    if named is not None:
        return named
    try:
        return _coordinates(text, parts)
    except InvalidValueError:
        named = None if look_up is None else _named(parts, look_up)
        if named is None:
            raise _refused(text, looked_up=look_up is not None) from None
        return named


def _coordinates(text: str, parts: list[str]) -> tuple[float, ...]:
    numbers = all(_NUMBER.fullmatch(part) for part in parts)
    if numbers and len(parts) in {2, 3}:
        return tuple(float(part.replace("\u2212", "-")) for part in parts)
    if numbers and len(parts) in {_SIXTIETHS, _SIXTIETHS + 1}:
        parts = [":".join(parts[:3]), ":".join(parts[3:_SIXTIETHS]), *parts[_SIXTIETHS:]]
    if len(parts) not in {2, 3} or (len(parts) == 3 and not _NUMBER.fullmatch(parts[2])):
        raise _refused(text)
    return (*_angles(text, parts[0], parts[1]), *(float(part) for part in parts[2:]))


def _named(parts: list[str], position_of: Callable[[str], tuple[float, float] | None]) -> tuple[float, ...] | None:
    """Return the position of what is named, and the radius after it."""
    found = position_of(" ".join(parts))
    if found is not None or len(parts) < 2 or not _NUMBER.fullmatch(parts[-1]):
        return found
    found = position_of(" ".join(parts[:-1]))
    return None if found is None else (*found, float(parts[-1].replace("\u2212", "-")))


def _centre_of_field(name: str) -> tuple[float, float] | None:
    field = field_of_name(name)
    return None if field is None else (field.ra, field.dec)


def _angles(text: str, longitude: str, latitude: str) -> tuple[float, float]:
    import astropy.units as u
    from astropy.coordinates import Angle

    if "h" in latitude.lower():  # a declination is never in hours
        raise _refused(text)
    in_degrees = any(mark in longitude.lower() for mark in "d°")
    unit = u.deg if in_degrees or _NUMBER.fullmatch(longitude) else u.hourangle
    try:
        ra, dec = Angle(_plain(longitude), unit=unit), Angle(_plain(latitude), unit=u.deg)
        return float(ra.to_value(u.deg)), float(dec.to_value(u.deg))
    except (ValueError, UserWarning, TypeError, u.UnitsError) as e:
        raise _refused(text) from e


def _plain(angle: str) -> str:
    return angle.replace("\u2212", "-").replace("°", "d").replace("\u2032", "m").replace("\u2033", "s").lower()


def _refused(text: str, *, looked_up: bool = False) -> InvalidValueError:
    objects = (
        "No object of this name is known, either."
        if looked_up
        else "Names of objects are not looked up: this server asks no other service."
    )
    message = (
        f"'{text[:40]}' is no position: write right ascension, declination and an optional radius in degrees, such as "
        f"150.12 2.21 0.5, or 10:00:28.6 +02:12:21, or the name of a survey field, such as COSMOS. {objects}"
    )
    return InvalidValueError(message, field="covers")
