"""Uploads in parts to the files of the user, for the script of their page.

They are those of VOSpace (`vospace/transfers/uploads.py`). An upload of the same file, known by name, size and
fingerprint, continues after a reload, on another day or in another browser. Errors are JSON with the sentence in
``detail``.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

import anyio
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from core.auth.models import Identity, Scope
from core.errors import ConflictError, NotFoundError, PhotozError
from core.web.multipart import take_body
from core.web.routes import close_unread
from products.files.names import checked_file_name
from vospace.home.nodes import own_path
from vospace.models import Listing, NodeKind, Path
from webui.pages.forms import form_fields, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

#: Sizes of the first part and of those after it: what the first one is refused for is told soon.
_FIRST_PART, _LATER_PART = 1 << 20, 16 << 20
_Json = dict[str, Any]


class _NewFile(BaseModel):
    """What the script says of a file before it is sent.

    Parameters
    ----------
    fingerprint
        What the file is known by besides its name and size: the time of its last change.
    """

    name: str
    size: int = Field(ge=0, lt=1 << 62)
    fingerprint: str = Field("", max_length=100)


def add_routes(router: APIRouter, services: WebServices, _renderer: PageRenderer) -> None:
    """Add the routes: start or continue, send a part, cancel, discard from the page."""
    authenticate, uploads = services.authenticate, services.vospace.uploads

    @router.post("/file-uploads")
    @router.post("/file-uploads/{path:path}")
    @_errors_as_json
    async def start(new: _NewFile, path: str = "", identity: Identity = Depends(authenticate)) -> _Json:
        return await run_in_threadpool(_start, services, identity, path, new)

    @router.patch("/file-uploads/{path:path}")
    @_errors_as_json
    async def append(
        path: str, request: Request, upload: str, offset: int, size: int, identity: Identity = Depends(authenticate)
    ) -> _Json:
        target = _own_file(identity, path)
        return await _append(services, request, identity, target, upload, offset, size)

    @router.delete("/file-uploads/{path:path}")
    @_errors_as_json
    async def discard(path: str, upload: str, identity: Identity = Depends(authenticate)) -> _Json:
        target = _own_file(identity, path)
        await run_in_threadpool(uploads.change, identity, target, upload, "abort")
        return {}

    @router.post("/discard-upload/{path:path}")
    def discard_from_page(
        path: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        target = _own_file(identity, path)
        uploads.change(identity, target, fields.get("upload", ""), "abort")
        return see_other("/".join(("/files", *(quote(name, safe="") for name in target[2:-1]))))


def _errors_as_json(handler: Callable[..., Awaitable[_Json]]) -> Callable[..., Awaitable[Response]]:
    @wraps(handler)
    async def wrapped(*args: Any, **kwargs: Any) -> Response:
        try:
            return JSONResponse(await handler(*args, **kwargs))
        except PhotozError as error:
            answer = JSONResponse({"detail": error.message}, error.status)
            close_unread(answer, error)
            return answer

    return wrapped


def _start(services: WebServices, identity: Identity, path: str, new: _NewFile) -> _Json:
    """Start an upload, or return how much of an earlier one has arrived."""
    identity.require(Scope.WRITE)
    uploads, folder = services.vospace.uploads, own_path(identity, path)
    if services.vospace.nodes.node(identity, folder, Listing(limit=0)).kind is not NodeKind.CONTAINER:
        raise NotFoundError(f"There is no folder '{'/'.join(folder[2:])}'.")
    target = own_path(identity, "/".join((*folder[2:], checked_file_name(new.name))))
    for found in uploads.unfinished(identity) if new.fingerprint else ():
        if (found.path, found.size, found.fingerprint) == (target, new.size, new.fingerprint):
            return _state(target, found.id, found.received, new.size)
    return _state(target, uploads.start(identity, target, new.size, new.fingerprint), 0, new.size)


async def _append(
    services: WebServices, request: Request, identity: Identity, target: Path, upload: str, offset: int, size: int
) -> _Json:
    """Receive a part; after the last one the file is stored."""
    uploads = services.vospace.uploads
    arrived = (await run_in_threadpool(uploads.progress, identity, target, upload)).size
    if arrived != offset:
        raise ConflictError(f"The part begins at byte {offset}, but {arrived} bytes have arrived.")
    part = await run_in_threadpool(uploads.append, identity, target, upload)
    try:
        await take_body(request, part.write)
        received = (await run_in_threadpool(part.finish)).size
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(part.close)
    if received < size:
        return _state(target, upload, received, size)
    await run_in_threadpool(uploads.commit, identity, target, upload, {}, None)
    return _state(target, upload, received, size) | {"file": target[-1]}


def _state(target: Path, upload: str, received: int, size: int) -> _Json:
    """Return the state of an upload; ``address`` takes the parts, each with the query parameter ``offset``."""
    path = "/".join(quote(name, safe="") for name in target[2:])
    query = urlencode({"upload": upload, "size": size})
    return {
        "id": upload,
        "address": f"/file-uploads/{path}?{query}",
        "received": received,
        "next_part": min(_LATER_PART if received else _FIRST_PART, size - received),
        "file": None,
    }


def _own_file(identity: Identity, path: str) -> Path:
    identity.require(Scope.WRITE)
    return own_path(identity, path)
