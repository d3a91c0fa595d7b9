"""The pages on which administrators look after product types."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError
from products.models import ProductType
from products.product_types import PRODUCT_TYPES, TypeChanges
from webui.pages.forms import FormState, form_fields
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("display_name", "description", "order")
_LONGEST_ORDER = 4


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of product types, and the form of each."""
    authenticate, types = services.authenticate, services.products.types

    def page(identity: Identity, kind: ProductType, form: FormState, *, status: int = 200) -> Response:
        usual = PRODUCT_TYPES[kind.id]
        return renderer.page("admin/product_type.html", identity, status=status, kind=kind, usual=usual, form=form)

    @router.get("/admin/types")
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
        try:
            types.save(identity, name, _changes_of(fields))
        except (InvalidValueError, ConflictError) as e:
            return page(identity, kind, FormState.refused(fields, e, *_FIELDS), status=e.status)
        return see_other("/admin/types")


def _fields_of(kind: ProductType) -> dict[str, str]:
    fields = {"display_name": kind.display_name, "description": kind.description, "order": str(kind.order)}
    return fields | ({"is_open": "1"} if kind.is_open else {})


def _changes_of(fields: dict[str, str]) -> TypeChanges:
    order = fields.get("order", "").strip()
    if not (order.isascii() and order.isdecimal() and len(order) <= _LONGEST_ORDER):
        message = f"'{order:.20}' cannot be the order of a type; it is a whole number."
        raise InvalidValueError(message, field="order")
    return TypeChanges(
        display_name=fields.get("display_name", ""),
        description=fields.get("description", "").replace("\r\n", "\n"),
        order=int(order),
        is_open="is_open" in fields,
    )
