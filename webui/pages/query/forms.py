"""Forms that save the result of a query, or of a job, as a table of the user or as a new draft."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.callers import caller_of
from core.auth.models import Identity, Scope
from core.cancellation import Cancellation
from core.errors import ConflictError, InvalidValueError, PhotozError
from products.models import Visibility
from products.product_types import PRODUCT_TYPES
from products.service import NewProduct
from tap.handlers.turns import answer_in_turn
from tap.queues.pending import PendingQuery
from tap.results import result_name
from tap.service import OpenQuery
from uws import Job
from webui.addresses import product_address
from webui.pages.forms import form_fields, see_other
from webui.pages.query.form import QueryForm, tap_parameters
from webui.pages.query.jobs import PRODUCT_FORMATS, TABLE_FORMATS, find_job, format_of, job_page
from webui.pages.query.page import QueryPage
from webui.pages.query.saving import ResultStore, whole_result
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_Fields = Mapping[str, str]

#: Returns the function that saves the rows of a query and returns the address to go to.
_Saver = Callable[[ResultStore, Identity, _Fields], Callable[[OpenQuery], str]]

#: Saves the result of a job and returns the address to go to.
_JobSaver = Callable[[WebServices, ResultStore, Identity, _Fields, Job], str]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the forms below a result, and those on the page of a job."""
    store = ResultStore(services)
    _add_of_queries(router, services, renderer, store)
    _add_of_jobs(router, services, renderer, store)


def _add_of_queries(router: APIRouter, services: WebServices, renderer: PageRenderer, store: ResultStore) -> None:
    def saving(result_format: str, saver: _Saver) -> Callable[..., Awaitable[Response]]:
        page = QueryPage(services, renderer)

        async def save(
            request: Request,
            identity: Identity = Depends(services.authenticate),
            fields: dict[str, str] = Depends(form_fields),
        ) -> Response:
            identity.require(Scope.WRITE)
            owner = caller_of(request, identity)

            def begin(cancellation: Cancellation) -> PendingQuery[str]:
                maxrec = services.settings.maxrec_limit
                parameters = tap_parameters(QueryForm.of(fields), result_format, maxrec=maxrec)
                finish = saver(store, identity, fields)
                return services.tap.service.read(parameters, identity, finish, cancellation, owner=owner)

            try:
                return see_other(await answer_in_turn(request, begin))
            except PhotozError as e:
                return await run_in_threadpool(page.shown, identity, QueryForm.of(fields, e))

        return save

    router.post("/query/table")(saving("votable", _table_saver))
    router.post("/query/product")(saving("parquet", _product_saver))


def _add_of_jobs(router: APIRouter, services: WebServices, renderer: PageRenderer, store: ResultStore) -> None:
    def saving(save: _JobSaver) -> Callable[..., Response]:
        def saved(
            job_id: str,
            identity: Identity = Depends(services.authenticate),
            fields: dict[str, str] = Depends(form_fields),
        ) -> Response:
            identity.require(Scope.WRITE)
            job = find_job(services, identity, job_id)
            try:
                return see_other(save(services, store, identity, fields, job))
            except PhotozError as e:
                return job_page(services, renderer, identity, job, e)

        return saved

    router.post("/query/jobs/{job_id}/table")(saving(_save_job_table))
    router.post("/query/jobs/{job_id}/product")(saving(_save_job_product))


def _table_saver(store: ResultStore, identity: Identity, fields: _Fields) -> Callable[[OpenQuery], str]:
    name = _table_name(fields)
    return lambda opened: _table_address(store.save_table(identity, name, whole_result(opened)))


def _product_saver(store: ResultStore, identity: Identity, fields: _Fields) -> Callable[[OpenQuery], str]:
    new = _new_product(fields, fields.get("query", ""))

    def save(opened: OpenQuery) -> str:
        name = result_name(opened.tables, opened.result_format.extension)
        product = store.save_product(identity, new, name, opened.tables, whole_result(opened))
        return product_address(product.internal_name, "columns")

    return save


def _save_job_table(services: WebServices, store: ResultStore, identity: Identity, fields: _Fields, job: Job) -> str:
    if format_of(job).extension not in TABLE_FORMATS:
        message = "A table is made of a result in VOTable only. Run the job again with the format votable."
        raise ConflictError(message)
    size = _checked_size(services, identity, job)
    return _table_address(store.save_table(identity, _table_name(fields), services.tap.results.read(job.id, 0, size)))


def _save_job_product(services: WebServices, store: ResultStore, identity: Identity, fields: _Fields, job: Job) -> str:
    chosen = format_of(job)
    if chosen.extension not in PRODUCT_FORMATS:
        message = f"A result in the format {chosen.names[0]} cannot be the main file of a product."
        raise ConflictError(message)
    new = _new_product(fields, job.parameters.get("QUERY", ""))
    size, tables = _checked_size(services, identity, job), services.tap.results.tables(job.id)
    chunks = services.tap.results.read(job.id, 0, size)
    name = result_name(tables, chosen.extension)
    product = store.save_product(identity, new, name, tables, chunks, job_id=job.id)
    return product_address(product.internal_name, "columns")


def _checked_size(services: WebServices, identity: Identity, job: Job) -> int:
    """Return the size of a job's result, if its owner may still read the tables that it came from."""
    if not job.results:
        message = f"This job has no result: it is {job.phase.value}."
        raise ConflictError(message)
    services.tap.service.require_tables(services.tap.results.tables(job.id), identity)
    return job.results[0].size or 0


def _table_name(fields: _Fields) -> str:
    name = fields.get("table_name", "").strip()
    if not name:
        message = "Enter a name for the table."
        raise InvalidValueError(message, field="table_name")
    return name


def _table_address(full_name: str) -> str:
    return f"/explore?table={full_name}"


def _new_product(fields: _Fields, query: str) -> NewProduct:
    """Return the draft of a form: its owner's alone, because its rows may come from tables that others may not read."""
    number = fields.get("product_type", "")
    kind = next((kind for kind in PRODUCT_TYPES.values() if str(kind.id) == number), None)
    if kind is None:
        message = "Choose what kind of product it is."
        raise InvalidValueError(message, field="product_type")
    text = query.replace("\r\n", "\n").strip().replace("```", "'''")
    return NewProduct(
        display_name=fields.get("display_name", ""),
        product_type=kind.id,
        description=f"Result of the query\n\n```\n{text}\n```\n",
        visibility=Visibility.PRIVATE,
    )
