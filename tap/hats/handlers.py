"""HATS catalogues over HTTP: files with byte ranges, and folders as lists of links."""

from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from lxml import etree
from lxml.builder import E

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.errors import PhotozError
from core.web.routes import file_answer, route_class
from tap.hats.models import HatsFile
from tap.hats.service import HatsService

__all__ = ["hats_routes"]


def hats_routes(authenticate: Authenticator, hats: HatsService) -> APIRouter:
    """Return the routes of the HATS catalogues of products."""
    router = APIRouter(prefix="/hats", route_class=route_class(_text_error), include_in_schema=False)

    @router.api_route("/{name}", methods=["GET", "HEAD"])
    def collection(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return _answer(request, hats.file(identity, name, ""))

    @router.api_route("/{name}/{path:path}", methods=["GET", "HEAD"])
    def file(name: str, path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return _answer(request, hats.file(identity, name, path))

    return router


def _answer(request: Request, found: HatsFile) -> Response:
    if found.entries is not None:
        return Response(_listing(request.url.path.rstrip("/"), found.entries), media_type="text/html")
    return file_answer(
        request,
        name=found.name,
        media_type=found.media_type,
        size=found.size,
        etag=found.etag,
        modified=found.modified,
        read=found.read,
    )


def _listing(path: str, entries: tuple[str, ...]) -> bytes:
    """Return a page with a link to each entry of a folder, as clients of catalogues on web servers read them."""
    links = [E.li(E.a(entry, href=quote(f"{path}/{entry}", safe="/="))) for entry in entries]
    title = path.rpartition("/")[2]
    page = E.html(E.head(E.title(title)), E.body(E.h1(title), E.ul(*links)), lang="en")
    listing: bytes = etree.tostring(page, method="html", doctype="<!DOCTYPE html>", encoding="utf-8")
    return listing


def _text_error(_request: Request, error: PhotozError) -> Response:
    return Response(f"{error.message}\n", error.status, media_type="text/plain")
