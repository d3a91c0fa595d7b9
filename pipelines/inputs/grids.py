"""Redshift grid as a parameter: first and last redshift, and number of points."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

__all__ = ["RedshiftGrid", "listed"]

_MOST_POINTS = 10_001


def listed(values: object) -> object:
    """Read ``0, 3, 301`` as a list, as people write it in forms and commands."""
    return [part.strip() for part in values.split(",")] if isinstance(values, str) else values


def _increasing(grid: tuple[float, float, int]) -> tuple[float, float, int]:
    first, last, points = grid
    if not first < last:
        raise ValueError(f"the grid does not increase: it goes from {first:g} to {last:g}")
    if not 2 <= points <= _MOST_POINTS:
        raise ValueError(f"a grid has 2 to {_MOST_POINTS} points, not {points}")
    return grid


#: First and last redshift, and number of points.
RedshiftGrid = Annotated[tuple[float, float, int], BeforeValidator(listed), AfterValidator(_increasing)]
