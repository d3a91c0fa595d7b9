"""Query page: the editor with tables, examples and cone search beside it, and results below."""

from collections import OrderedDict
from dataclasses import replace
from functools import partial
from threading import Lock

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.callers import caller_of
from core.auth.models import Identity
from core.cancellation import Cancellation
from core.errors import NotFoundError, PhotozError
from core.web.streaming import StreamedAnswer
from tap.adql import UnknownTableError
from tap.handlers.turns import answer_in_turn
from tap.metadata.catalog import TableSet
from tap.pages.examples import Example, examples_of
from tap.queues.pending import PendingQuery
from tap.service import QueryAnswer
from webui.explorer.positions import RADIUS_UNITS, parse_radius
from webui.pages.forms import form_fields, see_other
from webui.pages.query.cone import cone_query, parse_position
from webui.pages.query.form import DOWNLOAD_FORMATS, FIRST_QUERY, QueryForm, tap_parameters
from webui.pages.query.jobs import job_address, recent_queries, submit_job
from webui.pages.query.results import QueryResult, read_result
from webui.pages.query.tables import find_tables, listed_columns, table_named
from webui.pages.rendering.policies import SAMP_HEADERS
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["QueryPage", "add_routes"]

_KEPT_EXAMPLES = 16


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the query page and the download of results."""
    page = QueryPage(services, renderer)

    @router.get("/query")
    def query(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        return page.filled(identity, QueryForm.of(request.query_params))

    @router.post("/query")
    async def run(
        request: Request,
        identity: Identity = Depends(services.authenticate),
        fields: dict[str, str] = Depends(form_fields),
    ) -> Response:
        form = QueryForm.of(fields)
        action = request.query_params.get("action") or fields.get("action", "")
        if action in {"job", "explore"}:
            return await run_in_threadpool(page.submitted, identity, form, fields, is_explored=action == "explore")
        if action in {"tables", "cone"}:
            return await run_in_threadpool(page.filled, identity, form, is_cone=action == "cone")
        begin = partial(_begun, services, form, identity, caller_of(request, identity))
        try:
            result = await answer_in_turn(request, begin)
        except PhotozError as e:
            return await run_in_threadpool(page.shown, identity, QueryForm.of(fields, _advised(e, identity)))
        return await run_in_threadpool(page.shown, identity, form, result)

    @router.post("/query/download")
    async def download(
        request: Request,
        identity: Identity = Depends(services.authenticate),
        fields: dict[str, str] = Depends(form_fields),
    ) -> Response:
        form = QueryForm.of(fields)
        begin = partial(_download, services, form, identity, caller_of(request, identity))
        try:
            answer = await answer_in_turn(request, begin)
        except PhotozError as e:
            return await run_in_threadpool(page.shown, identity, QueryForm.of(fields, _advised(e, identity)))
        headers = dict(answer.headers)
        headers["Content-Disposition"] = headers["Content-Disposition"].replace("inline", "attachment", 1)
        return StreamedAnswer(answer.chunks, media_type=answer.media_type, close=answer.close, headers=headers)


class QueryPage:
    """The page with what one identity sees on it."""

    def __init__(self, services: WebServices, renderer: PageRenderer) -> None:
        self._services = services
        self._renderer = renderer
        self._examples = _Examples()

    def filled(self, identity: Identity, form: QueryForm, *, is_cone: bool = False) -> Response:
        """Return the page without a result; a cone search writes its query into the editor."""
        if not is_cone:
            return self.shown(identity, form)
        values = {name: getattr(form, name) for name in ("maxrec", "format", "search", "page", "table")}
        cone = {name: getattr(form, name) for name in ("position", "radius", "unit", "cone_table")}
        try:
            text = _cone_text(self._services, identity, form)
        except PhotozError as e:
            return self.shown(identity, QueryForm(form.text, **values, **cone, error=e))
        return self.shown(identity, QueryForm(text, **values, **cone))

    def submitted(
        self, identity: Identity, form: QueryForm, fields: dict[str, str], *, is_explored: bool = False
    ) -> Response:
        """Submit a query as a job, and redirect to its page, which leads on to the data explorer if so asked."""
        try:
            job = submit_job(self._services, identity, replace(form, format="parquet") if is_explored else form)
        except PhotozError as e:
            return self.shown(identity, QueryForm.of(fields, _advised(e, identity)))
        return see_other(job_address(job.id, is_explored=is_explored))

    def shown(self, identity: Identity, form: QueryForm, result: QueryResult | None = None) -> Response:
        """Return the page, with the result of the query if it was run."""
        services = self._services
        shown_table = None
        if form.table:
            try:
                shown_table = table_named(services, identity, form.table)
            except NotFoundError:
                shown_table = None  # it was removed since the page was made
        return self._renderer.page(
            "query/query.html",
            identity,
            status=form.status,
            headers=SAMP_HEADERS,
            form=form,
            text=form.text or FIRST_QUERY,
            result=result,
            found=find_tables(services, identity, form.search, form.page),
            shown_table=shown_table,
            columns=listed_columns(shown_table) if shown_table is not None else (),
            examples=self._examples.of(services.tap.catalog.tables_of(identity)),
            recent=recent_queries(services, identity),
            formats=DOWNLOAD_FORMATS,
            units=tuple(RADIUS_UNITS),
            seconds=services.settings.query_seconds,
            job_seconds=services.settings.query_async_seconds,
            job_days=services.settings.job_days,
            product_types=[kind for kind in services.products.service.types() if kind.is_open],
        )


class _Examples:
    """Examples of the table sets that were asked for last; to make those of many tables takes long."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[TableSet, tuple[Example, ...]]] = OrderedDict()
        self._lock = Lock()

    def of(self, tables: TableSet) -> tuple[Example, ...]:
        with self._lock:
            kept = self._kept.get(id(tables))
        if kept is not None and kept[0] is tables:
            return kept[1]
        made = examples_of(tables)
        with self._lock:
            self._kept[id(tables)] = (tables, made)
            while len(self._kept) > _KEPT_EXAMPLES:
                self._kept.popitem(last=False)
        return made


def _begun(
    services: WebServices, form: QueryForm, identity: Identity, owner: str, cancellation: Cancellation
) -> PendingQuery[QueryResult]:
    return services.tap.service.read(tap_parameters(form, "votable"), identity, read_result, cancellation, owner=owner)


def _download(
    services: WebServices, form: QueryForm, identity: Identity, owner: str, cancellation: Cancellation
) -> PendingQuery[QueryAnswer]:
    # One row above the limit: a format that cannot state that rows were cut ends in an error then.
    parameters = tap_parameters(form, form.format, maxrec=services.settings.maxrec_limit + 1)
    return services.tap.service.query(parameters, identity, cancellation, owner=owner)


def _advised(error: PhotozError, identity: Identity) -> PhotozError:
    """Add to the error of an unknown table what anonymous users can do."""
    if isinstance(error, UnknownTableError) and identity.is_anonymous:
        error.message = f"{error.message} If the table is not public, sign in."
    return error


def _cone_text(services: WebServices, identity: Identity, form: QueryForm) -> str:
    ra, dec = parse_position(form.position, services.products.position_of_text)
    radius = parse_radius(form.radius, form.unit)
    try:
        table = table_named(services, identity, form.cone_table)
    except NotFoundError as e:
        raise NotFoundError(e.message, field="cone_table") from e
    return cone_query(table, ra, dec, radius)
