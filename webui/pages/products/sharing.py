"""Sharing page of a product: visibility, co-owners, transfer to a new owner, links for people without an account."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError, PhotozError
from products.access import manageable, require_manage
from products.quotas import QuotaExceededError
from products.service import ProductChanges, ProductDetails
from products.sharing.links import IssuedLink
from webui.addresses import product_address
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.products.drafts import own_details
from webui.pages.products.visibility import (
    chosen_groups,
    chosen_visibility,
    disclosures_by_reader,
    groups_on_offer,
    visibility_values,
)
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MAX_DIGITS = 4
_FIELDS = ("visibility", "groups", "days", "note")

_Saved = TypeVar("_Saved")


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the sharing page and its forms."""
    page = _SharePage(services, renderer)
    _add_visibility(router, services, page)
    _add_owners(router, services, page)
    _add_links(router, services, page)


class _SharePage:
    """The sharing page, which has all of these forms."""

    def __init__(self, services: WebServices, renderer: PageRenderer) -> None:
        self._services = services
        self._renderer = renderer

    def show(
        self,
        identity: Identity,
        details: ProductDetails,
        form: FormState,
        issued: IssuedLink | None = None,
    ) -> Response:
        """Render the page, with the error of one of its forms, or with a link that was just created."""
        product = details.product
        manages = manageable(identity, product)
        return self._renderer.form(
            "products/product_share.html",
            identity,
            replace(form, values={**visibility_values(product), **form.values}),
            headers={"Cache-Control": "no-store"},
            details=details,
            groups=groups_on_offer(self._services, identity, product),
            disclosures=disclosures_by_reader(self._services, identity, product),
            manages=manages,
            links=self._services.products.links.links(identity, product.id) if manages else (),
            issued=issued,
        )

    def save(
        self,
        identity: Identity,
        name: str,
        save: Callable[[], _Saved],
        values: Mapping[str, str],
        *,
        then: str | Callable[[_Saved], str],
        refusals: tuple[type[PhotozError], ...] = (InvalidValueError, ConflictError),
    ) -> Response:
        """Save one of the forms and redirect, or render the page with the error."""
        return save_or_show(
            save,
            lambda form: self.show(identity, own_details(self._services, identity, name), form),
            values,
            _FIELDS,
            then=then,
            refusals=refusals,
        )


def _add_visibility(router: APIRouter, services: WebServices, page: _SharePage) -> None:
    authenticate = services.authenticate

    @router.get("/product/{name}/share")
    def share_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        return page.show(identity, own_details(services, identity, name), FormState())

    @router.post("/product/{name}/share")
    def share(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        product = own_details(services, identity, name).product
        return page.save(
            identity,
            name,
            lambda: services.products.service.change(identity, product.id, _changes_of(fields)),
            fields,
            then=product_address(product.internal_name, "share"),
            refusals=(InvalidValueError,),
        )


def _add_owners(router: APIRouter, services: WebServices, page: _SharePage) -> None:
    authenticate, sharing = services.authenticate, services.products.sharing

    @router.post("/product/{name}/co-owners")
    def add(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        product, user = own_details(services, identity, name).product, fields.get("user", "")
        return page.save(
            identity,
            name,
            lambda: sharing.add_co_owner(identity, product.id, user),
            {"co_owner": user},
            then=product_address(product.internal_name, "share"),
        )

    @router.post("/product/{name}/co-owners/remove")
    def remove(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        product, user = own_details(services, identity, name).product, fields.get("user", "")
        sharing.remove_co_owner(identity, product.id, user)
        left = user == identity.name and not identity.acts_as_admin
        return see_other("/" if left else product_address(product.internal_name, "share"))

    @router.post("/product/{name}/transfer")
    def transfer(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        product, user, stay = own_details(services, identity, name).product, fields.get("user", ""), "stay" in fields
        return page.save(
            identity,
            name,
            lambda: sharing.transfer(identity, product.id, user, stay=stay),
            {"new_owner": user},
            then=product_address(product.internal_name) if stay or identity.acts_as_admin else "/",
            refusals=(InvalidValueError, ConflictError, QuotaExceededError),
        )


def _add_links(router: APIRouter, services: WebServices, page: _SharePage) -> None:
    authenticate, links = services.authenticate, services.products.links

    @router.post("/product/{name}/links")
    def create_link(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        details = own_details(services, identity, name)
        require_manage(identity, details.product)
        try:
            issued = links.make(
                identity, details.product.id, days=_days(fields.get("days", "")), note=fields.get("note", "")
            )
        except (InvalidValueError, ConflictError) as e:
            return page.show(identity, details, FormState.refused(fields, e, *_FIELDS))
        return page.show(identity, details, FormState(), issued)

    @router.post("/product/{name}/links/{link_id}/end")
    def revoke_link(name: str, link_id: int, identity: Identity = Depends(authenticate)) -> Response:
        product = own_details(services, identity, name).product
        links.revoke(identity, product.id, link_id)
        return see_other(product_address(product.internal_name, "share"))

    @router.post("/product/{name}/new-version")
    def new_version(name: str, identity: Identity = Depends(authenticate)) -> Response:
        product = services.products.versions.new_version(identity, own_details(services, identity, name).product.id)
        return see_other(product_address(product.internal_name, "files"))


def _changes_of(fields: Mapping[str, str]) -> ProductChanges:
    return ProductChanges(visibility=chosen_visibility(fields), groups=chosen_groups(fields))


def _days(text: str) -> int:
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text)
    message = f"'{text:.40}' is not a number of days."
    raise InvalidValueError(message, field="days")
