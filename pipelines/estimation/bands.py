"""Columns of magnitudes and of their errors, found by their names and UCDs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from core.columns import Column, column_of_field
from core.errors import InvalidValueError

__all__ = ["Photometry", "find_photometry", "named_photometry"]

#: Bands from blue to red; their case matters only to tell the Y of surveys in the infrared.
_BANDS = "ugrizyjhk"
_MAGNITUDE = (
    re.compile(r"(?P<before>.*mag(?:_[a-z0-9]+)*?_)(?P<band>[ugrizyjhk])(?P<after>(?:_.*)?)", re.IGNORECASE),
    re.compile(r"(?P<before>)(?P<band>[ugrizyjhk])(?P<after>_?[a-z0-9]*_?mag.*)", re.IGNORECASE),
)
_NO_MAGNITUDE = re.compile(r"err|sigma|flag|extinct|limit|depth|weight|^e_|^a_|_var", re.IGNORECASE)
_UCD = re.compile(r"phot\.mag(?!;.*stat\.error)", re.IGNORECASE)
_UCD_BAND = re.compile(r"em\.(?:opt|ir)\.(?P<band>[ugrizyjhk])(?![a-z])", re.IGNORECASE)
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Photometry:
    """Columns of magnitudes, from blue to red.

    Parameters
    ----------
    bands
        Letters of the bands; empty when the columns were named by the user.
    magnitudes, errors
        Names of columns; without errors the second is empty.
    """

    bands: tuple[str, ...]
    magnitudes: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All columns."""
        return (*self.magnitudes, *self.errors)


def find_photometry(schema: pa.Schema, label: str, field: str = "magnitudes") -> Photometry:
    """Return the magnitudes of a table that are named alike and have most bands, with their errors if all have one.

    Raises
    ------
    InvalidValueError
        There are not two bands.
    """
    numeric = _numbers(schema)
    families: dict[str, dict[str, str]] = {}
    for name, column in numeric.items():
        found = _band_of(name, column)
        if found is not None:
            family, band = found
            families.setdefault(family, {}).setdefault(band, name)
    best = max(families.values(), key=len, default={})
    if len(best) < 2:
        raise InvalidValueError(
            f"{label} has no magnitudes in two bands that are named alike, such as mag_g_lsst; name them as '{field}'. "
            f"Its columns of numbers are {', '.join(list(numeric)[:_MOST_LISTED])}.",
            field=field,
        )
    bands = tuple(sorted(best, key=_BANDS.index))
    magnitudes = tuple(best[band] for band in bands)
    errors = [_error_of(name, numeric) for name in magnitudes]
    return Photometry(bands, magnitudes, tuple(each for each in errors if each) if all(errors) else ())


def named_photometry(
    schema: pa.Schema, magnitudes: Sequence[str], errors: Sequence[str], label: str, field: str = "magnitudes"
) -> Photometry:
    """Return the columns that were named, with errors that are found if none are named.

    Raises
    ------
    InvalidValueError
        A column does not exist or has no numbers, or the numbers of magnitudes and errors differ.
    """
    numeric = _numbers(schema)
    for name in (*magnitudes, *errors):
        if name not in numeric:
            raise InvalidValueError(
                f"{label} has no column of numbers '{name}'; it has {', '.join(list(numeric)[:_MOST_LISTED])}.",
                field=field,
            )
    if errors and len(errors) != len(magnitudes):
        raise InvalidValueError(
            f"{len(magnitudes)} magnitudes have {len(errors)} errors; name one error for each, or none.", field=field
        )
    found = list(errors) or [_error_of(name, numeric) or "" for name in magnitudes]
    return Photometry((), tuple(magnitudes), tuple(found) if all(found) else ())


def _numbers(schema: pa.Schema) -> Mapping[str, Column]:
    found = {}
    for field in schema:
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type) or pa.types.is_decimal(field.type):
            found[field.name] = column_of_field(field)
    return found


def _band_of(name: str, column: Column) -> tuple[str, str] | None:
    """Return what the names of a family share, and the band."""
    if _NO_MAGNITUDE.search(name):
        return None
    for pattern in _MAGNITUDE:
        match = pattern.fullmatch(name)
        if match is not None:
            return f"{match['before']}*{match['after']}".casefold(), match["band"].casefold()
    match = _UCD_BAND.search(column.ucd or "") if _UCD.match(column.ucd or "") else None
    return None if match is None else ("", match["band"].casefold())


def _error_of(magnitude: str, numeric: Mapping[str, Column]) -> str | None:
    """Return the column of the errors of a magnitude, by the ways in which catalogues name them."""
    plain = magnitude.replace("_", "").casefold()
    wanted = {f"{plain}{word}" for word in ("err", "error", "sigma")}
    wanted |= {f"{word}{plain}" for word in ("e", "err", "sigma", "error")}
    at = plain.find("mag")
    if at >= 0:
        wanted.add(f"{plain[: at + 3]}err{plain[at + 3 :]}")
    return next((name for name in numeric if name.replace("_", "").casefold() in wanted), None)
