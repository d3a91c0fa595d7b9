"""Step 3 of the wizard: the meanings of columns, their units, UCDs and descriptions.

The same page changes the columns of a published product.
"""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.errors import InvalidValueError
from products.inspection.meanings import MEANINGS_BY_KEY
from products.lifecycle.column_words import COMMON_UCDS, COMMON_UNITS
from products.models import InspectionState, ProductStatus
from products.service import ProductDetails
from webui.addresses import product_address
from webui.pages.forms import FormState, read_form, save_or_show
from webui.pages.products.drafts import own_details, product_page
from webui.pages.rendering.templates import PageRenderer
from webui.pages.wizard.column_choices import attributes_of, choices_of, meanings_of, missing_meanings
from webui.pages.wizard.column_list import SHOWN, column_list, list_address, summary_of
from webui.pages.wizard.table_options import chosen_options, table_choices
from webui.services import WebServices

__all__ = ["add_routes", "columns_page"]

_FIELDS_OF_COLUMN = 5
_PAGE = "page-"
#: Field of a script that takes the summary and the rows of the page alone.
_PARTIAL = "partial"


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the third step of the wizard."""
    authenticate = services.authenticate
    most_fields = _FIELDS_OF_COLUMN * services.settings.max_columns + 10

    @router.get("/product/{name}/columns")
    def columns_form(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        return columns_page(services, renderer, identity, details, FormState(), request.query_params)

    @router.post("/product/{name}/columns")
    async def columns(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = await run_in_threadpool(own_details, services, identity, name)
        fields = await read_form(request, most_fields)
        return await run_in_threadpool(_take_columns, services, renderer, identity, details, fields)

    @router.post("/product/{name}/table")
    async def take_table(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = await run_in_threadpool(own_details, services, identity, name)
        fields = await read_form(request, most_fields)
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
        lambda form: columns_page(services, renderer, identity, details, replace(form, values={}), {}),
        fields,
        (),
        then=product_address(details.product.internal_name, "columns"),
    )


def _take_columns(
    services: WebServices, renderer: PageRenderer, identity: Identity, details: ProductDetails, fields: dict[str, str]
) -> Response:
    """Save the form and go where its button leads, or only show what would be wrong with it."""
    then = fields.get("then", "")
    if then == "check":
        return columns_page(services, renderer, identity, details, FormState(fields), fields)
    return save_or_show(
        lambda: _save(services, identity, details, fields, is_last=not then),
        lambda form: columns_page(services, renderer, identity, details, form, fields),
        fields,
        [item.column.name for item in details.columns],
        then=_next_address(details, fields, then),
    )


def _save(
    services: WebServices, identity: Identity, details: ProductDetails, fields: Mapping[str, str], *, is_last: bool
) -> None:
    """Store meanings and attributes; at the end of the step, check that publication would take them."""
    kind, meanings = details.product.product_type, meanings_of(details, fields)
    attributes = attributes_of(details, fields)
    services.products.column_meanings.describe_all(identity, details.product.id, meanings, attributes)
    if not is_last or details.product.status is not ProductStatus.REGISTERING:
        return
    missing = missing_meanings(kind, meanings)
    if missing:
        message = f"Choose a column for each of: {', '.join(missing)}. A product of type {kind.display_name} needs it."
        raise InvalidValueError(message)
    services.products.uploads.check_meanings(identity, details.product.id)


def _next_address(details: ProductDetails, fields: Mapping[str, str], then: str) -> str:
    """Return the address after saving: the next step, the product, or another page of the list."""
    product = details.product
    if not then:
        is_draft = product.status is ProductStatus.REGISTERING
        return product_address(product.internal_name, "review" if is_draft else "")
    page = then.removeprefix(_PAGE) if then.startswith(_PAGE) else ""
    return product_address(product.internal_name, "columns") + list_address(fields, page)


def columns_page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    form: FormState,
    listed: Mapping[str, str],
) -> Response:
    """Render the page.

    Parameters
    ----------
    listed
        What is listed: ``q``, ``show`` and ``page``; and whether only that is shown, ``partial``.
    """
    failed = details.product.inspection_state is InspectionState.FAILED
    choices = choices_of(details, form.values or None)
    page = column_list(choices, listed)
    on_page = {choice.item.id for choice in page.choices}
    return product_page(
        services,
        renderer,
        "wizard/columns.html",
        identity,
        details,
        form,
        choices=choices,
        listed=page,
        filters=SHOWN,
        elsewhere=[choice for choice in choices if choice.problem and choice.item.id not in on_page],
        summary=summary_of(details.product.product_type, choices),
        meanings=MEANINGS_BY_KEY,
        common_units=COMMON_UNITS,
        common_ucds=COMMON_UCDS,
        mandatory=details.product.product_type.mandatory,
        table=None if _PARTIAL in listed else table_choices(details),
        failure=details.product.inspection_error if failed else None,
    )
