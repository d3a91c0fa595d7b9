"""Plausibility of a column meaning, judged by unit and values."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics

__all__ = ["NO_VALUES", "Verdict", "unit_verdict", "value_verdict"]

#: Reason of a verdict on a column that holds only missing values.
NO_VALUES = "no values"

_DEGREES = frozenset({"deg", "degree", "degrees", "degs"})
_HOURS = frozenset({"h", "hr", "hour", "hours", "hourangle"})
_NO_UNIT = frozenset({"", "-", "---", "none", "1", "unitless", "dimensionless"})
_UNLIKELY, _ODD, _MANY, _FITTING = 0.1, 0.6, 0.7, 1.3
#: Rows from which the number of different values says something.
_FEW_ROWS = 10
_LEAST_FLAGS, _MOST_FLAGS = 2, 40
_LARGEST_FLAG, _LONGEST_FLAG = 1000, 4
_MOST_TYPES = 10

#: Range of the mean of a column with this meaning, some of whose values may be impossible.
_MEANS: Mapping[str, tuple[float, float]] = {"ra": (-180, 360), "dec": (-90, 90), "z": (-10, 15), "z_err": (-10, 5)}
#: Range of all values.
_LIMITS: Mapping[str, tuple[float, float]] = {"ra": (-180, 360), "dec": (-90, 90), "z": (-0.1, 15), "z_err": (0, 5)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Evidence for (above 1) or against (below 1) a meaning, with its reason."""

    factor: float = 1.0
    reason: str = ""


def _is_in_degrees(unit: str | None) -> bool:
    """Return whether a unit is that of degrees."""
    return (unit or "").strip().lower() in _DEGREES


def _is_in_hours(unit: str | None) -> bool:
    """Return whether a unit is that of hours."""
    return (unit or "").strip().lower() in _HOURS


def unit_verdict(column: Column, meaning: str) -> Verdict:
    """Judge the unit of a column."""
    unit = (column.unit or "").strip()
    if unit.lower() in _NO_UNIT:
        return Verdict()
    reason = f"unit {unit}"
    if meaning in {"ra", "dec"}:
        if _is_in_degrees(unit):
            return Verdict(_FITTING, reason)
        return Verdict(_ODD if _is_in_hours(unit) or unit.lower() in {"rad", "arcsec"} else _UNLIKELY, reason)
    return Verdict(_UNLIKELY, reason)  # redshifts, flags, names and identifiers have none


def value_verdict(column: Column, meaning: str, known: ColumnStatistics | None) -> Verdict:
    """Judge the type and the values of a column."""
    if meaning == "survey":
        return Verdict() if column.is_text else Verdict(_UNLIKELY)
    if meaning == "id":
        return _identifier_verdict(column, known)
    if meaning == "instrument_type":
        return _type_verdict(column, known)
    if meaning == "z_flag":
        return _flag_verdict(column, known)
    if not column.is_numeric:
        return Verdict(0)
    return _number_verdict(column, meaning, known)


def _number_verdict(column: Column, meaning: str, known: ColumnStatistics | None) -> Verdict:
    if known is not None and known.rows and known.minimum is None:
        return Verdict(_ODD, NO_VALUES)
    if known is None or known.minimum is None or known.maximum is None:
        return Verdict()
    reason = f"values {known.minimum:.6g} to {known.maximum:.6g}"
    low, high = _LIMITS[meaning]
    middle = 0.0 if known.mean is None else known.mean
    least, most = _MEANS[meaning]
    factor = 1.0
    if not least <= middle <= most:
        factor = _UNLIKELY
    elif column.datatype not in {"float", "double"}:
        factor = _ODD
    elif low <= known.minimum and known.maximum <= high:
        factor = _FITTING
    return Verdict(factor, reason)


def _identifier_verdict(column: Column, known: ColumnStatistics | None) -> Verdict:
    if not column.is_text and column.datatype not in {"short", "int", "long"}:
        return Verdict(_UNLIKELY)
    if known is None or known.unique is None or known.rows < 2:
        return Verdict()
    return Verdict(_FITTING, "no value twice") if known.unique else Verdict(_ODD)


def _type_verdict(column: Column, known: ColumnStatistics | None) -> Verdict:
    """Judge a kind of measurement: a letter or a word, of which there are few."""
    if not column.is_text:
        return Verdict(_UNLIKELY)
    if known is None or known.rows < _FEW_ROWS:
        return Verdict()
    fits = known.distinct is not None and known.distinct <= _MOST_TYPES
    return Verdict(1 if fits else _UNLIKELY, f"{known.distinct} different values of text" if fits else "many values")


def _flag_verdict(column: Column, known: ColumnStatistics | None) -> Verdict:
    """Judge a flag: it has few values, which are small numbers or a few letters."""
    if known is None or known.rows < _FEW_ROWS:
        return Verdict()
    if known.distinct is None:
        return Verdict(_UNLIKELY if column.is_text else _MANY, "many values")
    words = f"{known.distinct} different"
    if known.minimum is None or known.maximum is None or known.distinct < _LEAST_FLAGS:
        return Verdict(1, "one value only" if known.distinct == 1 else f"{words} values")
    if column.is_text:
        fits = known.maximum <= _LONGEST_FLAG and known.distinct <= _MOST_FLAGS
        return Verdict(_FITTING if fits else _ODD, f"{words} values of text")
    fits = known.minimum >= -_LARGEST_FLAG and known.maximum <= _LARGEST_FLAG and known.distinct <= _MOST_FLAGS
    return Verdict(_FITTING if fits else 1, f"values {known.minimum:.6g} to {known.maximum:.6g}, {words}")
