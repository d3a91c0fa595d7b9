"""Page of the plots of a selection, each plot as an SVG document, and the bins of a plot as CSV or VOTable."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.errors import InvalidValueError
from webui.explorer.forms import FORM_FIELD, with_form
from webui.explorer.plots.defaults import default_plots, density_column
from webui.explorer.plots.forms import FORM_NUMBER, plot_from_form, plots_of, values_of
from webui.explorer.plots.specifications import FLAGS, KINDS, PlotSpecification
from webui.explorer.positions import RADIUS_UNITS
from webui.explorer.quantities import plotted_columns
from webui.explorer.selection import Selection
from webui.pages.explorer.explored import Explored, explored
from webui.pages.explorer.plot_answers import PlotAnswers
from webui.pages.explorer.view import hidden_fields
from webui.pages.forms import see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_PLOTS = "/explore/plot"
_FIELDS = ("f_column", "f_value", "f_high", "position", "radius", "unit")


@dataclass(frozen=True, slots=True)
class _Panel:
    """A plot on the page: its addresses and the values of its form."""

    specification: PlotSpecification
    query: str
    values: dict[str, object]
    without: str


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of plots, and the addresses of a plot in each form."""
    answers = PlotAnswers(services.tap)

    @router.get(_PLOTS)
    def plots(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        found = explored(services, request, identity)
        table = found.selection.source
        error = found.error
        chosen: list[PlotSpecification] = []
        try:
            chosen = plots_of(request.query_params, table)
            if error is None and (changed := _changed(services, request, found.selection, chosen)) is not None:
                return see_other(changed)
        except InvalidValueError as e:
            error = e
        return _page(services, renderer, identity, request, Explored(found.table, found.selection, error), chosen)

    @router.get(f"{_PLOTS}.svg")
    async def drawing(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        found = await run_in_threadpool(explored, services, request, identity)
        return await answers.drawing(request, identity, found)

    @router.get(f"{_PLOTS}.csv")
    async def csv(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        found = await run_in_threadpool(explored, services, request, identity)
        return await answers.table(request, identity, found, "csv")

    @router.get(f"{_PLOTS}.vot")
    async def votable(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        found = await run_in_threadpool(explored, services, request, identity)
        return await answers.table(request, identity, found, "vot")


def _changed(
    services: WebServices, request: Request, selection: Selection, plots: list[PlotSpecification]
) -> str | None:
    """Return the address with what a form has changed, or None if no form was sent."""
    given = request.query_params
    if FORM_FIELD not in given:
        return None
    anchor = ""
    if given.get(FORM_NUMBER, "").isdecimal():
        plots = plots or default_plots(selection.source)
        number = min(int(given[FORM_NUMBER][:3]), len(plots))
        plots[number : number + 1] = [plot_from_form(given, selection.source)]
        anchor = f"#plot-{number + 1}"
    elif given.get("f_column") or given.get("position", "").strip():
        selection = with_form(given, selection, services.products.position_of_text)
    return _address(selection, plots) + anchor


def _address(selection: Selection, plots: list[PlotSpecification]) -> str:
    return f"{_PLOTS}?{_query(selection, plots)}"


def _query(selection: Selection, plots: list[PlotSpecification]) -> str:
    rows = selection.to_query(columns=(), sort=None, page=1)
    return "&".join([rows, *(urlencode({"plot": plot.text}) for plot in plots)])


def _page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    request: Request,
    found: Explored,
    chosen: list[PlotSpecification],
) -> Response:
    selection, table = found.selection, found.selection.source
    plots = chosen or default_plots(table)
    kept = [*hidden_fields(selection), *(("plot", plot.text) for plot in chosen)]
    panels = [
        _Panel(
            plot,
            _query(selection, [plot]),
            values_of(plot),
            _address(selection, plots[:number] + plots[number + 1 :]),
        )
        for number, plot in enumerate(plots)
    ]
    parts = found.table.entry.parts
    product = services.products.published.find(identity, *(part.lower() for part in parts))
    new = values_of(plots[-1]) if plots else {"kind": "hist", "flags": []}
    return renderer.page(
        "explorer/plots.html",
        identity,
        status=200 if found.error is None else found.error.status,
        table=found.table,
        selection=selection,
        adql=selection.changed(columns=(), sort=None).adql(),
        panels=panels,
        new=new,
        kinds=list(KINDS.values()),
        flags=FLAGS,
        columns=list(plotted_columns(table)),
        densities=density_column(table),
        kept=kept,
        filters=[(one, _address(selection.without(one), chosen)) for one in selection.filters],
        address=lambda **changes: _address(selection.changed(**changes), chosen),
        explore=f"/explore?{selection.to_query(page=1)}",
        all_rows=Selection(table),
        product=None if product is None else product.product.internal_name,
        entered={name: request.query_params.get(name, "") for name in _FIELDS},
        units=RADIUS_UNITS,
        error=None if found.error is None else found.error.message,
    )
