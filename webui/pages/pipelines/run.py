"""Page of a run: progress, log, and its report or error."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity, Scope
from core.errors import NotFoundError
from pipelines.models import Run
from pipelines.storage import RunQuery
from products.access import changeable
from products.service import ProductDetails
from webui.charts.run_report import ReportView
from webui.disclosures import run_warnings
from webui.pages.forms import see_other
from webui.pages.pipelines.run_values import input_files
from webui.pages.products.drafts import Progress
from webui.pages.rendering.templates import PageRenderer
from webui.runs import input_products, report_of
from webui.services import WebServices

__all__ = ["add_routes", "report_view"]

_MOST_OTHERS = 50


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of a run, its charts as SVG files, and the form that aborts it."""
    authenticate, pipelines = services.authenticate, services.pipelines.service

    @router.get("/runs/{number}")
    def run_page(number: int, identity: Identity = Depends(authenticate)) -> Response:
        run = pipelines.get(identity, number)
        details = services.products.service.details(identity, run.product_id)
        return renderer.page(
            "pipelines/run.html",
            identity,
            run=run,
            details=details,
            product=details.product,
            inputs=input_products(services, identity, run),
            disclosures=run_warnings(services, identity, run),
            files=input_files(services, identity, run),
            others=_others(services, identity, run),
            log=pipelines.log(identity, number),
            progress=None if run.phase.ended else Progress(run.progress, run.message),
            report=report_view(services, identity, run, details),
            may_stop=changeable(identity, details.product),
            job_url=f"/pipelines/{run.pipeline.name}/{run.job_id}",
        )

    @router.get("/runs/{number}/pictures/{key}.svg")
    def picture(number: int, key: str, identity: Identity = Depends(authenticate)) -> Response:
        run = pipelines.get(identity, number)
        report = report_view(services, identity, run, services.products.service.details(identity, run.product_id))
        if report is None or key not in dict(report.pictures):
            raise NotFoundError(f"The report of run {number} has no chart '{key[:100]}'.")
        drawing = next((each for each in report.drawings if each.key == key), None)
        if drawing is not None:
            return renderer.drawing(drawing.draw())
        figure = next((each for each in report.figures if each.key == key), None)
        return renderer.picture("picture.svg", figure=figure, sky=report.sky)

    @router.post("/runs/{number}/abort")
    def abort(number: int, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        return see_other(f"/runs/{pipelines.stop(identity, number).id}")


def _others(services: WebServices, identity: Identity, run: Run) -> tuple[Run, ...]:
    """Return runs of the same pipeline to compare with."""
    query = RunQuery(pipelines=(run.pipeline.name,), limit=_MOST_OTHERS + 1)
    found = services.pipelines.service.list(identity, query)
    return tuple(other for other in found if other.id != run.id)[:_MOST_OTHERS]


def report_view(services: WebServices, identity: Identity, run: Run, details: ProductDetails) -> ReportView | None:
    """Return the report of a run; None before its end, or when its owner removed it."""
    try:
        return ReportView.of(run.pipeline, report_of(services, identity, run.product_id), details.inspection)
    except NotFoundError:
        return None
