"""Pages of a selection: their number, and the query of each, from whichever end of the rows is nearer."""

from dataclasses import dataclass

from webui.explorer.selection import Selection

__all__ = ["PageQuery", "page_query", "pages_of", "row_query"]


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The query of some consecutive rows of a selection.

    Parameters
    ----------
    is_reversed
        Whether the rows come in the reverse order.
    """

    adql: str
    is_reversed: bool


def pages_of(total: int, size: int) -> int:
    """Return the number of pages; at least one."""
    return max(1, -(-total // size))


def page_query(selection: Selection, total: int | None) -> PageQuery:
    """Return the query of the page of a selection.

    Parameters
    ----------
    total
        Number of rows of the selection; without it the rows are counted from the first.
    """
    return _range_query(selection, (selection.page - 1) * selection.size, selection.size, total)


def row_query(selection: Selection, number: int, total: int | None) -> PageQuery:
    """Return the query of one row of a selection, counted from 1."""
    return _range_query(selection, number - 1, 1, total)


def _range_query(selection: Selection, start: int, count: int, total: int | None) -> PageQuery:
    if total is not None:
        count = max(0, min(count, total - start))
        # Sorting keeps as many rows as it skips, so that the last page costs what the first does only from the end.
        if selection.sort is not None and start > total // 2:
            order = selection.order_by(reverse=True)
            adql = f"{selection.adql(top=count, order=False)} ORDER BY {order}"
            skipped = total - start - count
            return PageQuery(f"{adql} OFFSET {skipped}" if skipped else adql, is_reversed=True)
    return PageQuery(selection.adql(top=count, offset=start), is_reversed=False)
