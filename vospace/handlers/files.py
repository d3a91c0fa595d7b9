"""Bytes over HTTP: ``/files`` for those who sign in, ``/data`` for who holds a signed address, ``/archives``."""

import re
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse

from core.auth.dependencies import Authenticator
from core.auth.models import Identity, Scope
from core.web.routes import content_disposition, counted_answer, file_answer
from vospace.archives import ArchiveFormat
from vospace.faults import InvalidArgumentError
from vospace.handlers.nodes import raw_path
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
    """Return the header that says under which name a file is saved, and whether it may be shown."""
    word = "inline" if is_inert(media_type) else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in _UNQUOTABLE else "_" for c in name)
    given = f'{word}; filename="{plain}"'
    return given if plain == name else f"{given}; filename*=UTF-8''{quote(name, safe='')}"


def is_inert(media_type: str) -> bool:
    """Say whether a browser has nothing to run in bytes of a media type; of one that cannot be read it is not known."""
    essence = media_type.partition(";")[0].strip().lower()
    return _INERT.fullmatch(essence) is not None and _ACTIVE.search(essence) is None


def sent_media_type(media_type: str) -> str:
    """Return the media type under which bytes are sent: scripts and styles are bytes like others."""
    return "application/octet-stream" if _LOADED.search(media_type.lower()) else media_type


_READ = ["GET", "HEAD"]
_UPLOAD = "x-put-txn-id"


def add_file_routes(router: APIRouter, authenticate: Authenticator, nodes: NodeService, receiver: NodeUploads) -> None:
    """Add the routes of bytes for those who sign in, or need not."""

    @router.api_route("/files/{path:path}", methods=_READ)
    def get_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        names = node_path(path, raw_path(request))
        if request.method == "HEAD" and _UPLOAD in request.headers:
            return receiver.head(request, identity, nodes.resolve(identity, names, last=True).path)
        return _read(request, identity, nodes, names)

    @router.put("/files/{path:path}")
    async def put_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        names = await run_in_threadpool(_place, nodes, identity, node_path(path, raw_path(request)))
        return await receiver.put(request, identity, names)

    @router.post("/files/{path:path}")
    def change_upload(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        return receiver.post(request, identity, _place(nodes, identity, node_path(path, raw_path(request))))

    @router.delete("/files/{path:path}")
    def delete_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        nodes.delete(identity, node_path(path, raw_path(request)))
        return Response(status_code=204)

    @router.api_route("/archives/{kind}/{path:path}", methods=_READ)
    def get_archive(kind: str, path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return _archive(request, identity, nodes, kind, (node_path(path, raw_path(request)),))


def add_data_routes(router: APIRouter, nodes: NodeService, receiver: NodeUploads, signed_urls: SignedUrls) -> None:
    """Add the routes of signed addresses: each holds for one node, one direction, one person, and minutes."""

    @router.api_route("/data/{token}/{name:path}", methods=_READ)
    def get_data(token: str, request: Request) -> Response:
        uploading = request.method == "HEAD" and _UPLOAD in request.headers
        grant = signed_urls.read(
            token, (Direction.PUT,) if uploading else (Direction.GET, Direction.ZIP, Direction.TAR)
        )
        if uploading:
            return receiver.head(request, grant.identity, grant.paths[0])
        if grant.way is not Direction.GET:
            return _archive(request, grant.identity, nodes, grant.way, grant.paths)
        return _read(request, grant.identity, nodes, grant.paths[0])

    @router.put("/data/{token}/{name:path}")  # noqa: FAST003 - the name is for people
    async def put_data(token: str, request: Request) -> Response:
        grant = await run_in_threadpool(signed_urls.read, token, (Direction.PUT,))
        return await receiver.put(request, grant.identity, grant.paths[0])

    @router.post("/data/{token}/{name:path}")  # noqa: FAST003 - the name is for people
    def change_data(token: str, request: Request) -> Response:
        grant = signed_urls.read(token, (Direction.PUT,))
        return receiver.post(request, grant.identity, grant.paths[0])


def _read(request: Request, identity: Identity, nodes: NodeService, path: Path) -> Response:
    found = nodes.resolve(identity, path, last=True)
    if found.outside is not None:
        if not found.outside.lower().startswith(("http://", "https://")):
            message = f"This link points to '{found.outside[:300]}', which is no address of the web."
            raise InvalidArgumentError(message)
        return RedirectResponse(found.outside, 303)
    return _bytes(request, nodes.file(identity, found.path))


def _bytes(request: Request, file: NodeFile) -> Response:
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
    if file.counted is not None:
        response = counted_answer(request, response, file.size, file.counted)
    if file.size == 0 and request.method == "GET" and response.status_code == 200:
        kept = {name: value for name, value in response.headers.items() if name != "content-length"}
        return Response(status_code=204, headers=kept, background=response.background)
    return response


def _archive(request: Request, identity: Identity, nodes: NodeService, kind: str, paths: tuple[Path, ...]) -> Response:
    wanted: ArchiveFormat
    if kind == "zip":
        wanted = "zip"
    elif kind == "tar":
        wanted = "tar"
    else:
        message = f"'{kind[:40]}' is no archive; there are zip and tar."
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
    return counted_answer(request, answer, size, archive.counted)


def _place(nodes: NodeService, identity: Identity, path: Path) -> Path:
    """Return where bytes that are sent to a path go: links are followed."""
    found = nodes.resolve(identity, path, last=True)
    if found.outside is not None:
        message = f"This link points to '{found.outside[:300]}'; nothing can be written there."
        raise InvalidArgumentError(message)
    return found.path
