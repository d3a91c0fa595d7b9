"""Page of curated datasets, which administrators write in Markdown."""

from fastapi import APIRouter, Depends, Response

from core.auth.administration import require_admin
from core.auth.models import Identity
from webui.pages.forms import FormState, form_fields, save_or_show
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_NAME = "curated"


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page, and the form that edits it."""
    authenticate, texts = services.authenticate, services.site_texts

    def form_page(identity: Identity, form: FormState) -> Response:
        return renderer.form("help/curated_edit.html", identity, form)

    @router.get("/curated")
    def curated(identity: Identity = Depends(authenticate)) -> Response:
        return renderer.page("help/curated.html", identity, text=texts.text(_NAME))

    @router.get("/curated/edit")
    def edit_form(identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        known = texts.text(_NAME)
        return form_page(identity, FormState({"text": known.text, "version": str(known.version)}))

    @router.post("/curated/edit")
    def edit(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        require_admin(identity)
        version = fields.get("version", "")
        return save_or_show(
            lambda: texts.save(
                identity,
                _NAME,
                # Browsers send line ends as carriage return and line feed.
                fields.get("text", "").replace("\r\n", "\n"),
                version=int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else None,
            ),
            lambda form: form_page(identity, form),
            fields,
            ("text",),
            then="/curated",
        )
