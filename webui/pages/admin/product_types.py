"""Administration of product types: list and edit."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import InvalidValueError
from products.models import ProductType
from products.product_types import PRODUCT_TYPES, TypeChanges
from webui.pages.forms import FormState, form_fields, save_or_show
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("display_name", "description", "order")
_LIST = "/admin/types"
_MAX_DIGITS = 4


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of product types, and the form that edits one."""
    authenticate, types = services.authenticate, services.products.types

    def page(identity: Identity, kind: ProductType, form: FormState) -> Response:
        return renderer.form("admin/product_type.html", identity, form, kind=kind, built_in=PRODUCT_TYPES[kind.id])

    @router.get(_LIST)
    def list_types(identity: Identity = Depends(authenticate)) -> Response:
        return renderer.page("admin/product_types.html", identity, kinds=types.all(identity))

    @router.get("/admin/types/{name}")
    def one(name: str, identity: Identity = Depends(authenticate)) -> Response:
        kind = types.find(identity, name)
        return page(identity, kind, FormState(_fields_of(kind)))

    @router.post("/admin/types/{name}")
    def change(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        kind = types.find(identity, name)
        return save_or_show(
            lambda: types.save(identity, name, _changes_of(fields)),
            lambda form: page(identity, kind, form),
            fields,
            _FIELDS,
            then=_LIST,
        )


def _fields_of(kind: ProductType) -> dict[str, str]:
    fields = {"display_name": kind.display_name, "description": kind.description, "order": str(kind.order)}
    return fields | ({"is_open": "1"} if kind.is_open else {})


def _changes_of(fields: dict[str, str]) -> TypeChanges:
    order = fields.get("order", "").strip()
    if not (order.isascii() and order.isdecimal() and len(order) <= _MAX_DIGITS):
        message = f"'{order:.20}' is not a position in the list; enter a whole number."
        raise InvalidValueError(message, field="order")
    return TypeChanges(
        display_name=fields.get("display_name", ""),
        description=fields.get("description", "").replace("\r\n", "\n"),
        order=int(order),
        is_open="is_open" in fields,
    )
