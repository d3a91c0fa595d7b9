"""Selection of rows and columns of a table: parsed from an address, written as an address and as ADQL.

Every state of the explorer is an address: ``table``, ``show`` (a column, repeated), ``filter`` (repeated, see
`webui.explorer.filters`), ``cone=ra,dec,radius`` (degrees), ``search``, ``sort=asc:column`` or ``desc:column``,
``page`` and ``size``. Parameters of other names are ignored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode

from core.errors import InvalidValueError
from webui.explorer.filters import Filter, text_literal
from webui.explorer.tables import DescribedTable

__all__ = ["DEFAULT_SIZE", "SIZES", "Cone", "Parameters", "Selection", "Sort"]

#: Rows of a page.
SIZES = (20, 50, 100, 200, 500)
DEFAULT_SIZE = 50

_MOST_FILTERS = 50
_MOST_DIGITS = 15
_CONE_PARTS = 3
_MOST_RADIUS = 180.0
_MOST_DECLINATION = 90.0


class Parameters(Protocol):
    """Parameters of an address, as ``request.query_params`` has them."""

    def get(self, key: str, default: str, /) -> str:
        """Return the last value of a parameter, or another one where there is none."""

    def getlist(self, key: str, /) -> list[str]:
        """Return all values of a parameter."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A cone on the sky: ICRS position and radius in degrees."""

    ra: float
    dec: float
    radius: float

    @classmethod
    def parse(cls, text: str) -> "Cone":
        """Return the cone that ``ra,dec,radius`` states.

        Raises
        ------
        InvalidValueError
            These are not three numbers, or one of them is out of its range.
        """
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != _CONE_PARTS or not all(math.isfinite(number) for number in numbers):
            message = f"The cone '{text[:40]}' is not 'ra,dec,radius' in degrees. Write 150.1,2.2,0.1."
            raise InvalidValueError(message, field="cone")
        ra, dec, radius = numbers
        if abs(dec) > _MOST_DECLINATION or not 0 < radius <= _MOST_RADIUS:
            message = f"The cone '{text[:60]}' needs a declination of -90 to 90 and a radius of 0 to 180 degrees."
            raise InvalidValueError(message, field="cone")
        return cls(ra % 360.0, dec, radius)

    def to_text(self) -> str:
        """Return the cone as an address has it."""
        return f"{self.ra!r},{self.dec!r},{self.radius!r}"


@dataclass(frozen=True, slots=True)
class Sort:
    """Order of the rows by one column; rows without a value come last."""

    column: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str, table: DescribedTable) -> "Sort":
        """Return the order that ``asc:column`` or ``desc:column`` states.

        Raises
        ------
        InvalidValueError
            The direction is another, or the column has no order.
        """
        direction, _, name = text.partition(":")
        if direction not in {"asc", "desc"}:
            message = f"The order '{text[:60]}' is neither asc:column nor desc:column."
            raise InvalidValueError(message, field="sort")
        column = table.column(name)
        if column.arraysize is not None and not column.is_text:
            message = f"Rows cannot be sorted by {name}, a column of arrays. Choose a column of numbers or texts."
            raise InvalidValueError(message, field="sort")
        return cls(name, direction == "desc")

    def to_text(self) -> str:
        """Return the order as an address has it."""
        return f"{'desc' if self.descending else 'asc'}:{self.column}"


