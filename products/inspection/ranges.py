"""Counts of rows with missing or impossible positions and redshifts, which are checked before publication.

Which positions are impossible is decided in `core.sky.positions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from core.sky.positions import PositionCounts

__all__ = ["REDSHIFT_LIMITS", "Ranges", "hardly_any", "offending_rows"]

#: Range of possible redshifts.
REDSHIFT_LIMITS = (-0.1, 30.0)


@dataclass(frozen=True, slots=True)
class Ranges(PositionCounts):
    """Numbers of rows, for the columns chosen as right ascension, declination and redshift.

    Parameters
    ----------
    z_missing
        Null, NaN or infinite.
    z_outside
        Below -0.1 or above 30, such as the placeholders -9 and 99.
    """

    z_missing: int = 0
    z_outside: int = 0


_SENTENCES: Mapping[str, str] = {
    "ra_missing": "no right ascension",
    "ra_outside": "a right ascension outside 0 to 360 degrees",
    "ra_negative": "a right ascension from -180 to 0 degrees, which was read as that plus 360",
    "dec_missing": "no declination",
    "dec_outside": "a declination outside -90 to 90 degrees",
    "z_missing": "no redshift",
    "z_outside": "a redshift outside -0.1 to 30",
}


def offending_rows(ranges: Ranges) -> dict[str, tuple[int, str]]:
    """Return the counts that are not zero: by name, the number of rows and a sentence.

    The sum ``no_position`` is left out.
    """
    counts = {item.name: int(getattr(ranges, item.name)) for item in fields(ranges)}
    return {
        name: (counts[name], f"{_rows(counts[name])} {words}.") for name, words in _SENTENCES.items() if counts[name]
    }


def hardly_any(rows: int, missing: int, outside: int) -> bool:
    """Return whether hardly any value of a column is plausible, so that it is the wrong one or in another unit.

    Missing values, and a few placeholders such as -99, are usual in catalogues.
    """
    return missing + outside >= rows or 2 * outside > rows - missing


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have".replace(",", " ")
