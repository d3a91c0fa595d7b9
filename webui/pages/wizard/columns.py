"""Step 3 of the wizard: the meanings of columns."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.errors import InvalidValueError
from products.inspection.meanings import MEANINGS_BY_KEY
from products.models import InspectionState
from products.service import ProductDetails
from webui.addresses import product_address
from webui.pages.forms import FormState, read_form, save_or_show
from webui.pages.products.drafts import own_details, product_page
from webui.pages.rendering.templates import PageRenderer
from webui.pages.wizard.column_choices import choices_of, meanings_of, missing_meanings
from webui.pages.wizard.table_options import chosen_options, table_choices
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the third step of the wizard."""
    authenticate = services.authenticate

    @router.get("/product/{name}/columns")
    def columns_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        return _columns_page(services, renderer, identity, details, FormState())

    @router.post("/product/{name}/columns")
    async def columns(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = await run_in_threadpool(own_details, services, identity, name)
        fields = await read_form(request, 2 * services.settings.max_columns + 10)
        return await run_in_threadpool(_save_columns, services, renderer, identity, details, fields)

    @router.post("/product/{name}/table")
    async def take_table(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = await run_in_threadpool(own_details, services, identity, name)
        fields = await read_form(request, 2 * services.settings.max_columns + 10)
        return await run_in_threadpool(_take_table, services, renderer, identity, details, fields)


def _take_table(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    fields: dict[str, str],
) -> Response:
    uploads = services.products.uploads
    return save_or_show(
        lambda: uploads.take_table(identity, details.product.id, chosen_options(details, fields)),
        lambda form: _columns_page(services, renderer, identity, details, replace(form, values={})),
        fields,
        (),
        then=product_address(details.product.internal_name, "columns"),
    )


def _save_columns(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    fields: dict[str, str],
) -> Response:
    return save_or_show(
        lambda: _describe(services, identity, details, meanings_of(details.columns, fields)),
        lambda form: _columns_page(services, renderer, identity, details, form),
        fields,
        [item.column.name for item in details.columns],
        then=product_address(details.product.internal_name, "review"),
    )


def _describe(services: WebServices, identity: Identity, details: ProductDetails, meanings: dict[str, str]) -> None:
    """Store the meanings of columns, then check that all mandatory ones are given, to columns that can have them."""
    kind = details.product.product_type
    services.products.column_meanings.describe_all(identity, details.product.id, meanings)
    missing = missing_meanings(kind, meanings)
    if missing:
        message = f"Choose a column for each of: {', '.join(missing)}. A product of type {kind.display_name} needs it."
        raise InvalidValueError(message)
    services.products.uploads.check_meanings(identity, details.product.id)


def _columns_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, details: ProductDetails, form: FormState
) -> Response:
    failed = details.product.inspection_state is InspectionState.FAILED
    return product_page(
        services,
        renderer,
        "wizard/columns.html",
        identity,
        details,
        form,
        choices=choices_of(details, form.values or None),
        meanings=MEANINGS_BY_KEY,
        mandatory=details.product.product_type.mandatory,
        table=table_choices(details),
        failure=details.product.inspection_error if failed else None,
    )
