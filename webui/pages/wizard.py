"""The wizard that registers a product: step 1 (basic information), step 3 (columns) and step 4 (review).

Step 2, the files, stands in ``wizard_files``. Each step is a page with a form that works without JavaScript; what a
step says is stored when it is left, so that a registration can be continued days later.
"""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import ConflictError, InvalidValueError, PermissionDeniedError
from products.inspection.meanings import MEANINGS_BY_KEY
from products.models import InspectionState, ProductStatus
from products.product_types import PRODUCT_TYPES
from products.service import NewProduct, ProductDetails
from webui.pages.addresses import product_address
from webui.pages.column_choices import choices_of, meanings_of, missing_meanings
from webui.pages.drafts import own_details, progress_of
from webui.pages.forms import FormState, form_fields, read_form
from webui.pages.product_view import ProductView
from webui.pages.rendering import PageRenderer, see_other
from webui.pages.visibility import chosen_groups, chosen_visibility, groups_on_offer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = (
    "display_name",
    "product_type",
    "release",
    "pz_code",
    "visibility",
    "groups",
    "official_product",
    "description",
)
_PUBLISH_SECONDS = 2.0


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the first, third and fourth step."""
    _add_basic(router, services, renderer)
    _add_columns(router, services, renderer)
    _add_review(router, services, renderer)


# --- step 1


def _add_basic(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, products = services.authenticate, services.products.service

    @router.get("/product/new")
    def basic_form(identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        return _basic_page(services, renderer, identity, FormState())

    @router.post("/product/new")
    def basic(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        identity.require(Scope.WRITE)
        try:
            product = products.create(identity, _new_product(fields))
        except (InvalidValueError, PermissionDeniedError) as e:
            form = FormState.refused(fields, e, *_FIELDS)
            return _basic_page(services, renderer, identity, form, status=e.status)
        return see_other(product_address(product.internal_name, "files"))


def _basic_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, form: FormState, *, status: int = 200
) -> Response:
    return renderer.page(
        "wizard_basic.html",
        identity,
        status=status,
        form=form,
        draft=services.products.service.draft(identity),
        releases=services.products.service.releases(identity),
        product_types=[kind for kind in services.products.service.types() if kind.is_open],
        groups=groups_on_offer(services, identity),
    )


def _new_product(fields: dict[str, str]) -> NewProduct:
    number, release = fields.get("product_type", ""), fields.get("release", "")
    kind = next((kind for kind in PRODUCT_TYPES.values() if str(kind.id) == number), None)
    if kind is None:
        message = "Choose what kind of product it is."
        raise InvalidValueError(message, field="product_type")
    visibility = chosen_visibility(fields)
    return NewProduct(
        display_name=fields.get("display_name", ""),
        product_type=kind.id,
        # A field that the chosen type does not have is hidden, so what was entered there before is dropped.
        release=int(release) if kind.has_release and release.isascii() and release.isdecimal() else None,
        pz_code=fields.get("pz_code", "").strip() or None if kind.has_pz_code else None,
        description=fields.get("description", "").replace("\r\n", "\n"),
        official="official_product" in fields,
        visibility=visibility,
        groups=chosen_groups(fields),
    )


# --- step 3


def _add_columns(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
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


def _save_columns(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    fields: dict[str, str],
) -> Response:
    try:
        _describe(services, identity, details, meanings_of(details.columns, fields))
    except (InvalidValueError, ConflictError) as e:
        form = FormState.refused(fields, e)
        return _columns_page(services, renderer, identity, details, form, status=e.status)
    return see_other(product_address(details.product.internal_name, "review"))


def _describe(services: WebServices, identity: Identity, details: ProductDetails, meanings: dict[str, str]) -> None:
    """Store what columns mean; what is missing for publication is said now, and nothing is lost by it."""
    kind = details.product.product_type
    services.products.column_meanings.describe_all(identity, details.product.id, meanings)
    missing = missing_meanings(kind, meanings)
    if missing:
        message = f"Choose a column for each of: {', '.join(missing)}. A product of type {kind.display_name} needs it."
        raise InvalidValueError(message)


def _columns_page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    form: FormState,
    *,
    status: int = 200,
) -> Response:
    product = details.product
    return renderer.page(
        "wizard_columns.html",
        identity,
        status=status,
        details=details,
        form=form,
        progress=progress_of(services, product),
        choices=choices_of(details, form.values or None),
        meanings=MEANINGS_BY_KEY,
        mandatory=product.product_type.mandatory,
    )


# --- step 4


def _add_review(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, uploads = services.authenticate, services.products.uploads

    @router.get("/product/{name}/review")
    def review(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        if details.product.status is ProductStatus.PUBLISHED:
            return see_other(product_address(details.product.internal_name))
        return _review_page(services, renderer, identity, details, FormState())

    @router.post("/product/{name}/publish")
    def publish(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        try:
            product = uploads.publish(identity, details.product.id, seconds=_PUBLISH_SECONDS)
        except (InvalidValueError, ConflictError) as e:
            return _review_page(services, renderer, identity, details, FormState.refused({}, e), status=e.status)
        done = product.status is ProductStatus.PUBLISHED
        return see_other(product_address(product.internal_name, "" if done else "review"))


def _review_page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    form: FormState,
    *,
    status: int = 200,
) -> Response:
    view = ProductView.of(details, identity)
    failed = details.product.inspection_state is InspectionState.FAILED
    return renderer.page(
        "wizard_review.html",
        identity,
        status=status,
        details=details,
        view=view,
        form=form,
        progress=progress_of(services, details.product),
        warnings=view.found.notes if view.found else (),
        failure=details.product.inspection_error if failed else None,
    )