@dataclass(frozen=True)
class Selection:
    """Rows and columns of a table, in an order, and the page of them that is shown.

    Parameters
    ----------
    source
        The table.
    columns
        Names of the columns that are shown; empty for all.
    search
        Text that any column of text contains.
    page
        Number of the page, from 1.
    size
        Rows of a page.
    """

    source: DescribedTable
    columns: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    cone: Cone | None = None
    search: str = ""
    sort: Sort | None = None
    page: int = 1
    size: int = DEFAULT_SIZE

    @classmethod
    def parse(cls, params: Parameters, table: DescribedTable) -> "Selection":
        """Return the selection that the parameters of an address state.

        Raises
        ------
        InvalidValueError
            A value does not fit the table; the message names it.
        """
        filters = [text for text in params.getlist("filter") if text]
        if len(filters) > _MOST_FILTERS:
            message = f"There are {len(filters)} filters, more than {_MOST_FILTERS}. Remove some."
            raise InvalidValueError(message, field="filter")
        cone, search, sort = params.get("cone", ""), params.get("search", "").strip(), params.get("sort", "")
        if cone and table.position is None:
            message = f"The table {table.name} has no columns of positions, so a cone cannot be searched in it."
            raise InvalidValueError(message, field="cone")
        if search and not table.text_columns:
            message = f"The table {table.name} has no columns of text to search for '{search[:40]}'. Use filters."
            raise InvalidValueError(message, field="search")
        text_literal(search)
        return cls(
            table,
            columns=tuple(dict.fromkeys(table.column(name).name for name in params.getlist("show") if name)),
            filters=tuple(dict.fromkeys(Filter.parse(text, table) for text in filters)),
            cone=Cone.parse(cone) if cone else None,
            search=search,
            sort=Sort.parse(sort, table) if sort else None,
            page=_page(params.get("page", "1")),
            size=_size(params.get("size", str(DEFAULT_SIZE))),
        )

    @property
    def table(self) -> str:
        """The name of the table in ADQL."""
        return self.source.name

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the columns that are shown."""
        return self.columns or tuple(column.name for column in self.source.columns)

    @property
    def is_whole(self) -> bool:
        """Whether all rows of the table are selected."""
        return not (self.filters or self.cone or self.search)

    def changed(self, **changes: object) -> "Selection":
        """Return another selection; with other rows it begins at its first page."""
        if changes.keys() & {"filters", "cone", "search", "sort", "size"}:
            changes.setdefault("page", 1)
        return replace(self, **changes)  # type: ignore[arg-type]  # names and types are those of the fields

    def without(self, dropped: Filter) -> "Selection":
        """Return the selection without a filter."""
        return self.changed(filters=tuple(one for one in self.filters if one != dropped))

    def to_query(self, **changes: object) -> str:
        """Return the selection, with changes of its fields, as the query of an address, in canonical order."""
        chosen = self.changed(**changes) if changes else self
        pairs = [("table", chosen.table)]
        pairs += [("show", name) for name in chosen.columns]
        pairs += [("filter", one.to_text()) for one in chosen.filters]
        pairs += [("cone", chosen.cone.to_text())] if chosen.cone else []
        pairs += [("search", chosen.search)] if chosen.search else []
        pairs += [("sort", chosen.sort.to_text())] if chosen.sort else []
        pairs += [("page", str(chosen.page))] if chosen.page != 1 else []
        pairs += [("size", str(chosen.size))] if chosen.size != DEFAULT_SIZE else []
        return urlencode(pairs)

    def where(self) -> str:
        """Return the condition on the rows in ADQL, or an empty text when all are selected."""
        conditions = [one.condition(self.source) for one in self.filters]
        if self.cone and self.source.position:
            ra, dec = (self.source.quoted(name) for name in self.source.position)
            cone = self.cone
            conditions.append(f"1 = CONTAINS(POINT({ra}, {dec}), CIRCLE({cone.ra!r}, {cone.dec!r}, {cone.radius!r}))")
        if self.search:
            pattern = text_literal(f"%{self.search}%")
            found = [f"{self.source.quoted(column.name)} ILIKE {pattern}" for column in self.source.text_columns]
            conditions.append(f"({' OR '.join(found)})" if len(found) > 1 else found[0])
        return " AND ".join(conditions)

    def order_by(self, *, reverse: bool = False) -> str:
        """Return the terms of ORDER BY, or an empty text for the order of the table.

        Rows of equal values are ordered by the identifier or the position, so that pages do not overlap.

        Parameters
        ----------
        reverse
            Whether the order is reversed; rows without a value come first then.
        """
        if self.sort is None:
            return ""
        name = self.source.quoted(self.sort.column)
        others = [self.source.quoted(other) for other in self.source.identifying if other != self.sort.column]
        terms = [f"{name} DESC" if self.sort.descending != reverse else name]
        terms += [f"{other} DESC" if reverse else other for other in others]
        if reverse:
            terms.insert(0, f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END")
        return ", ".join(terms)

    def adql(
        self, columns: Sequence[str] | None = None, *, top: int | None = None, order: bool = True, offset: int = 0
    ) -> str:
        """Return the query of the selection in ADQL.

        Parameters
        ----------
        columns
            Expressions of the SELECT list; None for the columns that are shown.
        top
            Most rows; None for all.
        order
            Whether the rows are sorted.
        offset
            Rows that are skipped.
        """
        if columns is None:
            columns = [self.source.quoted(name) for name in self.columns] or ["*"]
        parts = [f"SELECT {f'TOP {top} ' if top is not None else ''}{', '.join(columns)} FROM {self.table}"]  # noqa: S608 - names are quoted
        if where := self.where():
            parts.append(f"WHERE {where}")
        if order and (terms := self.order_by()):
            parts.append(f"ORDER BY {terms}")
        if offset:
            parts.append(f"OFFSET {offset}")
        return " ".join(parts)


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0):
        message = f"'{text[:40]}' is no number of a page. Pages are counted from 1."
        raise InvalidValueError(message, field="page")
    return int(text)


def _size(text: str) -> int:
    if text not in {str(size) for size in SIZES}:
        message = f"A page of '{text[:40]}' rows is not available. Choose one of {', '.join(map(str, SIZES))}."
        raise InvalidValueError(message, field="size")
    return int(text)
