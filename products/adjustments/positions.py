"""Derived positions: right ascension and declination (ICRS, degrees) computed from other columns, batch by batch.

Frames are transformed by astropy. Sexagesimal text is parsed with kernels of Arrow, because astropy parses text value
by value.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidValueError
from core.sky.positions import within_turn
from products.inspection.position_forms import PositionForm
from products.readers.column_checks import described_field

if TYPE_CHECKING:
    from astropy.coordinates import BaseCoordinateFrame

__all__ = ["DerivedPosition"]

_NAMES = ("ra", "dec")
_WORDS = ("Right ascension", "Declination")
_UCDS = ("pos.eq.ra;meta.main", "pos.eq.dec;meta.main")
_PARTS = (
    r"^\s*(?P<sign>[+\-\x{2212}]?)\s*(?P<first>\d+)\D+?(?P<second>\d+(?:\.\d*)?)"
    r"(?:\D+?(?P<third>\d+(?:\.\d*)?))?\D*$"
)
_FACTORS = {"deg": 1.0, "hourangle": 15.0}


class DerivedPosition:
    """Two columns derived from the columns of a form of positions.

    Parameters
    ----------
    form
        The form; its columns must be in ``schema``.
    schema
        The columns of the table.

    Attributes
    ----------
    fields
        The derived columns: ``ra`` and ``dec``, or ``ra_icrs`` and ``dec_icrs`` in a table that has such names.

    Raises
    ------
    InvalidValueError
        A column is missing or is neither a number nor text, or the frame or its equinox is unknown.
    """

    def __init__(self, form: PositionForm, schema: pa.Schema) -> None:
        for name in self._sources(form):
            if name not in schema.names:
                message = f"The table has no column '{name}', from which positions are derived."
                raise InvalidValueError(message, field=name)
            _check_type(form, schema.field(name))
        self._form = form
        self._frame = _frame_of(form)
        self.sources = tuple(self._sources(form))
        origin = f"computed from {', '.join(self.sources)} ({_described(form)})"
        self.fields = tuple(
            described_field(name, pa.float64(), unit="deg", ucd=ucd, frame="ICRS", description=f"{words}; {origin}")
            for name, ucd, words in zip(_free_names(schema.names), _UCDS, _WORDS, strict=True)
        )
        names = " and ".join(field.name for field in self.fields)
        self.note = f"Positions in ICRS degrees, the columns {names}, were {origin}."

    def arrays(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
        """Return right ascension and declination of the rows of a batch, float64, null where a part has no value."""
        columns = {name: batch.column(name) for name in self.sources}
        lon, lat = self._angles(columns)
        known = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
        if self._frame is None:
            ra, dec = within_turn(lon), lat
        else:
            ra, dec = _in_icrs(self._frame, np.where(known, lon, 0.0), np.where(known, lat, 0.0))
        return pa.array(ra, mask=~known), pa.array(dec, mask=~known)

    @staticmethod
    def _sources(form: PositionForm) -> list[str]:
        return [name for name in form.columns if name]

    def _angles(self, columns: Mapping[str, pa.Array]) -> tuple[np.ndarray, np.ndarray]:
        """Return longitude and latitude in degrees."""
        form = self._form
        if form.kind == "split":
            return _split_angles([columns.get(name) for name in form.columns])
        arrays = [columns[name] for name in form.columns]
        if form.kind == "sexagesimal":
            return _text_angle(arrays[0], form.units[0]), _text_angle(arrays[1], form.units[1])
        return _in_degrees(arrays[0], form.units[0]), _in_degrees(arrays[1], form.units[1])


def _check_type(form: PositionForm, field: pa.Field) -> None:
    is_text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
    fits = {"numbers": is_number, "sexagesimal": is_text, "split": is_text or is_number}[form.kind]
    if not fits:
        wanted = {"numbers": "numbers", "sexagesimal": "sexagesimal text", "split": "numbers or text"}[form.kind]
        message = f"Positions cannot be derived: '{field.name}' does not hold {wanted}."
        raise InvalidValueError(message, field=field.name)


def _free_names(names: Sequence[str]) -> tuple[str, str]:
    taken = {name.lower() for name in names}
    for suffix in ("", "_icrs", *(f"_icrs_{number}" for number in range(2, len(names) + 3))):
        found = (_NAMES[0] + suffix, _NAMES[1] + suffix)
        if taken.isdisjoint(found):
            return found
    raise AssertionError


def _described(form: PositionForm) -> str:
    frame = f"{form.frame.upper()} {form.equinox or ''}".strip()
    if form.kind == "split":
        return f"{frame}, in parts"
    units = form.units[0] if form.units[0] == form.units[1] else " and ".join(form.units)
    return f"{frame}, {'sexagesimal, ' if form.kind == 'sexagesimal' else ''}{units}"


def _frame_of(form: PositionForm) -> "BaseCoordinateFrame | None":
    """Return the frame of astropy; None for ICRS, which needs no transformation."""
    if form.frame == "icrs":
        return None
    from astropy import coordinates
    from astropy.time import Time

    try:
        if form.frame in {"galactic", "supergalactic"}:
            return coordinates.Galactic() if form.frame == "galactic" else coordinates.Supergalactic()
        frames: Mapping[str, tuple[Any, str]] = {
            "fk4": (coordinates.FK4, "B1950"),
            "fk5": (coordinates.FK5, "J2000"),
            "ecliptic": (coordinates.BarycentricMeanEcliptic, "J2000"),
        }
        kind, equinox = frames[form.frame]
        return kind(equinox=Time(form.equinox or equinox))
    except (KeyError, ValueError) as e:
        raise InvalidValueError(
            f"Positions cannot be converted from the frame '{form.frame}' with the equinox '{form.equinox}' to ICRS.",
            field="position",
        ) from e


def _in_icrs(frame: "BaseCoordinateFrame", lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from astropy import units
    from astropy.coordinates import ICRS, SkyCoord

    there = SkyCoord(lon * units.deg, lat * units.deg, frame=frame).transform_to(ICRS())
    return there.ra.deg, there.dec.deg


def _in_degrees(array: pa.Array, unit: str) -> np.ndarray:
    values = _numbers(array)
    if unit == "deg":
        return values
    if unit in _FACTORS:
        return values * _FACTORS[unit]
    from astropy import units

    degrees: np.ndarray = (values * units.Unit(unit)).to_value(units.deg)
    return degrees


def _numbers(array: pa.Array) -> np.ndarray:
    """Return numbers, or text with numbers, as float64 with NaN where there is none."""
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        texts = pc.utf8_trim_whitespace(array)
        array = pc.if_else(pc.match_substring_regex(texts, r"^[+-]?\d+(\.\d*)?$"), texts, pa.scalar(None, texts.type))
    numbers: np.ndarray = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers


def _text_angle(array: pa.Array, unit: str) -> np.ndarray:
    """Parse ``±first:second:third`` with any separators; the third number may be missing."""
    parts = pc.extract_regex(array, pattern=_PARTS)
    # A group that takes no part in a match is empty.
    third = pc.struct_field(parts, "third")
    values = [_numbers(pc.struct_field(parts, name)) for name in ("first", "second")]
    seconds = np.where(_truth(pc.equal(third, "")), 0.0, _numbers(third))
    angle = 3600 * values[0] + 60 * values[1] + seconds
    negative = _truth(pc.is_in(pc.struct_field(parts, "sign"), value_set=pa.array(["-", "\u2212"], third.type)))
    signed: np.ndarray = np.where(negative, -angle, angle) * _FACTORS[unit] / 3600
    return signed


def _split_angles(parts: Sequence[pa.Array | None]) -> tuple[np.ndarray, np.ndarray]:
    """Combine hours, minutes and seconds of right ascension; sign, degrees, minutes and seconds of declination."""
    hours, ra_minutes, ra_seconds, sign, degrees, minutes, seconds = parts
    lon = 15 * _sum(hours, ra_minutes, ra_seconds) / 3600
    lat = _sum(degrees, minutes, seconds) / 3600
    return lon, np.where(_negative(degrees if sign is None else sign), -lat, lat)


def _sum(first: pa.Array | None, minutes: pa.Array | None, seconds: pa.Array | None) -> np.ndarray:
    """Return the sum in seconds; the first two numbers are in every form in parts."""
    total: np.ndarray = 3600 * np.abs(_numbers(first)) + 60 * _numbers(minutes)
    return total if seconds is None else total + _numbers(seconds)


def _negative(array: pa.Array) -> np.ndarray:
    """Return which values are negative, also as ``-0`` or as the text ``-``."""
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return _truth(pc.match_substring_regex(array, r"^\s*[-\x{2212}]"))
    numbers = _numbers(array)
    negative: np.ndarray = np.signbit(numbers) & ~np.isnan(numbers)
    return negative


def _truth(array: pa.Array) -> np.ndarray:
    truth: np.ndarray = pc.fill_null(array, fill_value=False).to_numpy(zero_copy_only=False).astype(bool)
    return truth
