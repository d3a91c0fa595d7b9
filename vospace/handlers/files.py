"""Bytes of nodes over HTTP: ``/files`` and ``/archives`` with credentials, ``/data`` by signed URL."""

import re
from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse

from core.auth.dependencies import Authenticator
from core.auth.models import Identity, Scope
from core.web.routes import content_disposition, counted_answer, file_answer
from vospace.archives import ArchiveFormat
from vospace.faults import InvalidArgumentError
from vospace.handlers.endpoints import JobEndpoints
from vospace.handlers.nodes import raw_path
from vospace.handlers.uploads import change_upload, is_upload_query, put_bytes, upload_progress
from vospace.models import NodeFile, Path
from vospace.service import NodeService
from vospace.transfers.digests import digest_header
from vospace.transfers.signed_urls import Direction, SignedUrls
from vospace.transfers.uploads import NodeUploads
from vospace.uris import node_path

__all__ = ["add_data_routes", "add_file_routes", "file_disposition", "is_inert", "sent_media_type"]

_INERT = re.compile(r"(application|audio|font|image|text|video)/[a-z0-9][a-z0-9!#$&^_.+-]*")
_ACTIVE = re.compile(r"xml|html|svg|xsl|script|pdf|java|flash|signed-exchange|xpinstall|extension|\bhta\b")
_LOADED = re.compile(r"(java|ecma|live|j|vb)script|css")
_UNQUOTABLE = frozenset('"\\%;')


def file_disposition(name: str, media_type: str) -> str:
    """Return the Content-Disposition of a file: inline if browsers may display it, otherwise attachment."""
    word = "inline" if is_inert(media_type) else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in _UNQUOTABLE else "_" for c in name)
    given = f'{word}; filename="{plain}"'
    return given if plain == name else f"{given}; filename*=UTF-8''{quote(name, safe='')}"


def is_inert(media_type: str) -> bool:
    """Return whether a media type is known to have no active content; invalid media types are not."""
    essence = media_type.partition(";")[0].strip().lower()
    return _INERT.fullmatch(essence) is not None and _ACTIVE.search(essence) is None


def sent_media_type(media_type: str) -> str:
    """Return the media type of a response: scripts and styles are sent as ``application/octet-stream``."""
    return "application/octet-stream" if _LOADED.search(media_type.lower()) else media_type


_READ = ["GET", "HEAD"]
#: Status of a part of an upload in parts.
_MORE_FOLLOWS = 202


