"""Checks of the columns that were given a meaning: what publication would refuse, for each column."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from core.errors import InvalidValueError
from products.adjustments.options import TableOptions
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.inspection import Inspection
from products.inspection.meanings import MEANINGS_BY_KEY
from products.inspection.ranges import REDSHIFT_LIMITS
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
    checks += [partial(check_values, replace(kind, mandatory=(key,)), found, wanted) for key in kind.mandatory]
    for check in checks:
        try:
            check()
        except InvalidValueError as e:
            problems.setdefault(e.field or "", e.message)
    for key, column in mandatory.items():
        if column is not None and column.name not in problems and getattr(found.meanings, key, None) != column.name:
            problem = _unlikely(key, column.name, found.statistics.get(column.name))
            problems.update({column.name: problem} if problem else {})
    return problems


def check_columns(
    kind: ProductType, columns: Sequence[ProductColumn], found: Inspection | None, options: TableOptions
) -> None:
    """Raise InvalidValueError when a column cannot have the meaning that it was given, as far as that is known."""
    for name, problem in column_problems(kind, columns, found, options).items():
        raise InvalidValueError(problem, field=name)


def _unlikely(key: str, name: str, known: ColumnStatistics | None) -> str | None:
    """Return why no value of a column can have a meaning, whose rows were not counted for it."""
    if known is None or not known.rows:
        return None
    alias, (low, high) = MEANINGS_BY_KEY[key].alias, _LIMITS[key]
    if known.minimum is None or known.maximum is None:
        return f"The column '{name}' cannot be {alias}: it has no values. Choose another column."
    if known.minimum > high or known.maximum < low:
        return (
            f"The column '{name}' cannot be {alias}: its values, {known.minimum:.6g} to {known.maximum:.6g}, are all "
            f"outside {low:g} to {high:g}. Choose another column, or correct the file."
        )
    return None
