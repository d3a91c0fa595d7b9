"""Conditions on the hidden HEALPix column, by which the engine prunes row groups."""

from sqlglot import exp

from core.columns import HEALPIX_COLUMN
from tap.adql.geometry.healpix_ranges import Ranges
from tap.adql.sqltree import any_of, column, number
from tap.adql.values import Point

__all__ = ["in_ranges"]


def in_ranges(point: Point, ranges: Ranges | None) -> list[exp.Expr]:
    """Return the conditions that the HEALPix cell of a row is in one of the ranges; none for other points."""
    if not ranges or point.table is None:
        return []
    cell = column(HEALPIX_COLUMN, point.table.alias)
    spans = [exp.Between(this=cell.copy(), low=number(low), high=number(high)) for low, high in ranges]
    whole = exp.Between(this=cell.copy(), low=number(ranges[0][0]), high=number(ranges[-1][1]))
    return [whole] if len(spans) == 1 else [whole, any_of(spans)]
