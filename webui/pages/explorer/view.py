"""View of a page of rows: head, cells, links to other pages and states, and the forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from core.columns import Column
from tap.results import RESULT_FORMATS
from webui.explorer.cells import Cell, cells_of, type_text
from webui.explorer.filters import OPERATOR_LABELS, Filter, operators_for
from webui.explorer.row_pages import pages_of
from webui.explorer.rows import Rows
from webui.explorer.selection import SIZES, Selection, Sort

__all__ = ["MOST_COLUMNS", "HeadCell", "TableView", "address_of", "export_formats", "hidden_fields"]

#: Columns that are shown of a table when none are chosen.
MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class HeadCell:
    """The head of a column."""

    column: Column
    type: str
    sort_address: str
    sort_state: str
    panel_address: str
    is_number: bool


@dataclass(frozen=True)
class TableView:
    """View of a selection for the template.

    Parameters
    ----------
    shown
        The selection with the columns that are shown.
    total
        Number of rows; None when they were not counted.
    rows
        The rows of the page; None when the query failed.
    """

    selection: Selection
    shown: Selection
    total: int | None
    rows: Rows | None

    @cached_property
    def head(self) -> tuple[HeadCell, ...]:
        """The heads of the columns."""
        return tuple(self._head(self.selection.source.by_name[name]) for name in self.shown.shown)

    @cached_property
    def head_numbers(self) -> tuple[bool, ...]:
        """Whether the values of each column are numbers."""
        return tuple(self.selection.source.by_name[name].is_numeric for name in self.shown.shown)

    @cached_property
    def cells(self) -> list[list[Cell]]:
        """The cells of each row."""
        return [] if self.rows is None else cells_of(self.rows)

    @property
    def first(self) -> int:
        """Number of the first row of the page."""
        return (self.selection.page - 1) * self.selection.size + 1

    @property
    def pages(self) -> int | None:
        """Number of pages, if the rows were counted."""
        return None if self.total is None else pages_of(self.total, self.selection.size)

    @property
    def adql(self) -> str:
        """The query of all rows of the view."""
        return self.shown.adql()

    @property
    def filters(self) -> tuple[tuple[Filter, str], ...]:
        """The filters, each with the address without it."""
        return tuple((one, address_of(self.selection.without(one))) for one in self.selection.filters)

    @property
    def operators(self) -> tuple[tuple[str, str], ...]:
        """Names and labels of the operators of filters."""
        return tuple(OPERATOR_LABELS.items())

    @property
    def sizes(self) -> Sequence[int]:
        """Choices of the rows of a page."""
        return SIZES

    @property
    def choices(self) -> tuple[tuple[Column, str, str, bool], ...]:
        """All columns, each with its type, its operators, and whether it is shown."""
        shown = set(self.shown.shown)
        return tuple(
            (column, type_text(column), " ".join(operators_for(column)), column.name in shown)
            for column in self.selection.source.columns
        )

    def page_address(self, page: int) -> str:
        """Return the address of another page."""
        return address_of(self.selection.changed(page=page))

    def row_address(self, index: int) -> str:
        """Return the address of a row of the page, counted from 0."""
        kept = self.selection.to_query(page=1)
        return f"/explore/row?{kept}&{urlencode({'row': self.first + index})}"

    def _head(self, column: Column) -> HeadCell:
        sort = self.selection.sort
        state = "none"
        following: Sort | None = Sort(column.name)
        if sort is not None and sort.column == column.name:
            state = "descending" if sort.descending else "ascending"
            following = None if sort.descending else Sort(column.name, descending=True)
        sortable = column.arraysize is None or column.is_text
        panel = self.selection.to_query(page=1)
        return HeadCell(
            column,
            type_text(column),
            address_of(self.selection.changed(sort=following)) if sortable else "",
            state,
            f"/explore/column?{panel}&{urlencode({'column': column.name})}",
            column.is_numeric,
        )


def address_of(selection: Selection) -> str:
    """Return the address of the page of a selection."""
    return f"/explore?{selection.to_query()}"


def hidden_fields(selection: Selection, *left_out: str) -> list[tuple[str, str]]:
    """Return names and values of the hidden fields by which a form keeps the rest of a selection."""
    pairs = parse_qsl(selection.to_query(page=1), keep_blank_values=True)
    return [(name, value) for name, value in pairs if name not in left_out]


def export_formats() -> tuple[str, ...]:
    """Return the names of the formats of results, the most common first."""
    return tuple(known.names[0] for known in RESULT_FORMATS.values())