def add_file_routes(router: APIRouter, authenticate: Authenticator, nodes: NodeService, uploads: NodeUploads) -> None:
    """Add the routes of bytes for requests with credentials, and for anonymous ones."""

    @router.api_route("/files/{path:path}", methods=_READ)
    def get_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        names = node_path(path, raw_path(request))
        if is_upload_query(request):
            return upload_progress(request, uploads, identity, nodes.resolve(identity, names, last=True).path)
        return _read(request, identity, nodes, names)

    @router.put("/files/{path:path}")
    async def put_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        names = await run_in_threadpool(_upload_path, nodes, identity, node_path(path, raw_path(request)))
        return await put_bytes(request, uploads, identity, names)

    @router.post("/files/{path:path}")
    def post_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        names = _upload_path(nodes, identity, node_path(path, raw_path(request)))
        return change_upload(request, uploads, identity, names)

    @router.delete("/files/{path:path}")
    def delete_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        nodes.delete(identity, node_path(path, raw_path(request)))
        return Response(status_code=204)

    @router.api_route("/archives/{kind}/{path:path}", methods=_READ)
    def get_archive(kind: str, path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return _archive(request, identity, nodes, kind, (node_path(path, raw_path(request)),))


def add_data_routes(
    router: APIRouter, nodes: NodeService, uploads: NodeUploads, signed_urls: SignedUrls, endpoints: JobEndpoints
) -> None:
    """Add the routes of signed URLs: each is valid for its nodes, one direction, one user, and some minutes."""

    @router.api_route("/data/{token}/{name:path}", methods=_READ)
    def get_data(token: str, request: Request) -> Response:
        if is_upload_query(request):
            signed = signed_urls.read(token, (Direction.PUT,))
            return upload_progress(request, uploads, signed.identity, signed.paths[0])
        signed = signed_urls.read(token, (Direction.GET, Direction.ZIP, Direction.TAR))
        endpoints.check(signed)

        def sent() -> None:
            endpoints.complete(signed)

        if signed.direction is not Direction.GET:
            answer = _archive(request, signed.identity, nodes, signed.direction, signed.paths, sent)
        else:
            answer = _read(request, signed.identity, nodes, signed.paths[0], sent)
        return endpoints.sent(signed, answer)

    @router.put("/data/{token}/{name:path}")  # noqa: FAST003 - the name is the file name for browsers
    async def put_data(token: str, request: Request) -> Response:
        signed = await run_in_threadpool(signed_urls.read, token, (Direction.PUT,))
        async with endpoints.receiving(signed):
            answer = await put_bytes(
                request, uploads, signed.identity, signed.paths[0], lambda: endpoints.check(signed)
            )
            if answer.status_code != _MORE_FOLLOWS:
                await run_in_threadpool(endpoints.complete, signed)
        return answer

    @router.post("/data/{token}/{name:path}")  # noqa: FAST003 - the name is the file name for browsers
    def post_data(token: str, request: Request) -> Response:
        signed = signed_urls.read(token, (Direction.PUT,))
        endpoints.check(signed)
        return change_upload(request, uploads, signed.identity, signed.paths[0])


def _read(
    request: Request, identity: Identity, nodes: NodeService, path: Path, sent: Callable[[], None] | None = None
) -> Response:
    found = nodes.resolve(identity, path, last=True)
    if found.outside is not None:
        if not found.outside.lower().startswith(("http://", "https://")):
            message = f"This link points to '{found.outside[:300]}', which is not an HTTP URL."
            raise InvalidArgumentError(message)
        return RedirectResponse(found.outside, 303)
    return _bytes(request, nodes.file(identity, found.path), sent)


def _bytes(request: Request, file: NodeFile, sent: Callable[[], None] | None) -> Response:
    headers = {
        "Digest": digest_header(file.md5),
        "Content-Disposition": file_disposition(file.name, file.media_type),
    }
    response = file_answer(
        request,
        name=file.name,
        media_type=sent_media_type(file.media_type),
        size=file.size,
        etag=file.sha256,
        modified=file.modified,
        read=file.read,
        headers=headers,
    )
    if file.counted is not None or sent is not None:
        response = counted_answer(request, response, file.size, lambda: _count(file.counted, sent))
    if file.size == 0 and request.method == "GET" and response.status_code == 200:
        kept = {name: value for name, value in response.headers.items() if name != "content-length"}
        return Response(status_code=204, headers=kept, background=response.background)
    return response


def _archive(
    request: Request,
    identity: Identity,
    nodes: NodeService,
    kind: str,
    paths: tuple[Path, ...],
    sent: Callable[[], None] | None = None,
) -> Response:
    wanted: ArchiveFormat
    if kind == "zip":
        wanted = "zip"
    elif kind == "tar":
        wanted = "tar"
    else:
        message = f"'{kind[:40]}' is not an archive format; use zip or tar."
        raise InvalidArgumentError(message)
    archive = nodes.archive(identity, paths)
    size = archive.size(wanted)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": content_disposition(f"{archive.name}.{wanted}"),
        "X-Content-Type-Options": "nosniff",
    }
    media_type = "application/zip" if wanted == "zip" else "application/x-tar"
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    answer = StreamingResponse(archive.read(wanted), headers=headers, media_type=media_type)
    return counted_answer(request, answer, size, lambda: _count(archive.counted, sent))


def _count(*functions: Callable[[], None] | None) -> None:
    for function in functions:
        if function is not None:
            function()


def _upload_path(nodes: NodeService, identity: Identity, path: Path) -> Path:
    """Return the path of the node that an upload writes, after links."""
    found = nodes.resolve(identity, path, last=True)
    if found.outside is not None:
        message = f"This link points to '{found.outside[:300]}'; nothing can be written there."
        raise InvalidArgumentError(message)
    return found.path
