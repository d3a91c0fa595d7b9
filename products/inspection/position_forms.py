"""Recognition of the form in which a table has positions: unit, frame, sexagesimal text or split columns."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.guesses import Guess, best_assignment
from products.inspection.missing_values import missing_values, without_missing
from products.inspection.naming import without_axis
from products.inspection.position_axes import ANGLE_UNITS, Axis, Frame, axis_of, frame_of_name, frame_of_system
from products.inspection.sexagesimal import sexagesimal_unit
from products.inspection.split_positions import SplitPosition, split_positions

__all__ = ["KNOWN_FRAMES", "PositionForm", "position_forms"]

#: Frames from which positions can be converted.
KNOWN_FRAMES = ("icrs", "fk4", "fk5", "galactic", "supergalactic", "ecliptic")
_ROUNDING = 1e-6
_LEAST_SCORE = 0.8
_TELLING = 0.6
_SAME_STYLE = 0.25
_PROPOSED = 0.3
#: Forms that need a conversion come after those that need none, and other frames after ICRS.
_PENALTIES: Mapping[str, float] = {"numbers": 0, "sexagesimal": 0.3, "split": 0.4}
_OTHER_UNIT = 0.2
_FRAME_PENALTIES: Mapping[str, float] = {"icrs": 0, "fk5": 0.4, "fk4": 0.5, "galactic": 1, "ecliptic": 1.1}
_SPLIT_SCORE = 1.9
_HOURS_OF_A_DAY = 24
#: Widths of the ranges of both axes above which values alone raise a question: few tables of degrees have them.
_WIDE_HOURS, _WIDE_RADIANS = (20.0, 90.0), (5.0, 1.5)


@dataclass(frozen=True, slots=True)
class PositionForm:
    """The form in which a table has its positions.

    Parameters
    ----------
    kind
        ``numbers`` (one column of numbers for each axis), ``sexagesimal`` (one column of text for each axis) or
        ``split`` (a column for each part).
    columns
        Longitude and latitude. For ``split`` seven names: hours, minutes and seconds of right ascension; sign, degrees,
        minutes and seconds of declination, where those of the sign and the seconds may be empty. Without a column
        of signs, degrees have their own, also as negative zero or as text.
    units
        Units of longitude and latitude as astropy calls them: ``deg``, ``hourangle``, ``rad``, ``arcmin``, ``arcsec``
        or ``mas``; for text and parts, of the first number.
    frame
        ``icrs``, ``fk4``, ``fk5``, ``galactic``, ``supergalactic``, ``ecliptic``, or another name that the file
        declares, in lower case.
    equinox
        Such as ``B1950``, for FK4, FK5 and ecliptic frames.
    certain
        Whether units and frame are told by metadata or names; otherwise the owner must be asked.
    """

    kind: Literal["numbers", "sexagesimal", "split"]
    columns: tuple[str, ...]
    units: tuple[str, str]
    frame: str
    equinox: str | None
    reason: str
    certain: bool

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> "PositionForm":
        """Return a form from the object that JSON has of it."""
        first, second = item["units"]
        return cls(**{**item, "columns": tuple(item["columns"]), "units": (first, second)})

    @property
    def is_plain(self) -> bool:
        """Whether the columns are ICRS positions in degrees as they are."""
        return self.kind == "numbers" and self.units == ("deg", "deg") and self.frame == "icrs"


def position_forms(
    columns: Sequence[Column],
    statistics: Mapping[str, ColumnStatistics],
    guesses: Sequence[Guess] = (),
    frames: Mapping[str, str] | None = None,
) -> tuple[PositionForm, ...]:
    """Recognise the positions of a table.

    Parameters
    ----------
    statistics
        Statistics of all columns or of some.
    guesses
        Guessed meanings; the proposed columns of position have priority.
    frames
        Names of the frames that the file declares, by column: ``FK4(B1950)``.

    Returns
    -------
    tuple of PositionForm
        The best first; a form that is uncertain is followed by what else its columns may be.
    """
    systems = frames or {}
    known = without_missing(statistics, missing_values(columns, statistics))
    axes = [axis for column in columns if (axis := axis_of(column, systems.get(column.name)))]
    proposed = {key: name for name, key in best_assignment(guesses).items()}
    scored: list[tuple[float, tuple[PositionForm, ...]]] = []
    for lon, lat, style in _pairs(axes):
        bonus = _PROPOSED * ((proposed.get("ra"), proposed.get("dec")) == (lon.column.name, lat.column.name))
        score = lon.score + lat.score + _SAME_STYLE * style + bonus
        if found := tuple(_forms_of_pair(lon, lat, known)):
            scored.append((score - _penalty(found[0]), found))
    for split in split_positions(columns, known):
        form = _split_form(split, systems)
        scored.append((_SPLIT_SCORE - _penalty(form) - 0.1 * bool(split.style), (form,)))
    ordered = sorted(scored, key=lambda item: -item[0])
    return tuple(form for _, found in ordered for form in found)


def _penalty(form: PositionForm) -> float:
    unit = _OTHER_UNIT * (form.kind == "numbers" and form.units != ("deg", "deg"))
    return _PENALTIES[form.kind] + unit + _FRAME_PENALTIES.get(form.frame, 1.2)


def _pairs(axes: Sequence[Axis]) -> Iterator[tuple[Axis, Axis, bool]]:
    """Yield longitudes, each with the latitude of the same frame and kind of values whose name is the most similar."""
    for lon in axes:
        if lon.axis != "lon":
            continue
        partners = [
            (lat.score + _SAME_STYLE * _similar(lon, lat), lat)
            for lat in axes
            if lat.axis == "lat" and _frame(lat) == _frame(lon) and lat.column.is_text == lon.column.is_text
        ]
        if partners:
            lat = max(partners, key=lambda item: item[0])[1]
            if lon.score + lat.score >= _LEAST_SCORE:
                yield lon, lat, _similar(lon, lat)


def _frame(axis: Axis) -> Frame:
    return axis.frame or Frame("icrs")


def _similar(lon: Axis, lat: Axis) -> bool:
    return without_axis(lon.stem) == without_axis(lat.stem)


def _forms_of_pair(lon: Axis, lat: Axis, statistics: Mapping[str, ColumnStatistics]) -> Iterator[PositionForm]:
    frame = _frame(lon)
    reason = "; ".join(dict.fromkeys((lon.reason, lat.reason)))
    of_lon, of_lat = statistics.get(lon.column.name), statistics.get(lat.column.name)
    names = (lon.column.name, lat.column.name)
    vague = max(lon.score, lat.score) < _TELLING and not _is_equatorial(frame)  # l and b are also a size and a filter
    certain = lon.frame is not None and frame.name in KNOWN_FRAMES and not vague
    if lon.frame is None:
        reason += "; no frame is given"
    if lon.column.is_text:
        units = _units_of_text(of_lon, of_lat, equatorial=_is_equatorial(frame))
        if units is not None:
            reason += "; sexagesimal text"
            yield PositionForm("sexagesimal", names, units, frame.name, frame.equinox, reason, certain)
        return
    units = _units(lon, lat, of_lat)
    form = PositionForm("numbers", names, units, frame.name, frame.equinox, reason, certain)
    told = lon.unit is not None or lat.unit is not None
    if unknown := lon.unknown_unit or lat.unknown_unit:
        form = replace(form, reason=f"{reason}; the unit {unknown} is not known as that of an angle", certain=False)
    if not _fits(of_lon, units[0], 360, mean=True) or not _fits(of_lat, units[1], 90, mean=True):
        return
    if units != ("deg", "deg") and not (_fits(of_lon, units[0], 360) and _fits(of_lat, units[1], 90)):
        form = replace(form, reason=f"{reason}; values are outside the range of {' and '.join(units)}", certain=False)
    if not told and (hint := _unit_of_values(of_lon, of_lat, equatorial=_is_equatorial(frame))):
        other, words = hint
        yield replace(form, units=other, reason=f"{reason}; {words}", certain=False)
        form = replace(form, certain=False)
    yield form


def _is_equatorial(frame: Frame) -> bool:
    return frame.name in {"icrs", "fk4", "fk5"}


def _units(lon: Axis, lat: Axis, of_lat: ColumnStatistics | None) -> tuple[str, str]:
    """Return the units of a pair; what one column leaves out is taken from the other one."""
    first = lon.unit or ("deg" if lat.unit is None else lat.unit)
    second = lat.unit or ("deg" if first == "hourangle" else first)
    if lat.unit is None and not _fits(of_lat, second, 90):
        second = "deg"
    return first, second


def _units_of_text(
    of_lon: ColumnStatistics | None, of_lat: ColumnStatistics | None, *, equatorial: bool
) -> tuple[str, str] | None:
    if of_lon is None or of_lat is None:
        return None
    first = sexagesimal_unit(of_lon.samples, longitude=equatorial)
    second = sexagesimal_unit(of_lat.samples, longitude=False)
    return None if first is None or second is None else (first, second)


def _fits(known: ColumnStatistics | None, unit: str, largest: float, *, mean: bool = False) -> bool:
    """Return whether all values, or only their mean, are possible for an axis: a few may be impossible in any table."""
    if known is None or known.minimum is None or known.maximum is None:
        return True
    least = -largest if largest == 90 else -180
    scale = ANGLE_UNITS[unit]
    low, high = (known.mean, known.mean) if mean and known.mean is not None else (known.minimum, known.maximum)
    return low * scale >= least - _ROUNDING and high * scale <= largest + _ROUNDING


def _unit_of_values(
    of_lon: ColumnStatistics | None, of_lat: ColumnStatistics | None, *, equatorial: bool
) -> tuple[tuple[str, str], str] | None:
    """Return the units that the range of the values hints at, with words; None when degrees are as likely."""
    if of_lon is None or of_lon.minimum is None or of_lon.maximum is None:
        return None
    if of_lat is None or of_lat.minimum is None or of_lat.maximum is None or of_lon.minimum < -math.pi:
        return None
    wide = (of_lon.maximum - of_lon.minimum, of_lat.maximum - of_lat.minimum)
    words = f"values {of_lon.minimum:.6g} to {of_lon.maximum:.6g} and {of_lat.minimum:.6g} to {of_lat.maximum:.6g}"
    in_radians = of_lon.maximum <= math.tau and max(-of_lat.minimum, of_lat.maximum) <= math.pi / 2
    if in_radians and wide[0] > _WIDE_RADIANS[0] and wide[1] > _WIDE_RADIANS[1]:
        return ("rad", "rad"), words
    in_hours = equatorial and of_lon.minimum >= 0 and of_lon.maximum <= _HOURS_OF_A_DAY
    if in_hours and wide[0] > _WIDE_HOURS[0] and wide[1] > _WIDE_HOURS[1]:
        return ("hourangle", "deg"), words
    return None


def _split_form(split: SplitPosition, systems: Mapping[str, str]) -> PositionForm:
    from_file = next((systems[name] for name in split.columns if name in systems), None)
    frame = frame_of_system(from_file) if from_file else frame_of_name(f"ra_{split.style}") or Frame("icrs")
    named = ", ".join(name for name in split.columns if name)
    reason = f"names {named}" + (f"; frame {from_file}" if from_file else "")
    if not split.has_sign:
        reason += "; the sign of declinations between -1 and 0 degrees is not told"
    certain = split.has_sign and frame.name in KNOWN_FRAMES
    return PositionForm("split", split.columns, ("hourangle", "deg"), frame.name, frame.equinox, reason, certain)
