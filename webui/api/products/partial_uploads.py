"""REST resources of uploads in parts: start, parts, progress, cancel.

A part is a PATCH whose query says at which byte it begins. What a broken request has sent is kept: a GET says how much
has arrived. The last part makes the file.
"""

import base64
import binascii
from typing import Any

import anyio
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from core.web.multipart import take_body
from products.lifecycle.partial_uploads import IncomingPart, NewUpload, PartialUpload
from products.models import ProductFile
from webui.api.bodies import read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.products.files import role_of
from webui.api.representations.products import Json, file_json, iso
from webui.services import WebServices

__all__ = ["routes"]

_PATH = "/products/{product_id}/uploads/{upload_id}"


def routes(services: WebServices) -> APIRouter:
    """Return the routes of uploads in parts."""
    router = api_router("files")
    _add_uploads(router, services)
    _add_parts(router, services)
    return router


def _add_uploads(router: APIRouter, services: WebServices) -> None:
    authenticate, uploads = services.authenticate, services.products.partial_uploads
    listing = Listing[PartialUpload](
        services.settings,
        {"name": lambda upload: upload.name, "size": lambda upload: upload.size},
        lambda upload: (upload.name,),
    )

    @router.post("/products/{product_id}/uploads", status_code=201, summary="Start the upload of a file in parts")
    async def start(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.WRITE)
        new = _new_upload(await read_fields(request))
        return _json(await run_in_threadpool(uploads.start, identity, product_id, new))

    @router.get(
        "/products/{product_id}/uploads",
        summary="Uploads in parts that are not complete",
        openapi_extra=listing.parameters,
    )
    def unfinished(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        identity.require(Scope.READ)
        return listing.response(request, uploads.unfinished(identity, product_id), _json)

    @router.get(_PATH, summary="How much of an upload in parts has arrived")
    def progress(product_id: int, upload_id: str, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return _json(uploads.upload(identity, product_id, upload_id))

    @router.delete(_PATH, status_code=204, summary="Discard an upload in parts")
    def discard(product_id: int, upload_id: str, identity: Identity = Depends(authenticate)) -> None:
        identity.require(Scope.WRITE)
        uploads.discard(identity, product_id, upload_id)


def _add_parts(router: APIRouter, services: WebServices) -> None:
    authenticate, uploads = services.authenticate, services.products.partial_uploads

    @router.patch(_PATH, summary="Send the next part of an upload as the body; the last one makes the file")
    async def append(
        product_id: int, upload_id: str, request: Request, offset: int, identity: Identity = Depends(authenticate)
    ) -> Json:
        identity.require(Scope.WRITE)
        part = await run_in_threadpool(uploads.append, identity, product_id, upload_id, offset)
        done = await _receive(request, part)
        if isinstance(done, PartialUpload):
            return _json(done)
        product = await run_in_threadpool(services.products.service.get, identity, product_id)
        return _complete(upload_id, done, file_json(services, done, product, identity))


async def _receive(request: Request, part: IncomingPart) -> PartialUpload | ProductFile:
    try:
        await take_body(request, part.write)
        return await run_in_threadpool(part.finish)
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(part.close)


def _new_upload(fields: dict[str, Any]) -> NewUpload:
    size, name = fields.get("size"), fields.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidValueError("The name of the file is missing.", field="name")
    if isinstance(size, str) and size.isdecimal() and len(size) < 19:
        size = int(size)
    if not isinstance(size, int) or isinstance(size, bool):
        raise InvalidValueError("The size of the file, a whole number of bytes, is missing.", field="size")
    return NewUpload(
        role_of(str(fields.get("role", "main"))),
        name,
        size,
        str(fields.get("fingerprint") or ""),
        _bytes(fields, "first"),
        _bytes(fields, "last"),
    )


def _bytes(fields: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(str(fields.get(name) or ""), validate=True)
    except (binascii.Error, ValueError) as e:
        raise InvalidValueError(f"The field {name} is not base64.", field=name) from e


def _json(upload: PartialUpload) -> Json:
    return {
        "id": upload.id,
        "product": upload.product_id,
        "role": int(upload.role),
        "name": upload.name,
        "size": upload.size,
        "fingerprint": upload.fingerprint,
        "received": upload.received,
        "next_part": upload.next_part,
        "updated_at": iso(upload.updated_at),
        "file": None,
    }


def _complete(upload_id: str, file: ProductFile, shown: Json) -> Json:
    """Return the answer to the last part, with the file of the product."""
    return {
        "id": upload_id,
        "product": file.product_id,
        "role": int(file.role),
        "name": file.name,
        "size": file.size,
        "received": file.size,
        "next_part": 0,
        "file": shown,
    }
