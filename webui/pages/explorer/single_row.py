"""Page of one row of a selection, with all its values in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.columns import Column
from core.errors import InvalidValueError
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from products.rows.selected_densities import SelectedDensities
from products.service import ProductDetails
from webui.addresses import product_address
from webui.charts.curves import CurvePlot
from webui.explorer.cells import Cell, cells_of, type_text
from webui.explorer.row_pages import RowRange
from webui.explorer.rows import Rows, query_rows
from webui.explorer.selection import Selection
from webui.explorer.sorted_pages import narrowed_range
from webui.pages.explorer.explored import Explored, explored
from webui.pages.explorer.view import address_of
from webui.pages.products.density_plots import density_plot
from webui.pages.products.product_view import identifier_column
from webui.pages.rendering.policies import SAMP_HEADERS
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class _Value:
    column: Column
    type: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class _Density:
    """The density of the row.

    Parameters
    ----------
    plot
        None when the row has no density that can be drawn.
    point
        Column of the point estimate that the plot marks.
    address
        Page of the densities of other objects; None for a table that is no product's.
    """

    plot: CurvePlot | None
    point: str | None
    address: str | None


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of a row."""

    @router.get("/explore/row")
    async def row(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        found = await run_in_threadpool(explored, services, request, identity)
        if found.error is not None:
            raise found.error
        number = _number(request.query_params.get("row", ""))
        total = await services.row_counts.count(request, identity, found.table, found.selection)
        if number > total:
            message = f"There is no row {number}: the selection has {total} rows."
            raise InvalidValueError(message, field="row")
        run = partial(query_rows, request, services.tap, identity)
        wanted = RowRange.of_row(found.selection.changed(columns=()), number, total)
        rows = await run((await narrowed_range(run, wanted)).query.adql, 1)
        density = await run_in_threadpool(_density, services, identity, found, rows, number)
        return renderer.page(
            "explorer/row.html",
            identity,
            headers=SAMP_HEADERS,
            selection=found.selection,
            table=found.table,
            number=number,
            total=total,
            values=[
                _Value(column, type_text(column), cell)
                for column, cell in zip(rows.columns, cells_of(rows, whole=True)[0], strict=True)
            ],
            density=density,
            position=_position(found.selection, rows),
            adql=found.selection.changed(columns=()).adql(top=1, offset=number - 1),
            back=address_of(_page_with(found.selection, number)),
            row_address=lambda other: f"/explore/row?{found.selection.to_query()}&{urlencode({'row': other})}",
        )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0):
        message = f"'{text[:40]}' is no number of a row. Rows are counted from 1."
        raise InvalidValueError(message, field="row")
    return int(text)


def _page_with(selection: Selection, number: int) -> Selection:
    return selection.changed(page=1 + (number - 1) // selection.size)


def _position(selection: Selection, rows: Rows) -> tuple[object, object] | None:
    """Return the position of the row in degrees, or None if it has none."""
    values, names = rows.first(), selection.source.position
    found = None if names is None else (values.get(names[0]), values.get(names[1]))
    return None if found is None or None in found else found


def _density(services: WebServices, identity: Identity, found: Explored, rows: Rows, number: int) -> _Density | None:
    """Return the density p(z) of the row, where the table has densities."""
    drawn = next((pair for pair in zip(rows.columns, rows.arrays, strict=True) if pair[0].density), None)
    if drawn is None:
        return None
    column, array = drawn
    values, details = rows.first(), None
    of_table = services.products.published.find(identity, *(part.lower() for part in found.table.entry.parts))
    if of_table is not None:
        # With what its inspection found: the identifiers may be guessed.
        details = services.products.service.details(identity, of_table.product.id)
    estimate = None if details is None or details.table is None else details.table.z
    point = values.get(estimate) if estimate is not None else None
    densities = Densities.from_arrow(DensityForm.from_json(column.density or ""), array)
    points = np.array([point if isinstance(point, int | float) else np.nan], dtype=np.float64)
    plot = density_plot(SelectedDensities((f"row {number}",), densities, points, 1))
    return _Density(plot, estimate, None if details is None else _densities_address(details, values))


def _densities_address(details: ProductDetails, values: Mapping[str, object]) -> str:
    """Return the page of the densities of a product, at the object of a row if it has an identifier."""
    address = product_address(details.product.internal_name, "densities")
    name = identifier_column(details)
    identifier = None if name is None else values.get(name)
    return address if identifier is None else f"{address}?{urlencode({'id': str(identifier)})}"
