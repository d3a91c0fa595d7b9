"""Uploads over HTTP: PUT of the bytes of a node, whole or in parts.

An upload in parts follows the headers of CADC's clients. A PUT with ``X-Put-Txn-Op: start`` and an empty body starts it
and returns ``X-Put-Txn-Id``. Each PUT with that id appends its body. HEAD returns how many bytes have arrived, those of
an interrupted part included. POST with ``revert`` removes the last part, with ``abort`` the upload. PUT with ``commit``
stores the node.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.web.multipart import take_body
from vospace.models import Path
from vospace.transfers.digests import digest_header
from vospace.transfers.uploads import IncomingBody, NodeUploads, StoredUpload, UploadProgress

__all__ = ["change_upload", "is_upload_query", "put_bytes", "upload_progress"]

_LONGEST_LENGTH = 18
_OPERATION, _ID, _TOTAL = "x-put-txn-op", "x-put-txn-id", "x-total-length"

_Result = TypeVar("_Result")


async def put_bytes(
    request: Request,
    uploads: NodeUploads,
    identity: Identity,
    path: Path,
    before_end: Callable[[], None] = lambda: None,
) -> Response:
    """Respond to a PUT: a whole file, or one step of an upload in parts.

    Parameters
    ----------
    before_end
        Called after the last byte; the bytes are discarded when it raises.
    """
    operation, upload = request.headers.get(_OPERATION, "").lower(), request.headers.get(_ID)
    length, media_type = _decimal(request, "content-length"), _media_type(request)
    if upload is not None and operation == "commit":
        stored = await run_in_threadpool(uploads.commit, identity, path, upload, request.headers, media_type)
        return _stored(stored)
    if upload is not None:
        part = await run_in_threadpool(uploads.append, identity, path, upload)
        return await run_in_threadpool(_progress, await _receive(request, part, before_end), 202)
    if operation == "start" and length == 0:
        token = await run_in_threadpool(uploads.start, identity, path, _decimal(request, _TOTAL))
        return Response(status_code=202, headers={"X-Put-Txn-Id": token, "Content-Length": "0"})
    body = await run_in_threadpool(uploads.begin, identity, path, length, request.headers, media_type)
    return _stored(await _receive(request, body, before_end))


def change_upload(request: Request, uploads: NodeUploads, identity: Identity, path: Path) -> Response:
    """Respond to a POST about an upload in parts: revert its last part, or abort it."""
    operation = request.headers.get(_OPERATION, "").lower()
    progress = uploads.change(identity, path, request.headers.get(_ID, ""), operation)
    return Response(status_code=204) if progress is None else _progress(progress, 200)


def is_upload_query(request: Request) -> bool:
    """Return whether a request is a HEAD about an upload in parts."""
    return request.method == "HEAD" and _ID in request.headers


def upload_progress(request: Request, uploads: NodeUploads, identity: Identity, path: Path) -> Response:
    """Respond to a HEAD about an upload in parts with the number of bytes that have arrived."""
    progress = uploads.progress(identity, path, request.headers[_ID])
    response = _progress(progress, 200)
    response.headers["Content-Length"] = str(progress.size)
    return response


async def _receive(request: Request, body: IncomingBody[_Result], before_end: Callable[[], None]) -> _Result:
    try:
        await take_body(request, body.write)
        await run_in_threadpool(before_end)
        return await run_in_threadpool(body.finish)
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(body.close)


def _stored(upload: StoredUpload) -> Response:
    file = upload.file
    headers = {"Digest": digest_header(file.md5), "ETag": f'"{file.sha256}"', "Content-Length": "0"}
    return Response(status_code=201 if upload.created else 200, headers=headers)


def _progress(progress: UploadProgress, status: int) -> Response:
    """Answer with what has arrived; it may have to be read for its digest."""
    headers = {"Digest": digest_header(progress.md5), "X-Put-Txn-Length": str(progress.size)}
    return Response(status_code=status, headers=headers)


def _decimal(request: Request, header: str) -> int | None:
    value = request.headers.get(header, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= _LONGEST_LENGTH else None


def _media_type(request: Request) -> str | None:
    """Return the media type that a client declares, unless it is one that clients send with any file."""
    value = request.headers.get("content-type", "").strip()
    is_default = value.startswith(("application/octet-stream", "application/x-www-form-urlencoded", "text/xml"))
    return value[:255] if value and not is_default and value.isprintable() and "/" in value else None
