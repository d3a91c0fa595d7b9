"""Sharing a product: who may see it, co-owners, a new owner, and links for people without an account."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError, PhotozError
from products.access import manageable, require_manage
from products.quotas import QuotaExceededError
from products.service import ProductChanges, ProductDetails
from products.sharing.links import IssuedLink
from webui.addresses import product_address
from webui.pages.forms import FormState, form_fields
from webui.pages.products.drafts import own_details
from webui.pages.products.visibility import (
    chosen_groups,
    chosen_visibility,
    disclosed_to,
    groups_on_offer,
    visibility_values,
)
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]

_LONGEST_NUMBER = 4
_REFUSALS = (InvalidValueError, ConflictError)


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of sharing and its forms."""
    page = _SharePage(services, renderer)
    _add_visibility(router, services, page)
    _add_owners(router, services, page)
    _add_links(router, services, page)


class _SharePage:
    """The page that all of these forms stand on."""

    def __init__(self, services: WebServices, renderer: PageRenderer) -> None:
        self._services = services
        self._renderer = renderer

    def show(
        self,
        identity: Identity,
        details: ProductDetails,
        form: FormState | None = None,
        *,
        status: int = 200,
        issued: IssuedLink | None = None,
    ) -> Response:
        """Show the page, with what was wrong with one of its forms, or with the link that was just made."""
        product, form = details.product, form or FormState()
        manages = manageable(identity, product)
        return self._renderer.page(
            "products/product_share.html",
            identity,
            status=status,
            headers={"Cache-Control": "no-store"},
            details=details,
            form=replace(form, values={**visibility_values(product), **form.values}),
            groups=groups_on_offer(self._services, identity, product),
            told=disclosed_to(self._services, identity, product),
            manages=manages,
            links=self._services.products.links.links(identity, product.id) if manages else (),
            issued=issued,
        )

    def refuse(self, identity: Identity, name: str, fields: dict[str, str], error: PhotozError) -> Response:
        """Show the page with the sentence of an error."""
        details = own_details(self._services, identity, name)
        fields_of_page = ("visibility", "groups", "days", "note")
        return self.show(identity, details, FormState.refused(fields, error, *fields_of_page), status=error.status)


def _add_visibility(router: APIRouter, services: WebServices, page: _SharePage) -> None:
    authenticate = services.authenticate

    @router.get("/product/{name}/share")
    def share_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        return page.show(identity, own_details(services, identity, name))

    @router.post("/product/{name}/share")
    def share(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        product = own_details(services, identity, name).product
        try:
            changes = ProductChanges(visibility=chosen_visibility(fields), groups=chosen_groups(fields))
            services.products.service.change(identity, product.id, changes)
        except InvalidValueError as e:
            return page.refuse(identity, name, fields, e)
        return see_other(product_address(product.internal_name, "share"))


def _add_owners(router: APIRouter, services: WebServices, page: _SharePage) -> None:
    authenticate, sharing = services.authenticate, services.products.sharing

    @router.post("/product/{name}/co-owners")
    def add(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        product = own_details(services, identity, name).product
        try:
            sharing.add_co_owner(identity, product.id, fields.get("user", ""))
        except _REFUSALS as e:
            return page.refuse(identity, name, {"co_owner": fields.get("user", "")}, e)
        return see_other(product_address(product.internal_name, "share"))

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
        product = own_details(services, identity, name).product
        try:
            stay = "stay" in fields
            moved = sharing.transfer(identity, product.id, fields.get("user", ""), stay=stay)
        except (*_REFUSALS, QuotaExceededError) as e:
            return page.refuse(identity, name, {"new_owner": fields.get("user", "")}, e)
        return see_other(product_address(moved.internal_name) if stay or identity.acts_as_admin else "/")


def _add_links(router: APIRouter, services: WebServices, page: _SharePage) -> None:
    authenticate, links = services.authenticate, services.products.links

    @router.post("/product/{name}/links")
    def make(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        details = own_details(services, identity, name)
        require_manage(identity, details.product)
        try:
            issued = links.make(
                identity, details.product.id, days=_days(fields.get("days", "")), note=fields.get("note", "")
            )
        except _REFUSALS as e:
            return page.refuse(identity, name, fields, e)
        return page.show(identity, details, issued=issued)

    @router.post("/product/{name}/links/{link_id}/end")
    def end(name: str, link_id: int, identity: Identity = Depends(authenticate)) -> Response:
        product = own_details(services, identity, name).product
        links.revoke(identity, product.id, link_id)
        return see_other(product_address(product.internal_name, "share"))

    @router.post("/product/{name}/new-version")
    def new_version(name: str, identity: Identity = Depends(authenticate)) -> Response:
        product = services.products.versions.new_version(identity, own_details(services, identity, name).product.id)
        return see_other(product_address(product.internal_name, "files"))


def _days(text: str) -> int:
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    message = f"'{text:.40}' is not a number of days."
    raise InvalidValueError(message, field="days")
