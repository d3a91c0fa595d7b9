"""Ranges of HEALPix cells to which the conditions of a query restrict the rows of a table."""

from collections.abc import Iterable, Iterator

from sqlglot import exp

from core.columns import HEALPIX_COLUMN

__all__ = ["Ranges", "common_ranges", "operands", "ranges_of_all", "united_ranges"]

#: First and last cell, at order 29, of each range, in ascending order; none of them touch.
Ranges = tuple[tuple[int, int], ...]


def ranges_of_all(conditions: Iterable[exp.Expr], alias: str) -> Ranges | None:
    """Return the ranges of the cells of the rows of a table that fulfil all conditions; None when that is everywhere.

    Parameters
    ----------
    alias
        Alias of the table.
    """
    found: Ranges | None = None
    for condition in conditions:
        ranges = _ranges(condition, alias)
        if ranges is not None:
            found = ranges if found is None else common_ranges(found, ranges)
    return found


def operands(condition: exp.Expr, connector: type[exp.Connector]) -> Iterator[exp.Expr]:
    """Yield the conditions that AND or OR connects, without parentheses."""
    bare = condition.unnest()
    if isinstance(bare, connector):
        yield from operands(bare.left, connector)
        yield from operands(bare.right, connector)
    else:
        yield bare


def common_ranges(one: Ranges, other: Ranges) -> Ranges:
    """Return the cells that are in ranges of both."""
    common: list[tuple[int, int]] = []
    first = second = 0
    while first < len(one) and second < len(other):
        low, high = max(one[first][0], other[second][0]), min(one[first][1], other[second][1])
        if low <= high:
            common.append((low, high))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return tuple(common)


def united_ranges(spans: list[tuple[int, int]]) -> Ranges:
    """Return the cells that are in any of some ranges."""
    united: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if united and low <= united[-1][1] + 1:
            united[-1] = united[-1][0], max(united[-1][1], high)
        else:
            united.append((low, high))
    return tuple(united)


def _ranges(condition: exp.Expr, alias: str) -> Ranges | None:
    bare = condition.unnest()
    if isinstance(bare, exp.And):
        return ranges_of_all(operands(bare, exp.And), alias)
    if isinstance(bare, exp.Or):
        spans: list[tuple[int, int]] = []
        for operand in operands(bare, exp.Or):
            ranges = _ranges(operand, alias)
            if ranges is None:
                return None
            spans += ranges
        return united_ranges(spans)
    if isinstance(bare, exp.Boolean) and not bare.this:
        return ()
    return _span(bare, alias)


def _span(condition: exp.Expr, alias: str) -> Ranges | None:
    if not isinstance(condition, exp.Between) or not isinstance(condition.this, exp.Column):
        return None
    bounds = (condition.args["low"], condition.args["high"])
    is_cell = condition.this.name == HEALPIX_COLUMN and condition.this.table == alias
    if not is_cell or not all(isinstance(bound, exp.Literal) and bound.is_int for bound in bounds):
        return None
    low, high = (int(bound.name) for bound in bounds)
    return ((low, high),) if low <= high else ()
