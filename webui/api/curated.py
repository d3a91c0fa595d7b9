"""REST resource of the page of curated datasets."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from core.auth.administration import require_admin
from core.auth.models import Identity
from core.site_texts import SiteText
from webui.api.bodies import CuratedBody, parse_body, read_fields
from webui.api.errors import api_router
from webui.api.representations.products import Json, iso
from webui.services import WebServices

__all__ = ["routes"]

_NAME = "curated"


def routes(services: WebServices) -> APIRouter:
    """Return the routes of the page."""
    router = api_router("server")
    authenticate, texts = services.authenticate, services.site_texts

    @router.get("/curated", summary="The page of curated datasets")
    def curated(_identity: Identity = Depends(authenticate)) -> Json:
        return _json(texts.text(_NAME))

    @router.put("/curated", summary="Replace the page of curated datasets")
    async def replace(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        require_admin(identity)
        body = parse_body(CuratedBody, await read_fields(request))
        await run_in_threadpool(texts.save, identity, _NAME, body.text, version=body.version)
        return _json(await run_in_threadpool(texts.text, _NAME))

    return router


def _json(found: SiteText) -> Json:
    return {"text": found.text, "version": found.version, "changed_at": iso(found.changed_at)}
