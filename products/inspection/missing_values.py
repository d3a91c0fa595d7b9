"""Proposals of values that stand for missing ones, such as -99 or ``N/A``, judged by how far they are from all others.

Nothing becomes null here: the owner of a table decides.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics, OtherNumbers
from products.inspection.meanings import MEANINGS
from products.inspection.moments import Moments
from products.inspection.naming import is_band, name_score, plain_name
from products.inspection.position_axes import axis_of
from products.inspection.sexagesimal import is_sexagesimal
from products.inspection.stand_ins import HUGE, RepeatedValue

__all__ = ["MissingValue", "column_words", "missing_sentences", "missing_values", "without_missing"]

_TELLING_NAME = 0.5
#: Absolute value from which a number is a code rather than a flag or a count.
_CODE = 88
#: Number of different whole values up to which a column holds flags or classes.
_FEW_VALUES = 64
_FAR = 3.0
#: Number of columns that a sentence names.
_NAMED = 3
_DEVIATIONS = 8.0
_SHARE_AMONG_OTHERS, _ROWS_AMONG_OTHERS = 0.01, 5
_NUMBER_SHARE = 0.8
#: A column in which one number and a minus sign occur has signs.
_DIFFERENT_NUMBERS = 2
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?")
#: Possible values by role, with what they are called.
_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "z": (-0.1, 20, "a redshift"),
    "z_err": (0, 20, "an error of a redshift"),
    "lon": (-180, 360, "a right ascension or longitude"),
    "lat": (-90, 90, "a declination or latitude"),
}


@dataclass(frozen=True, slots=True)
class MissingValue:
    """A value of a column that seems to stand for a missing one.

    Parameters
    ----------
    value
        A number, or a word in a column of text; in single precision the decimal number nearest to it.
    rows
        Number of rows that have it.
    reason
        Evidence, such as ``157 of 200 rows; the other values are 0.01 to 0.99``.
    """

    column: str
    value: float | int | str
    rows: int
    reason: str


def missing_sentences(items: Iterable[MissingValue]) -> Iterator[str]:
    """Yield the proposals as sentences, one for each value, however many columns have it."""
    by_value: dict[float | int | str, list[MissingValue]] = {}
    for item in items:
        by_value.setdefault(item.value, []).append(item)
    for value, same in by_value.items():
        most = max(item.rows for item in same)
        rows = "1 row" if most == 1 else f"{_spaced(most)} rows"
        counted = rows if len(same) == 1 else f"up to {rows}"
        names = column_words([item.column for item in same])
        yield f"In the {names}, {value} ({counted}) seems to mean that there is no value."


def column_words(names: Sequence[str]) -> str:
    """Return columns in words: of many the first three, and how many there are besides."""
    if len(names) == 1:
        return f"column '{names[0]}'"
    shown = ", ".join(f"'{name}'" for name in names[:_NAMED])
    return f"columns {shown}" if len(names) <= _NAMED else f"columns {shown} and {_spaced(len(names) - _NAMED)} more"


def missing_values(columns: Sequence[Column], statistics: Mapping[str, ColumnStatistics]) -> tuple[MissingValue, ...]:
    """Propose the values that stand for missing ones, in the order of the columns.

    Numbers are proposed that are impossible for a position or a redshift, or far beyond all other values; whole
    numbers with few different values, which may be flags, only from -88 and from 888 on. A longitude is proposed when
    the latitude has the same value in as many rows. Words are proposed in columns of numbers or sexagesimal angles.
    """
    names = frozenset(plain_name(column.name) for column in columns)
    found: dict[str, tuple[MissingValue, ...]] = {}
    longitudes = []
    for column in columns:
        known = statistics.get(column.name)
        if known is None or not known.stand_ins:
            continue
        role = _role(column, names)
        if role == "lon":
            longitudes.append(column)
        judged = _words(column, known) if column.is_text else _numbers(column, known, role)
        found[column.name] = tuple(judged)
    for column in longitudes:
        partners = [each for other in columns if _role(other, names) == "lat" for each in found.get(other.name, ())]
        found[column.name] += tuple(_as_partners(column, statistics[column.name], found[column.name], partners))
    return tuple(each for column in columns for each in found.get(column.name, ()))


def without_missing(
    statistics: Mapping[str, ColumnStatistics], missing: Iterable[MissingValue]
) -> dict[str, ColumnStatistics]:
    """Return statistics of the other values only, in which missing ones count as null."""
    by_column: dict[str, list[MissingValue]] = {}
    for each in missing:
        by_column.setdefault(each.column, []).append(each)
    return {
        name: _without(known, by_column[name]) if name in by_column else known for name, known in statistics.items()
    }


def _role(column: Column, names: frozenset[str]) -> str | None:
    """Return the key of the limits of a column, by its name and UCD only."""
    if axis := axis_of(column):
        return axis.axis if axis.unit in {None, "deg"} else None
    ucd = (column.ucd or "").lower()
    if ucd.startswith("src.redshift"):
        return "z"
    if ucd.startswith("stat.error;src.redshift"):
        return "z_err"
    scores = {meaning.key: name_score(column.name, meaning.key) for meaning in MEANINGS}
    best = max(scores, key=lambda key: scores[key])
    is_redshift = best in _LIMITS and not ucd and not is_band(column.name, names)
    return best if is_redshift and scores[best] >= _TELLING_NAME else None


def _numbers(column: Column, known: ColumnStatistics, role: str | None) -> Iterator[MissingValue]:
    """Judge the candidates from the other values outwards; those that are values like these join them."""
    others = known.others
    if others is None:
        return
    joined = _moments(others)
    few = _is_few(known, others)
    middle = joined.mean
    for each in sorted(known.stand_ins, key=lambda each: abs(float(each.value) - middle)):
        if reason := _reason(each, joined, known.rows, role, few=few, whole=others.whole):
            yield MissingValue(column.name, each.value, each.rows, reason)
        else:
            joined.merge(each.moments())


def _moments(others: OtherNumbers) -> Moments:
    mean, squares = others.mean or 0.0, (others.std or 0.0) ** 2 * others.count
    return Moments(others.count, others.minimum, others.maximum, mean, squares)


def _is_few(known: ColumnStatistics, others: OtherNumbers) -> bool:
    return others.whole and known.distinct is not None and known.distinct <= _FEW_VALUES


def _reason(each: RepeatedValue, others: Moments, rows: int, role: str | None, *, few: bool, whole: bool) -> str | None:
    """Return why a number stands for missing values, or None when it does not."""
    value = float(each.value)
    counted = f"{_spaced(each.rows)} of {_spaced(rows)} rows"
    low, high = others.minimum, others.maximum
    if low is None or high is None:
        alone = each.rows > 1 and (abs(value) >= HUGE or value <= -_CODE)
        return f"{counted}, which have no other value" if alone else None
    words = f"{counted}; the other values are {low:.6g} to {high:.6g}"
    if role is not None:
        least, most, name = _LIMITS[role]
        if least <= others.mean <= most and not least <= value <= most:
            return f"{words}, and {value:.6g} is impossible for {name}"
        if role in {"lon", "lat"}:
            return None
    often = each.rows >= max(_ROWS_AMONG_OTHERS, _SHARE_AMONG_OTHERS * rows)
    if often and not whole and value <= -_CODE:
        return words  # real numbers rarely repeat
    if low <= value <= high:
        return None
    gap, width = max(low - value, value - high), high - low
    if few:
        is_code = value <= -_CODE or value >= 10 * _CODE
        return words if is_code and gap > max(width, _CODE / 2) else None
    if each.rows == 1:
        return words if _CODE <= abs(value) < HUGE and gap > _FAR * max(width, 1) else None
    return words if _is_far(value, others, gap, width) else None


def _is_far(value: float, others: Moments, gap: float, width: float) -> bool:
    if value > 0:
        return gap > width
    if others.minimum is not None and others.minimum >= 0:
        return True  # the only negative value
    if gap > width:
        return True
    far = others.mean - value > _DEVIATIONS * (others.std or 0)
    return value <= -_CODE and (gap > width / 2 or (far and gap > width / 10))


def _as_partners(
    column: Column, known: ColumnStatistics, found: Sequence[MissingValue], partners: Sequence[MissingValue]
) -> Iterator[MissingValue]:
    """Yield the longitudes that are missing because as many latitudes are."""
    already = {each.value for each in found}
    for each in known.stand_ins:
        partner = next((it for it in partners if it.value == each.value and it.rows == each.rows), None)
        if partner is not None and each.value not in already:
            rows = f"{_spaced(each.rows)} of {_spaced(known.rows)} rows"
            yield MissingValue(column.name, each.value, each.rows, f"{rows}, as in the column {partner.column}")


def _words(column: Column, known: ColumnStatistics) -> Iterator[MissingValue]:
    numbers = sum(_NUMBER.fullmatch(text) is not None or is_sexagesimal(text) for text in known.samples)
    if numbers < _NUMBER_SHARE * len(known.samples) or len(set(known.samples)) < _DIFFERENT_NUMBERS:
        return
    for each in known.stand_ins:
        rows = f"{_spaced(each.rows)} of {_spaced(known.rows)} rows"
        reason = f"{rows}; other values are numbers, such as {known.samples[0]}"
        yield MissingValue(column.name, each.value, each.rows, reason)


def _without(known: ColumnStatistics, missing: Sequence[MissingValue]) -> ColumnStatistics:
    values = {each.value for each in missing}
    rest = tuple(each for each in known.stand_ins if each.value not in values)
    rows = sum(each.rows for each in missing)
    fewer = replace(
        known,
        nulls=known.nulls + rows,
        distinct=None if known.distinct is None else max(0, known.distinct - len(missing)),
        stand_ins=rest,
    )
    if known.others is None:
        return fewer
    joined = _moments(known.others)
    for each in rest:
        joined.merge(each.moments())
    return replace(fewer, minimum=joined.minimum, maximum=joined.maximum, mean=joined.finite_mean, std=joined.std)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")
