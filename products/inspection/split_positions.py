"""Positions split into columns of hours or degrees, minutes and seconds: ``RAh RAm RAs DE- DEd DEm DEs`` of CDS."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.naming import plain_name

__all__ = ["SplitPosition", "split_positions"]

_RA = re.compile(
    r"(?:ra|right_?ascension)(?P<style>[a-z0-9_]*?)_?(?P<part>hours?|hrs?|h|minutes?|min|m|seconds?|sec|s)"
)
_DEC = re.compile(
    r"(?:declination|decl|dec|de)(?P<style>[a-z0-9_]*?)"
    r"(?:_?(?P<part>degrees?|deg|d|minutes?|min|m|arcmin|seconds?|sec|s|arcsec|signum|sign|sgn|minus|neg)|(?P<minus>_))"
)
_PARTS: Mapping[str, tuple[str, ...]] = {"ra": ("h", "m", "s"), "dec": ("sign", "d", "m", "s")}
_SIGNS = frozenset({"signum", "sign", "sgn", "minus", "neg"})
#: Largest absolute value of each part.
_LARGEST: Mapping[str, float] = {"h": 24, "d": 90, "m": 60, "s": 60.5}


@dataclass(frozen=True, slots=True)
class SplitPosition:
    """Columns of a position in parts.

    Parameters
    ----------
    columns
        Names of hours, minutes and seconds of right ascension, and of sign, degrees, minutes and seconds of
        declination; an empty name where there is no column of seconds or of the sign.
    style
        What the names have in common besides axis and part, such as ``_b1950``.
    has_sign
        Whether the sign of declinations between -1 and 0 degrees is known.
    """

    columns: tuple[str, ...]
    style: str
    has_sign: bool


def split_positions(columns: Sequence[Column], statistics: Mapping[str, ColumnStatistics]) -> tuple[SplitPosition, ...]:
    """Return the positions in parts, in the order of the columns of right ascension."""
    found: dict[str, dict[tuple[str, str], Column]] = {}
    for column in columns:
        for axis, style, part in _parts_of(column):
            if _fits(column, part, statistics.get(column.name)):
                found.setdefault(style, {}).setdefault((axis, part), column)
    return tuple(
        _position(style, parts, statistics)
        for style, parts in found.items()
        if {("ra", "h"), ("ra", "m"), ("dec", "d"), ("dec", "m")} <= parts.keys()
    )


def _parts_of(column: Column) -> list[tuple[str, str, str]]:
    """Return axis, style and part that a name may tell."""
    plain = plain_name(column.name)
    parts = []
    if found := _RA.fullmatch(plain):
        parts.append(("ra", found["style"].strip("_"), found["part"][0]))
    if found := _DEC.fullmatch(plain):
        word = found["part"] or "minus"
        part = "sign" if word in _SIGNS else "m" if word == "arcmin" else "s" if word == "arcsec" else word[0]
        parts.append(("dec", found["style"].strip("_"), part))
    return parts


def _fits(column: Column, part: str, known: ColumnStatistics | None) -> bool:
    if column.arraysize is not None and not column.is_text:
        return False
    if part == "sign":
        return column.is_text or known is None or known.distinct is None or known.distinct <= 2
    if column.is_text or known is None or known.minimum is None or known.maximum is None:
        return True
    return max(abs(known.minimum), abs(known.maximum)) <= _LARGEST[part]


def _position(
    style: str, parts: Mapping[tuple[str, str], Column], statistics: Mapping[str, ColumnStatistics]
) -> SplitPosition:
    ordered = [parts.get((axis, part)) for axis in _PARTS for part in _PARTS[axis]]
    degrees = parts["dec", "d"]
    known = statistics.get(degrees.name)
    has_sign = ("dec", "sign") in parts or degrees.is_text
    if not has_sign and known is not None and known.minimum is not None and known.maximum is not None:
        has_sign = known.minimum > 0 or known.maximum < 0
    return SplitPosition(tuple("" if column is None else column.name for column in ordered), style, has_sign)
