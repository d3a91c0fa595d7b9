"""Administration overview, and the audit log."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request, Response

from core.auth.administration import require_admin
from core.auth.audit import AuditQuery, Subject
from core.auth.models import Identity
from products.search.queries import ProductQuery
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_PAGE_SIZE = 50
_MAX_DIGITS = 9
_MAX_NAME_LENGTH = 150


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the overview and the audit log."""
    authenticate = services.authenticate

    @router.get("/admin")
    def overview(identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        count, latest = services.accounts.audit.entries(identity, AuditQuery(limit=15))
        return renderer.page(
            "admin/overview.html",
            identity,
            accounts=services.accounts.administration.accounts(identity),
            groups=services.accounts.groups.groups(identity),
            releases=services.products.releases.all(identity),
            products=services.products.service.list(identity, ProductQuery(limit=1)).count,
            deleted=services.products.versions.deleted(identity),
            entries=latest,
            count=count,
        )

    @router.get("/admin/log")
    def log(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        parameters = request.query_params
        page = max(1, _number(parameters, "page") or 1)
        kind = parameters.get("kind", "")
        query = AuditQuery(
            kind=Subject(kind) if kind in set(Subject) else None,
            subject_id=_number(parameters, "number"),
            actor=parameters.get("actor", "").replace("\0", "").strip()[:_MAX_NAME_LENGTH],
            offset=(page - 1) * _PAGE_SIZE,
            limit=_PAGE_SIZE,
        )
        count, entries = services.accounts.audit.entries(identity, query)
        return renderer.page(
            "admin/log.html",
            identity,
            query=query,
            kinds=list(Subject),
            entries=entries,
            count=count,
            page=page,
            pages=max(1, -(-count // _PAGE_SIZE)),
        )


def _number(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None
