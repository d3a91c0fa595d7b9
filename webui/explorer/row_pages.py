"""Pages of a selection: their number, and the query of each, from whichever end of the rows is nearer."""

from dataclasses import dataclass

from webui.explorer.selection import Selection

__all__ = ["PageQuery", "RowRange", "pages_of"]


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


@dataclass(frozen=True, slots=True)
class RowRange:
    """Some consecutive rows of a selection.

    Parameters
    ----------
    start
        Rows of the selection before them.
    total
        Rows of the selection; without it they are counted from the first.
    """

    selection: Selection
    start: int
    count: int
    total: int | None

    @classmethod
    def of_page(cls, selection: Selection, total: int | None) -> "RowRange":
        """Return the rows of the page of a selection."""
        return cls._of(selection, (selection.page - 1) * selection.size, selection.size, total)

    @classmethod
    def of_row(cls, selection: Selection, number: int, total: int | None) -> "RowRange":
        """Return one row of a selection, counted from 1."""
        return cls._of(selection, number - 1, 1, total)

    @classmethod
    def _of(cls, selection: Selection, start: int, count: int, total: int | None) -> "RowRange":
        return cls(selection, start, count if total is None else max(0, min(count, total - start)), total)

    @property
    def skipped(self) -> int:
        """Rows between these and the nearer end, which sorting keeps as well."""
        return self.start if self.total is None else max(0, min(self.start, self.total - self.start - self.count))

    @property
    def query(self) -> PageQuery:
        """The query of the rows."""
        # Sorting keeps as many rows as it skips, so that the last page costs what the first does only from the end.
        selection = self.selection
        if self.total is not None and selection.sort is not None and self.start > self.total // 2:
            order = selection.order_by(reverse=True)
            adql = f"{selection.adql(top=self.count, order=False)} ORDER BY {order}"
            skipped = self.total - self.start - self.count
            return PageQuery(f"{adql} OFFSET {skipped}" if skipped else adql, is_reversed=True)
        return PageQuery(selection.adql(top=self.count, offset=self.start), is_reversed=False)


def pages_of(total: int, size: int) -> int:
    """Return the number of pages; at least one."""
    return max(1, -(-total // size))
