"""Pages of the documentation, with search."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from core.auth.models import Identity
from webui.pages.help.documents import Documentation
from webui.pages.help.rendering import render_document
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MAX_LENGTH = 100
_PICTURE_HEADERS = {"Cache-Control": "public, max-age=3600"}


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of documents with its search, each document, their pictures, and the files of notebooks."""
    documentation = Documentation(services.settings.public_url)

    @router.get("/help")
    def index(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        text = request.query_params.get("q", "").replace("\0", "").strip()[:_MAX_LENGTH]
        found = documentation.search(text)
        return renderer.page("help/index.html", identity, groups=documentation.groups(), text=text, found=found)

    @router.get("/help/images/{name}")
    def picture(name: str, _identity: Identity = Depends(services.authenticate)) -> Response:
        return FileResponse(documentation.picture(name), headers=_PICTURE_HEADERS)

    @router.get("/help/notebooks/{name}.ipynb")
    def notebook(name: str, _identity: Identity = Depends(services.authenticate)) -> Response:
        return Response(documentation.notebook(name), media_type="application/x-ipynb+json")

    @router.get("/help/{name}")
    def document(name: str, identity: Identity = Depends(services.authenticate)) -> Response:
        found = documentation.document(name)
        return renderer.page(
            "help/document.html",
            identity,
            groups=documentation.groups(),
            document=found,
            content=render_document(found),
            contents=[section for section in found.sections if section.level == 2],
        )
