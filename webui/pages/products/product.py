"""The page of a product, and the forms that edit and delete it."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import InvalidValueError, PermissionDeniedError
from products.access import changeable, require_manage
from products.attribution.licenses import USUAL_LICENSES
from products.models import ProductStatus
from products.service import ProductChanges, ProductDetails
from webui.addresses import product_address, product_key
from webui.citations import ProductCitation
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.products.attribution_fields import (
    ATTRIBUTION_FIELDS,
    attribution_values,
    entered_attribution,
    entered_embargo,
)
from webui.pages.products.copy_lines import CopyLines
from webui.pages.products.drafts import own_details, product_page, progress_of
from webui.pages.products.product_view import ProductView
from webui.pages.products.signposting import data_block, signposting_headers
from webui.pages.products.visibility import (
    chosen_groups,
    chosen_visibility,
    disclosures_by_reader,
    groups_on_offer,
    visibility_values,
)
from webui.pages.rendering.policies import SAMP_HEADERS
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = (
    "display_name", "description", "visibility", "groups", "release", "pz_code", "official_product",
    *ATTRIBUTION_FIELDS,
)  # fmt: skip
_LONGEST_NUMBER = 10


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of a product, its edit form, and its delete form."""
    _add_page(router, services, renderer)
    _add_changes(router, services, renderer)


def _add_page(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    @router.get("/product/{name}")
    def product(name: str, identity: Identity = Depends(services.authenticate)) -> Response:
        details = services.products.service.details(identity, product_key(name))
        citation = ProductCitation.of(services, details.product)
        view = ProductView.of(details, identity)
        is_published = details.product.status is ProductStatus.PUBLISHED
        described = services.products.descriptions.of(details.product)
        return renderer.page(
            "products/product.html",
            identity,
            headers={**SAMP_HEADERS, **signposting_headers(described)},
            dataset=data_block(described),
            view=view,
            copied=CopyLines.of(services, identity, view) if is_published else None,
            citation=citation,
            downloads=services.products.download_counts.of([details.product.id]).get(details.product.id, 0),
            details=details,
            progress=progress_of(services, details.product),
            versions=services.products.versions.versions(identity, details.product),
            related=services.products.relations.of(identity, details.product),
            licenses=USUAL_LICENSES,
            run=services.pipelines.service.of_products([details.product.id]).get(details.product.id),
        )

    @router.get("/product/{name}/address")
    def address(name: str, identity: Identity = Depends(services.authenticate)) -> Response:
        found = services.products.service.details(identity, product_key(name)).product
        may_change = changeable(identity, found)
        return renderer.page("products/product_address.html", identity, product=found, may_change=may_change)


def _add_changes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, products = services.authenticate, services.products.service

    @router.get("/product/{name}/edit")
    def edit_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        return _edit_page(services, renderer, identity, details, FormState(_values_of(services, identity, details)))

    @router.post("/product/{name}/edit")
    def edit(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        details = own_details(services, identity, name)
        return save_or_show(
            lambda: products.change(identity, details.product.id, _changes(identity, details, fields)),
            lambda form: _edit_page(services, renderer, identity, details, form),
            fields,
            _FIELDS,
            then=product_address(details.product.internal_name),
            refusals=(InvalidValueError, PermissionDeniedError),
        )

    @router.get("/product/{name}/delete")
    def delete_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        require_manage(identity, details.product)
        days = services.settings.deleted_days
        return renderer.page("products/product_delete.html", identity, details=details, days=days)

    @router.post("/product/{name}/delete")
    def delete(name: str, identity: Identity = Depends(authenticate)) -> Response:
        products.delete(identity, own_details(services, identity, name).product.id)
        return see_other("/products/user?mine=1")


def _edit_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, details: ProductDetails, form: FormState
) -> Response:
    return product_page(
        services,
        renderer,
        "products/product_edit.html",
        identity,
        details,
        form,
        disclosures=disclosures_by_reader(services, identity, details.product),
        groups=groups_on_offer(services, identity, details.product),
        releases=services.products.service.releases(identity),
        limit=services.products.uploads.max_bytes,
        licenses=USUAL_LICENSES,
    )


def _values_of(services: WebServices, identity: Identity, details: ProductDetails) -> dict[str, str]:
    product = details.product
    values = {
        "display_name": product.display_name,
        "description": product.description,
        **visibility_values(product),
        "release": str(product.release.id) if product.release else "",
        "pz_code": product.pz_code or "",
        **attribution_values(services, identity, product),
    }
    return values | ({"official_product": "1"} if product.official else {})


def _changes(identity: Identity, details: ProductDetails, fields: dict[str, str]) -> ProductChanges:
    release = fields.get("release", "")
    return ProductChanges(
        display_name=fields.get("display_name", ""),
        # Browsers send line ends as carriage return and line feed.
        description=fields.get("description", "").replace("\r\n", "\n"),
        visibility=chosen_visibility(fields),
        groups=chosen_groups(fields),
        release=int(release) if release.isascii() and release.isdecimal() and len(release) < _LONGEST_NUMBER else None,
        without_release="release" in fields and not release,
        pz_code=fields.get("pz_code", "").strip() if details.product.product_type.has_pz_code else None,
        official="official_product" in fields if identity.acts_as_admin else None,
        attribution=entered_attribution(fields),
        embargo_date=entered_embargo(fields),
        without_embargo="embargo_date" in fields and not fields["embargo_date"].strip(),
    )
