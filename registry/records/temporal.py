"""Temporal coverage of a table, from its columns of epochs in days."""

from collections.abc import Iterable

from products.models import ProductColumn

__all__ = ["temporal_intervals"]

#: Julian date of the Modified Julian Date 0.
_MJD_ZERO = 2_400_000.5
#: Modified Julian Dates that can be epochs of observations: from 1858 to 2132.
_FIRST, _LAST = 1, 100_000


def temporal_intervals(columns: Iterable[ProductColumn]) -> tuple[tuple[float, float], ...]:
    """Return the interval from the first to the last epoch in MJD; none without a column of epochs.

    Columns count whose UCD is ``time.epoch``, with or without qualifiers, and whose unit is the day; values above two
    million are Julian dates.
    """
    ends = [
        end
        for item in columns
        if (item.column.ucd or "").lower().startswith("time.epoch") and item.column.unit == "d" and item.summary
        for end in (item.summary.minimum, item.summary.maximum)
        if end is not None
    ]
    days = [end - _MJD_ZERO if end > _MJD_ZERO else end for end in ends]
    if not days or not all(_FIRST <= day <= _LAST for day in days):
        return ()
    return ((min(days), max(days)),)
