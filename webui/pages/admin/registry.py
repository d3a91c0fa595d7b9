"""Records of the registry, with their validation and the last harvests, for administrators."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response

from core.auth.administration import require_admin
from core.auth.models import Identity
from registry.models import Entry, Window
from registry.validation.checks import Finding, record_findings, server_findings
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry with what was found in its record."""

    entry: Entry
    findings: tuple[Finding, ...]
    is_harvested: bool


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of the registry."""
    authenticate, settings = services.authenticate, services.settings

    @router.get("/admin/registry")
    def registry(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        after = request.query_params.get("after", "")
        start = int(after) if after.isascii() and after.isdecimal() and len(after) <= _MAX_DIGITS else 0
        page = services.registry.records.page(Window(), start)
        harvests = services.registry.harvests.all()
        known = max((item.began_at for item in harvests), default=None)
        return renderer.page(
            "admin/registry.html",
            identity,
            lines=[_line(entry, known) for entry in page.entries],
            count=page.size,
            start=start,
            following=None if page.is_last else page.entries[-1].number,
            harvests=harvests,
            sources=services.registry.harvesting.sources(),
            of_server=tuple(server_findings(settings.authority, settings.public_url, settings.contact)),
            base_url=services.registry.repository.base_url,
        )


def _line(entry: Entry, known: datetime | None) -> _Line:
    findings = () if entry.record is None else record_findings(entry.record)
    return _Line(entry, findings, known is not None and entry.changed_at <= known)
