"""REST resources of the columns of a product: meanings, units, UCDs and descriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from products.inspection.meanings import MEANINGS, Meaning
from products.lifecycle.column_descriptions import ColumnDescription, read_descriptions
from products.lifecycle.column_words import ATTRIBUTES
from products.models import ProductColumn
from webui.api.bodies import read_body, read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.names import Names
from webui.api.parameters import Number
from webui.api.representations.products import Json, column_json
from webui.services import WebServices

__all__ = ["routes"]

_FIELDS = frozenset({"application/json", "application/x-www-form-urlencoded", "multipart/form-data"})


def routes(services: WebServices) -> APIRouter:
    """Return the routes of columns."""
    router = api_router("columns")
    _add_single(router, services)
    _add_all(router, services)

    listing = Listing[Meaning](
        services.settings,
        {"key": lambda meaning: meaning.key, "alias": lambda meaning: meaning.alias},
        lambda meaning: (meaning.key, meaning.alias, meaning.ucd, meaning.description),
    )

    @router.get("/meanings", summary="The meanings that columns can have", openapi_extra=listing.parameters)
    def meanings(request: Request) -> JSONResponse:
        return listing.response(request, MEANINGS, asdict)

    return router


def _add_single(router: APIRouter, services: WebServices) -> None:
    authenticate, column_meanings = services.authenticate, services.products.column_meanings
    listing = Listing[ProductColumn](
        services.settings,
        {"id": lambda item: item.id, "order": lambda item: item.order, "column_name": lambda item: item.column.name},
        lambda item: (item.column.name, item.column.description),
    )

    @router.get("/product-contents", summary="Columns of a product's table", openapi_extra=listing.parameters)
    def list_columns(
        request: Request,
        product: str | None = None,
        id: Number | None = None,  # noqa: A002 - the parameter's name on the wire
        identity: Identity = Depends(authenticate),
    ) -> JSONResponse:
        identity.require(Scope.READ)
        if product is None and id is None:
            message = "The parameter product is missing: product=…"
            raise InvalidValueError(message, field="product")
        if product is None:
            found: Sequence[ProductColumn] = (column_meanings.column(identity, id or 0),)
        else:
            found = column_meanings.columns(identity, Names(services, identity).product(product))
        return listing.response(request, (item for item in found if id in {None, item.id}), column_json)

    @router.get("/product-contents/{column_id}", summary="One column")
    def one_column(column_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return column_json(column_meanings.column(identity, column_id))

    @router.patch("/product-contents/{column_id}", summary="Set meaning, unit, UCD and description of one column")
    async def describe(column_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        fields = await read_fields(request)
        changes: dict[str, str | None] = {
            key: str(fields[key] or "").strip() or None for key in ("alias", *ATTRIBUTES) if key in fields
        }
        item = await run_in_threadpool(column_meanings.describe, identity, column_id, changes)
        return column_json(item)


def _add_all(router: APIRouter, services: WebServices) -> None:
    authenticate, column_meanings = services.authenticate, services.products.column_meanings

    @router.put(
        "/products/{product_id}/columns", summary="Set the meanings of columns: an object of names and meanings"
    )
    async def associate_all(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        meanings = {name: str(value or "") for name, value in (await read_fields(request)).items()}
        items = await run_in_threadpool(column_meanings.describe_all, identity, product_id, meanings)
        results = [column_json(item) for item in items]
        return {"count": len(results), "next": None, "previous": None, "results": results}

    @router.patch("/products/{product_id}/columns", summary="Set units, UCDs and descriptions of several columns")
    async def describe_columns(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FIELDS:
            given = _descriptions(await read_fields(request))
        else:
            given = await run_in_threadpool(read_descriptions, await read_body(request))
        found = await run_in_threadpool(column_meanings.describe_columns, identity, product_id, given)
        items = await run_in_threadpool(column_meanings.columns, identity, product_id)
        results = [column_json(item) for item in items if item.column.name in set(found.described)]
        return {"count": len(results), "unknown": list(found.unknown), "results": results}


def _descriptions(fields: Mapping[str, object]) -> tuple[ColumnDescription, ...]:
    """Return the descriptions in an object of column names and objects with unit, UCD and description."""
    found: list[ColumnDescription] = []
    for name, given in fields.items():
        if not isinstance(given, Mapping) or not given or not set(given) <= set(ATTRIBUTES):
            message = f"The value of '{name[:80]}' must be an object with some of {', '.join(ATTRIBUTES)}."
            raise InvalidValueError(message, field=name[:80])
        found.append(ColumnDescription(name, "", {key: str(value or "") for key, value in given.items()}))
    if not found:
        message = "The request describes no column; send an object of column names and their attributes."
        raise InvalidValueError(message, field="descriptions")
    return tuple(found)
