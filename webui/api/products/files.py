"""REST resources of product files: list, upload as a form or as the request body, remove."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, NotFoundError, TooLargeError
from core.files import Staging
from core.web.multipart import announced_bytes, announces_more, receive_form, receive_into
from products.models import FileRole, Product, ProductFile
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.names import Names
from webui.api.parameters import Number
from webui.api.representations.products import Json, file_json
from webui.services import WebServices

__all__ = ["role_of", "routes"]

_MOST_DIGITS = 18


def routes(services: WebServices) -> APIRouter:
    """Return the routes of files."""
    router = api_router("files")
    _add_listing(router, services)
    _add_uploads(router, services)
    return router


def _add_listing(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate
    listing = Listing[tuple[ProductFile, Product]](
        services.settings,
        # Of files of one role the older one comes first.
        {"id": lambda item: item[0].id, "role": lambda item: (item[0].role, item[0].id)},
        lambda item: (item[0].name,),
    )

    @router.get("/product-files", summary="Files of a product", openapi_extra=listing.parameters)
    def list_files(
        request: Request,
        product_id: str | None = None,
        product: str | None = None,
        id: Number | None = None,  # noqa: A002 - the parameter's name on the wire
        identity: Identity = Depends(authenticate),
    ) -> JSONResponse:
        identity.require(Scope.READ)
        named, parameter = (product, "product") if product_id is None else (product_id, "product_id")
        if named is None:
            found = services.products.service.files(identity, id)
        else:
            details = services.products.service.details(identity, Names(services, identity).product(named, parameter))
            found = tuple((file, details.product) for file in details.files if id in {None, file.id})
        by_id = sorted(found, key=lambda item: item[0].id)
        return listing.response(request, by_id, lambda item: file_json(services, *item, identity))

    @router.get("/product-files/{file_id}", summary="One file")
    def one_file(file_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        for file, product in services.products.service.files(identity, file_id):
            return file_json(services, file, product, identity)
        message = f"There is no file number {file_id}."
        raise NotFoundError(message)

    @router.delete("/product-files/{file_id}", status_code=204, summary="Remove a file")
    def remove(file_id: int, identity: Identity = Depends(authenticate)) -> None:
        services.products.uploads.remove_file(identity, file_id)


def _add_uploads(router: APIRouter, services: WebServices) -> None:
    authenticate, uploads = services.authenticate, services.products.uploads

    @router.post("/product-files", status_code=201, summary="Upload a file as a form: product, role, file")
    async def send_form(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.WRITE)
        _check_length(request, uploads.max_bytes)

        def stage(fields: dict[str, str]) -> Staging:
            return uploads.stage(identity, *_target(fields), announced=announced_bytes(request))

        form = await receive_form(request, stage)
        if not form.files:
            message = "No file was submitted."
            raise InvalidValueError(message, field="file")
        product_id, role = _target(form.fields)
        sent = form.files[0]
        file = await run_in_threadpool(  # as today's service does, scripts attach files of one name
            uploads.add_file, identity, product_id, role, sent.name, sent.stored, is_renamed=True
        )
        product = await run_in_threadpool(services.products.service.get, identity, product_id)
        return file_json(services, file, product, identity)

    @router.put("/products/{product_id}/files/{name}", status_code=201, summary="Upload a file as the request body")
    async def send_body(
        product_id: int, name: str, request: Request, role: str = "main", identity: Identity = Depends(authenticate)
    ) -> Json:
        identity.require(Scope.WRITE)
        _check_length(request, uploads.max_bytes)
        wanted = role_of(role)
        announced = announced_bytes(request)
        staging = await run_in_threadpool(uploads.stage, identity, product_id, wanted, announced=announced)
        stored = await receive_into(request, staging)
        file = await run_in_threadpool(uploads.add_file, identity, product_id, wanted, name, stored)
        product = await run_in_threadpool(services.products.service.get, identity, product_id)
        return file_json(services, file, product, identity)


def _check_length(request: Request, limit: int) -> None:
    """Refuse a request whose Content-Length is above the limit."""
    if announces_more(request, limit):
        message = f"The file is larger than the limit of {limit / 1e6:g} MB; nothing was stored."
        raise TooLargeError(message, field="file")


def _target(fields: dict[str, str]) -> tuple[int, FileRole]:
    number = fields.get("product", "")
    if not number.isdecimal() or len(number) > _MOST_DIGITS:
        message = f"'{number[:40]}' is not the id of a product; send the fields product and role before the file."
        raise InvalidValueError(message, field="product")
    return int(number), role_of(fields.get("role", "0"))


def role_of(text: str) -> FileRole:
    """Parse a role by its number or its name."""
    for role in FileRole:
        if text.lower() in {str(int(role)), role.name.lower()}:
            return role
    message = f"'{text}' is not a role; the roles are 0 (main), 1 (description) and 2 (auxiliary)."
    raise InvalidValueError(message, field="role")
