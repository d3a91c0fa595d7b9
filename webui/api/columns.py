"""REST: the columns of a product's table and what they mean."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.routes import route_class
from products.inspection.meanings import MEANINGS
from webui.api.bodies import read_fields
from webui.api.errors import error_answer
from webui.api.shapes import Json, column_json
from webui.services import WebServices

__all__ = ["routes"]


def routes(services: WebServices) -> APIRouter:
    """Routes of columns."""
    router = APIRouter(route_class=route_class(error_answer), tags=["columns"])
    authenticate, associations = services.authenticate, services.associations

    @router.get("/product-contents", summary="Columns of a product's table")
    def list_columns(product: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        results = [column_json(item) for item in associations.columns(identity, product)]
        return {"count": len(results), "results": results}

    @router.patch("/product-contents/{column_id}", summary="Say what one column means")
    async def describe(column_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        fields = await read_fields(request)
        changes: dict[str, str | None] = {key: str(fields[key]) or None for key in ("ucd", "alias") if key in fields}
        item = await run_in_threadpool(associations.describe, identity, column_id, changes)
        return column_json(item)

    @router.put("/products/{product_id}/columns", summary="Say what columns mean: a JSON object of names and meanings")
    async def associate_all(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        meanings = {name: str(value or "") for name, value in (await read_fields(request)).items()}
        items = await run_in_threadpool(associations.describe_all, identity, product_id, meanings)
        return {"count": len(items), "results": [column_json(item) for item in items]}

    @router.get("/meanings", summary="The meanings that columns can have")
    def meanings() -> Json:
        results = [{"key": meaning.key, "alias": meaning.alias, "ucd": meaning.ucd} for meaning in MEANINGS]
        return {"count": len(results), "results": results}

    return router
