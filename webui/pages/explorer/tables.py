"""Pages of the explorer: the list of tables, and the rows of one."""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.errors import InvalidValueError, PhotozError
from tap.engine import QueryTimeoutError
from tap.models import TapTable
from webui.explorer.forms import FORM_FIELD, with_form
from webui.explorer.positions import RADIUS_UNITS
from webui.explorer.row_pages import RowRange, pages_of
from webui.explorer.rows import Rows, query_rows
from webui.explorer.sorted_pages import narrowed_range
from webui.pages.explorer.explored import Explored, explored
from webui.pages.explorer.view import MOST_COLUMNS, TableView, address_of, export_formats, hidden_fields
from webui.pages.forms import see_other
from webui.pages.rendering.policies import SAMP_HEADERS
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_TABLES_OF_PAGE = 50
_LONGEST_SEARCH = 200
_MOST_DIGITS = 9

#: Fields of the forms whose values are shown again after an error.
_FIELDS = ("f_column", "f_operator", "f_value", "f_high", "position", "radius", "unit", "search")


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of tables and of the rows of a table, which are one address."""
    pages = _Pages(services, renderer)

    @router.get("/explore")
    async def explore(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        if not request.query_params.get("table"):
            return await run_in_threadpool(pages.tables, request, identity)
        found = await run_in_threadpool(explored, services, request, identity)
        if FORM_FIELD in request.query_params and found.error is None:
            try:
                read = services.products.position_of_text
                selection = await run_in_threadpool(with_form, request.query_params, found.selection, read)
                return see_other(address_of(selection))
            except InvalidValueError as e:
                found = Explored(found.table, found.selection, e)
        return await pages.rows(request, identity, found)


@dataclass(frozen=True)
class _Pages:
    services: WebServices
    renderer: PageRenderer

    def tables(self, request: Request, identity: Identity) -> Response:
        search = request.query_params.get("search", "")[:_LONGEST_SEARCH]
        found = self.services.tap.service.tables_of(identity).matching(search)
        pages = pages_of(len(found), _TABLES_OF_PAGE)
        text = request.query_params.get("page", "1")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 1
        number = min(max(number, 1), pages)
        listed = found[(number - 1) * _TABLES_OF_PAGE : number * _TABLES_OF_PAGE]
        return self.renderer.page(
            "explorer/tables.html",
            identity,
            tables=[(table, f"/explore?{urlencode({'table': table.name})}") for table in listed],
            total=len(found),
            search=search,
            number=number,
            pages=pages,
            page_address=lambda page: "/explore?" + urlencode({"search": search, "page": page}),
        )

    async def rows(self, request: Request, identity: Identity, found: Explored) -> Response:
        selection, error = found.selection, None if found.error is None else found.error.message
        status, headers = (200 if found.error is None else found.error.status), {}
        shown = selection
        if not selection.columns and len(selection.source.columns) > MOST_COLUMNS:
            shown = selection.changed(columns=selection.shown[:MOST_COLUMNS])
        total: int | None = None
        rows: Rows | None = None
        try:
            total = await self._total(request, identity, found)
            if total is not None and selection.page > (last := pages_of(total, selection.size)):
                selection, shown = selection.changed(page=last), shown.changed(page=last)
            run = partial(query_rows, request, self.services.tap, identity)
            query = (await narrowed_range(run, RowRange.of_page(shown, total))).query
            rows = await run(query.adql, selection.size)
            rows = rows.reversed() if query.is_reversed else rows
        except PhotozError as e:
            error, status = e.message, e.status
            headers = {} if e.retry_after is None else {"Retry-After": str(e.retry_after)}
        product = await run_in_threadpool(self._product_name, identity, found.table)
        return self.renderer.page(
            "explorer/table.html",
            identity,
            status=status,
            headers={**SAMP_HEADERS, **headers},
            view=TableView(selection, shown, total, rows),
            table=found.table,
            product=product,
            error=error,
            entered={name: request.query_params.get(name, "") for name in _FIELDS},
            units=RADIUS_UNITS,
            formats=export_formats(),
            most=self.services.settings.maxrec_limit,
            hidden_fields=hidden_fields,
        )

    async def _total(self, request: Request, identity: Identity, found: Explored) -> int | None:
        try:
            return await self.services.row_counts.count(request, identity, found.table, found.selection)
        except QueryTimeoutError:  # the rows may still be there in time
            return None

    def _product_name(self, identity: Identity, table: TapTable) -> str | None:
        """Return the internal name of the product of a table, if it is one's."""
        parts = table.entry.parts
        details = self.services.products.published.find(identity, *(part.lower() for part in parts))
        return None if details is None else details.product.internal_name
