"""Step 2 of the wizard: upload the main file and auxiliary files, and inspect the main file."""

from contextlib import suppress

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError, NotFoundError, PhotozError, StorageFullError, TooLargeError
from core.files import Staging
from core.web.multipart import announced_bytes, announces_more, receive_form
from core.web.routes import close_unread
from products.models import FileRole, ProductStatus
from products.readers.formats import READABLE_FORMATS
from products.service import ProductDetails
from vospace.home.nodes import own_path
from vospace.models import Listing, NodeKind
from webui.addresses import product_address
from webui.pages.forms import FormState, form_fields, see_other
from webui.pages.products.drafts import own_details, product_page
from webui.pages.rendering.templates import PageRenderer, size_text
from webui.services import WebServices
from webui.vospace_import import attach_node

__all__ = ["add_routes"]

_MAX_FILES = 50
_MAX_SUGGESTIONS = 200
_ROLES = {"main": FileRole.MAIN, "auxiliary": FileRole.AUXILIARY, "description": FileRole.DESCRIPTION}


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the second step of the wizard."""
    authenticate, uploads = services.authenticate, services.products.uploads

    @router.get("/product/{name}/files")
    def files_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        if details.product.status is ProductStatus.PUBLISHED:
            return see_other(product_address(details.product.internal_name, "edit"))
        return _files_page(services, renderer, identity, details, FormState())

    @router.post("/product/{name}/files")
    async def send(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = await run_in_threadpool(own_details, services, identity, name)
        try:
            await _receive(services, request, identity, details)
        except (InvalidValueError, ConflictError, TooLargeError, StorageFullError) as e:
            return await run_in_threadpool(_refused, services, renderer, identity, name, e)
        return see_other(product_address(details.product.internal_name, "files"))

    @router.post("/product/{name}/take")
    def attach(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        details = own_details(services, identity, name)
        try:
            _attach(services, identity, details, fields)
        except PhotozError as e:
            return _refused(services, renderer, identity, name, e)
        return see_other(product_address(details.product.internal_name, "files"))

    @router.post("/product/{name}/files/{file_id}/remove")
    def remove(name: str, file_id: int, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        if file_id not in {file.id for file in details.files}:
            message = "This file no longer exists."
            raise NotFoundError(message)
        uploads.remove_file(identity, file_id)
        return see_other(product_address(details.product.internal_name, "files"))

    @router.post("/product/{name}/uploads/{upload_id}/discard")
    def discard(name: str, upload_id: str, identity: Identity = Depends(authenticate)) -> Response:
        product = own_details(services, identity, name).product
        with suppress(NotFoundError):  # it was completed or discarded meanwhile
            services.products.partial_uploads.discard(identity, product.id, upload_id)
        return see_other(product_address(product.internal_name, "files"))

    @router.post("/product/{name}/inspect")
    def inspect(name: str, identity: Identity = Depends(authenticate)) -> Response:
        product = uploads.inspect(identity, own_details(services, identity, name).product.id)
        return see_other(product_address(product.internal_name, "files"))


async def _receive(services: WebServices, request: Request, identity: Identity, details: ProductDetails) -> None:
    """Store the uploaded files, and start the inspection when it is the main file."""
    uploads, product = services.products.uploads, details.product
    if announces_more(request, uploads.max_bytes):
        message = f"The file is larger than the limit of {size_text(uploads.max_bytes)}; nothing was stored."
        raise TooLargeError(message, field="file")

    def stage(fields: dict[str, str]) -> Staging:
        return uploads.stage(identity, product.id, _role(fields), announced=announced_bytes(request))

    form = await receive_form(request, stage, most_files=_MAX_FILES)
    if not form.files:
        message = "Choose a file first."
        raise InvalidValueError(message, field=_role(form.fields).name.lower())
    role = _role(form.fields)
    for sent in form.files:
        await run_in_threadpool(uploads.add_file, identity, product.id, role, sent.name, sent.stored)
    if role is FileRole.MAIN:
        await run_in_threadpool(uploads.inspect, identity, product.id)


def _attach(services: WebServices, identity: Identity, details: ProductDetails, fields: dict[str, str]) -> None:
    """Attach a file of the caller's VOSpace, and start the inspection when it is the main file."""
    entered, role, product = fields.get("path", "").strip(), _role(fields), details.product
    if not entered:
        message = "Enter the name of one of your files."
        raise InvalidValueError(message, field="path")
    is_uri = entered.lower().startswith("vos:")
    path = services.vospace.nodes.uris.path_of(entered) if is_uri else own_path(identity, entered)
    attach_node(services, identity, product.id, role, path)
    if role is FileRole.MAIN:
        services.products.uploads.inspect(identity, product.id)


def _own_files(services: WebServices, identity: Identity) -> list[str]:
    """Return the names of the first files and folders in the caller's home, as suggestions."""
    home = services.vospace.nodes.node(identity, own_path(identity), Listing(limit=_MAX_SUGGESTIONS, brief=True))
    return [child.name for child in home.children if child.kind.has_bytes or child.kind is NodeKind.CONTAINER]


def _role(fields: dict[str, str]) -> FileRole:
    name = fields.get("role", "")
    if name not in _ROLES:
        message = f"'{name}' is not a role of files; the form sends one of {', '.join(_ROLES)} before the file."
        raise InvalidValueError(message)
    return _ROLES[name]


def _refused(
    services: WebServices, renderer: PageRenderer, identity: Identity, name: str, error: PhotozError
) -> Response:
    details = own_details(services, identity, name)
    answer = _files_page(services, renderer, identity, details, FormState.refused({}, error))
    close_unread(answer, error)
    return answer


def _files_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, details: ProductDetails, form: FormState
) -> Response:
    return product_page(
        services,
        renderer,
        "wizard/files.html",
        identity,
        details,
        form,
        limit=services.products.uploads.max_bytes,
        unfinished=services.products.partial_uploads.unfinished(identity, details.product.id),
        own_files=_own_files(services, identity),
        readable_formats=READABLE_FORMATS,
    )
