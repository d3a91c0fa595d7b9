"""Downloads of the Python library: its wheel, and an index for pip (simple repository API, PEP 503)."""

from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from core.errors import NotFoundError
from webui.library_wheel import LibraryWheel, library_wheel
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["FOLDER", "add_routes"]

#: Path of the folder of downloads.
FOLDER = "/static/clients"

_READ = ["GET", "HEAD"]
_LATEST = "pzserver.whl"


def add_routes(router: APIRouter, _services: WebServices, _renderer: PageRenderer) -> None:
    """Add the wheel at an address with its version and at one without, and the index."""

    @router.api_route(FOLDER, methods=_READ)
    @router.api_route(f"{FOLDER}/", methods=_READ)
    def files() -> Response:
        return HTMLResponse(_link_page(_wheel()))

    @router.api_route(f"{FOLDER}/simple", methods=_READ)
    @router.api_route(f"{FOLDER}/simple/", methods=_READ)
    def projects() -> Response:
        name = _wheel().project
        return HTMLResponse(_page(f'<a href="{FOLDER}/simple/{escape(name)}/">{escape(name)}</a>'))

    @router.api_route(f"{FOLDER}/simple/{{project}}", methods=_READ)
    @router.api_route(f"{FOLDER}/simple/{{project}}/", methods=_READ)
    def project(project: str) -> Response:
        wheel = _wheel()
        if project != wheel.project:
            raise NotFoundError(f"This index has no project '{project:.80}'; it has {wheel.project}.")
        return HTMLResponse(_link_page(wheel))

    @router.api_route(f"{FOLDER}/{{name}}", methods=_READ)
    def file(name: str, request: Request) -> Response:
        wheel = _wheel()
        if name == _LATEST:
            return RedirectResponse(f"{FOLDER}/{wheel.file_name}", 307)
        if name != wheel.file_name:
            raise NotFoundError(f"There is no file '{name:.120}'; the wheel of this server is {wheel.file_name}.")
        headers = {
            "ETag": f'"{wheel.sha256}"',
            "Content-Disposition": f'attachment; filename="{wheel.file_name}"',
            "Content-Length": str(len(wheel.content)),
        }
        body = b"" if request.method == "HEAD" else wheel.content
        return Response(body, media_type="application/zip", headers=headers)


def _wheel() -> LibraryWheel:
    wheel = library_wheel()
    if wheel is None:
        raise NotFoundError("The library pzserver is not installed beside this server, so it has no wheel of it.")
    return wheel


def _link_page(wheel: LibraryWheel) -> str:
    address = f"{FOLDER}/{wheel.file_name}#sha256={wheel.sha256}"
    requires = escape(wheel.requires_python)
    return _page(f'<a href="{escape(address)}" data-requires-python="{requires}">{escape(wheel.file_name)}</a>')


def _page(link: str) -> str:
    head = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>pzserver</title></head>'
    return f"{head}<body>{link}</body></html>\n"
