"""Warnings about positions in hours, in radians or as sexagesimal text."""

from collections.abc import Iterator, Mapping, Sequence

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.guesses import Guess
from products.inspection.meanings import Meanings
from products.inspection.naming import name_score, plain_name
from products.inspection.plausibility import is_in_hours

__all__ = ["position_warnings"]

_TELLING_NAME = 0.8


def position_warnings(
    columns: Sequence[Column],
    statistics: Mapping[str, ColumnStatistics],
    guesses: Sequence[Guess],
    meanings: Meanings,
) -> tuple[str, ...]:
    """Return warnings about the columns of position."""
    by_name = {column.name: column for column in columns}
    ra, dec = by_name.get(meanings.ra or ""), by_name.get(meanings.dec or "")
    if ra is None or dec is None:
        return tuple(_text_sentences(columns, guesses))
    name = f"The right ascension '{ra.name}'"
    if _in_hours(ra, statistics[ra.name], statistics[dec.name]):
        return (f"{name} seems to be in hours, and was taken as degrees: multiply it by 15 and send the file again.",)
    if (ra.unit or "").strip().lower() in {"rad", "radian", "radians"}:
        return (f"{name} is in radians by its unit, and was taken as degrees: convert it and send the file again.",)
    return ()


def _in_hours(ra: Column, of_ra: ColumnStatistics, of_dec: ColumnStatistics) -> bool:
    declared = is_in_hours(ra.unit) or "hour" in plain_name(ra.name) or plain_name(ra.name).endswith("_hr")
    if of_ra.maximum is None or of_ra.minimum is None or of_dec.minimum is None or of_dec.maximum is None:
        return False
    fits = of_ra.minimum >= 0 and of_ra.maximum <= 24
    whole_sky = of_ra.maximum - of_ra.minimum > 20 and of_dec.maximum - of_dec.minimum > 90  # a strip would be odd
    return fits and (declared or whole_sky)


def _text_sentences(columns: Sequence[Column], guesses: Sequence[Guess]) -> Iterator[str]:
    numeric = {guess.meaning for guess in guesses}
    for key, words in (("ra", "right ascension"), ("dec", "declination")):
        if key in numeric:
            continue
        for column in columns:
            if column.is_text and name_score(column.name, key) >= _TELLING_NAME:
                yield (
                    f"The column '{column.name}' seems to hold the {words} as text: rows are placed on the sky only "
                    "by columns of numbers, in degrees."
                )
                break
