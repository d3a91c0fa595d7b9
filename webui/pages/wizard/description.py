"""Step 1 of the wizard: basic information of a product.

Each step is a page with a form that works without JavaScript. A step is stored when it is submitted, so a registration
can be continued days later.
"""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, PermissionDeniedError
from products.attribution.licenses import USUAL_LICENSES
from products.product_types import PRODUCT_TYPES
from products.service import NewProduct
from webui.addresses import product_address
from webui.pages.forms import FormState, form_fields, save_or_show
from webui.pages.products.attribution_fields import ATTRIBUTION_FIELDS, entered_attribution, entered_embargo
from webui.pages.products.visibility import chosen_groups, chosen_visibility, groups_on_offer
from webui.pages.rendering.templates import PageRenderer
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
    *ATTRIBUTION_FIELDS,
)


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the first step of the wizard."""
    authenticate, products = services.authenticate, services.products.service

    @router.get("/product/new")
    def description_form(identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        return _description_page(services, renderer, identity, FormState())

    @router.post("/product/new")
    def create(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        identity.require(Scope.WRITE)
        return save_or_show(
            lambda: products.create(identity, _new_product(fields)),
            lambda form: _description_page(services, renderer, identity, form),
            fields,
            _FIELDS,
            then=lambda product: product_address(product.internal_name, "files"),
            refusals=(InvalidValueError, PermissionDeniedError),
        )


def _description_page(services: WebServices, renderer: PageRenderer, identity: Identity, form: FormState) -> Response:
    return renderer.form(
        "wizard/description.html",
        identity,
        form,
        draft=services.products.service.draft(identity),
        releases=services.products.service.releases(identity),
        product_types=[kind for kind in services.products.service.types() if kind.is_open],
        groups=groups_on_offer(services, identity),
        licenses=USUAL_LICENSES,
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
        attribution=entered_attribution(fields),
        embargo_date=entered_embargo(fields),
    )
