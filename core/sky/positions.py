"""The one rule by which a pair of coordinates is a position on the sky, with counts of the rows that have none.

Publication, cone search and pipelines share it: right ascensions from -180 to 360 degrees count, negative ones as
that plus 360, and declinations from -90 to 90; rows with other values, or without one, have no position.
"""

from dataclasses import astuple, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["HIGHEST_RA", "LOWEST_RA", "PositionCounts", "placed_rows", "within_turn"]

LOWEST_RA, HIGHEST_RA = -180.0, 360.0

_Doubles = NDArray[np.float64]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PositionCounts:
    """Numbers of rows by what is wrong with their coordinates.

    Parameters
    ----------
    ra_missing, dec_missing
        Null, NaN or infinite.
    ra_negative
        From -180 to 0: used, as right ascension plus 360.
    ra_outside
        Below -180 or above 360.
    dec_outside
        Beyond a pole.
    no_position
        Rows without a position for any of these reasons.
    """

    ra_missing: int = 0
    ra_negative: int = 0
    ra_outside: int = 0
    dec_missing: int = 0
    dec_outside: int = 0
    no_position: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))


def placed_rows(ra: _Doubles, dec: _Doubles) -> tuple[_Mask, PositionCounts]:
    """Return which rows have a position, and count the others.

    Parameters
    ----------
    ra, dec
        In degrees, NaN for null.
    """
    ra_known, dec_known = np.isfinite(ra), np.isfinite(dec)
    ra_good = (ra >= LOWEST_RA) & (ra <= HIGHEST_RA)
    dec_good = (dec >= -90) & (dec <= 90)
    placed = ra_good & dec_good
    counts = PositionCounts(
        ra_missing=_number(~ra_known),
        ra_negative=_number(ra_good & (ra < 0)),
        ra_outside=_number(ra_known & ~ra_good),
        dec_missing=_number(~dec_known),
        dec_outside=_number(dec_known & ~dec_good),
        no_position=_number(~placed),
    )
    return placed, counts


def within_turn(ra: _Doubles) -> _Doubles:
    """Return right ascensions from 0 to below 360 degrees; values in that range stay exactly as they are."""
    turned = np.mod(ra, 360.0)
    # Of a tiny negative angle the remainder is rounded to a whole turn.
    return np.where(turned >= 360.0, 0.0, turned)


def _number(mask: _Mask) -> int:
    return int(np.count_nonzero(mask))
