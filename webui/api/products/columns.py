"""REST resources of the columns of a product and their meanings."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from products.inspection.meanings import MEANINGS
from products.models import ProductColumn
from webui.api.bodies import read_fields
from webui.api.errors import api_router
from webui.api.representations.products import Json, column_json
from webui.services import WebServices

__all__ = ["routes"]


def routes(services: WebServices) -> APIRouter:
    """Return the routes of columns."""
    router = api_router("columns")
    authenticate, column_meanings = services.authenticate, services.products.column_meanings

    @router.get("/product-contents", summary="Columns of a product's table")
    def list_columns(
        product: int | None = None,
        id: int | None = None,  # noqa: A002 - the parameter's name on the wire
        identity: Identity = Depends(authenticate),
    ) -> Json:
        identity.require(Scope.READ)
        if product is None and id is None:
            message = "The parameter product is missing: product=…"
            raise InvalidValueError(message, field="product")
        if product is None:
            found: Sequence[ProductColumn] = (column_meanings.column(identity, id or 0),)
        else:
            found = column_meanings.columns(identity, product)
        results = [column_json(item) for item in found if id in {None, item.id}]
        return {"count": len(results), "results": results}

    @router.get("/product-contents/{column_id}", summary="One column")
    def one_column(column_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return column_json(column_meanings.column(identity, column_id))

    @router.patch("/product-contents/{column_id}", summary="Set the meaning of one column")
    async def describe(column_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        fields = await read_fields(request)
        changes: dict[str, str | None] = {
            key: str(fields[key] or "").strip() or None for key in ("ucd", "alias") if key in fields
        }
        item = await run_in_threadpool(column_meanings.describe, identity, column_id, changes)
        return column_json(item)

    @router.put(
        "/products/{product_id}/columns", summary="Set the meanings of columns: an object of names and meanings"
    )
    async def associate_all(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        meanings = {name: str(value or "") for name, value in (await read_fields(request)).items()}
        items = await run_in_threadpool(column_meanings.describe_all, identity, product_id, meanings)
        return {"count": len(items), "results": [column_json(item) for item in items]}

    @router.get("/meanings", summary="The meanings that columns can have")
    def meanings() -> Json:
        results = [{"key": meaning.key, "alias": meaning.alias, "ucd": meaning.ucd} for meaning in MEANINGS]
        return {"count": len(results), "results": results}

    return router
