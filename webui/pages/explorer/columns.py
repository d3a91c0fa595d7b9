"""Panel of a column: its metadata, and its statistics in the selection; a page of its own, or a part of one."""

from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.columns import Column
from core.errors import PhotozError
from webui.charts.histogram import HistogramPlot, bar_plot
from webui.explorer.cells import type_text
from webui.explorer.column_statistics import MOST_DISTINCT, ColumnStatistics, column_statistics
from webui.explorer.filters import Filter, operators_for
from webui.explorer.rows import query_rows
from webui.explorer.selection import Selection
from webui.pages.explorer.explored import explored
from webui.pages.explorer.view import address_of, hidden_fields
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of a column."""

    @router.get("/explore/column")
    async def column(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        found = await run_in_threadpool(explored, services, request, identity)
        if found.error is not None:
            raise found.error
        selection = found.selection
        chosen = selection.source.column(request.query_params.get("column", ""))
        statistics: ColumnStatistics | None = None
        error, status, headers = None, 200, {}
        try:
            run = partial(query_rows, request, services.tap, identity)
            statistics = await column_statistics(run, selection, chosen)
        except PhotozError as e:
            error, status = e.message, e.status
            headers = {} if e.retry_after is None else {"Retry-After": str(e.retry_after)}
        part = request.query_params.get("part") == "1"
        return renderer.page(
            "explorer/column_part.html" if part else "explorer/column.html",
            identity,
            status=status,
            headers=headers,
            column=chosen,
            type=type_text(chosen),
            selection=selection,
            statistics=statistics,
            plot=_plot(statistics),
            is_ranged="between" in operators_for(chosen),
            range=_range(selection, chosen),
            most_distinct=MOST_DISTINCT,
            error=error,
            hidden_fields=hidden_fields,
            no_value=Filter(chosen.name, "null"),
            back=address_of(selection),
            with_filter=lambda one: address_of(selection.changed(filters=(*selection.filters, one))),
        )


def _plot(statistics: ColumnStatistics | None) -> HistogramPlot | None:
    if statistics is None or statistics.histogram is None:
        return None
    return bar_plot(statistics.histogram.edges, statistics.histogram.counts)


def _range(selection: Selection, column: Column) -> tuple[str, str]:
    """Return the bounds that the selection has for a column, as they were entered."""
    for one in selection.filters:
        if one.column == column.name and (bounds := _bounds(one)):
            return bounds
    return "", ""


def _bounds(one: Filter) -> tuple[str, str] | None:
    if one.operator == "between":
        return one.values[0], one.values[1]
    return {"ge": (one.values[0], ""), "le": ("", one.values[0])}.get(one.operator) if one.values else None
