"""Checks of the columns that were given a meaning: what publication would refuse, for each column."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from core.errors import InvalidValueError
from products.adjustments.options import TableOptions
from products.inspection.inspection import Inspection
from products.inspection.meanings import MEANINGS_BY_KEY
from products.inspection.ranges import REDSHIFT_LIMITS, Ranges
from products.models import ProductColumn, ProductType
from products.validation import check_positions, check_values, type_problem, wanted_meanings

__all__ = ["check_columns", "column_problems"]

_LIMITS = {"ra": (-180.0, 360.0), "dec": (-90.0, 90.0), "z": REDSHIFT_LIMITS}


def column_problems(
    kind: ProductType, columns: Sequence[ProductColumn], found: Inspection | None, options: TableOptions
) -> dict[str, str]:
    """Return why columns cannot have the meanings that they were given, by column; one sentence for each.

    Parameters
    ----------
    columns
        The columns with their meanings, which need not be stored yet.
    found
        What the inspection of the table found.
    """
    by_alias = {item.alias: item.column for item in columns if item.alias}
    mandatory = {key: by_alias.get(MEANINGS_BY_KEY[key].alias) for key in kind.mandatory}
    problems = {
        column.name: problem
        for key, column in mandatory.items()
        if column is not None and (problem := type_problem(column, MEANINGS_BY_KEY[key].alias))
    }
    if found is None:
        return problems
    wanted = wanted_meanings(columns)
    checks = [partial(check_positions, found, wanted, options)]
    for key in kind.mandatory:
        counted = _counted(found, key, getattr(wanted, key))
        checks.append(partial(check_values, replace(kind, mandatory=(key,)), counted, wanted))
    for check in checks:
        try:
            check()
        except InvalidValueError as e:
            problems.setdefault(e.field or "", e.message)
    return problems


def check_columns(
    kind: ProductType, columns: Sequence[ProductColumn], found: Inspection | None, options: TableOptions
) -> None:
    """Raise InvalidValueError when a column cannot have the meaning that it was given, as far as that is known."""
    for name, problem in column_problems(kind, columns, found, options).items():
        raise InvalidValueError(problem, field=name)


def _counted(found: Inspection, key: str, name: str | None) -> Inspection:
    """Return what was found, as if the rows had been counted for a column that was chosen since.

    Its statistics tell that only if all of its values are impossible, or if it has none.
    """
    known = found.statistics.get(name or "")
    if name is None or known is None or getattr(found.meanings, key) == name:
        return found
    low, high = _LIMITS[key]
    has_values = known.minimum is not None and known.maximum is not None
    if has_values and low <= float(known.maximum or 0) and float(known.minimum or 0) <= high:
        return found
    missing = known.nulls + known.infinite if has_values else known.rows
    counts = {f"{key}_missing": missing, f"{key}_outside": known.rows - missing}
    return replace(found, meanings=replace(found.meanings, **{key: name}), ranges=Ranges(**counts))
