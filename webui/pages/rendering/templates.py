"""Templates to answers: every page leaves through here, escaped, and with the headers that keep browsers careful."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.auth.models import Identity
from core.settings import Settings
from webui.addresses import product_address, release_address, type_address, user_address
from webui.pages.rendering.markdown import render_markdown

__all__ = ["PAGE_HEADERS", "PageRenderer", "see_other", "size_text"]

#: Headers of every page. Nothing loads from elsewhere, nothing inline runs, and no other site frames a page.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}

_PICTURE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_STEP = 1000
_NOTHING = "\N{EN DASH}"


class PageRenderer:
    """Renders templates with what every page needs: the site's name, and who is signed in."""

    def __init__(self, settings: Settings) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            size=size_text, number=_number_text, brief=_brief_text, day=_day_text, instant=_instant_text,
            markdown=render_markdown, path=_path_text,
        )  # fmt: skip
        self._environment.globals.update(
            site_name=settings.site_name,
            base_url=settings.public_url,
            product_url=product_address,
            user_url=user_address,
            release_url=release_address,
            type_url=type_address,
        )

    def page(
        self,
        template: str,
        identity: Identity,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Render a template; a value that it names and does not get is an error."""
        text = self._environment.get_template(template).render(identity=identity, **values)
        return HTMLResponse(text, status, headers={**PAGE_HEADERS, **(headers or {})})

    def picture(self, template: str, **values: object) -> Response:
        """Render a picture that stands alone, in which nothing runs."""
        text = self._environment.get_template(template).render(**values)
        return Response(text, media_type="image/svg+xml", headers=_PICTURE_HEADERS)


def see_other(address: str) -> RedirectResponse:
    """Lead on to another page after a form (303, RFC 9110 §15.4.4)."""
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


def size_text(size: int) -> str:
    """Write a number of bytes with three digits or so: ``12.3 MB``."""
    if size < _STEP:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= _STEP
        if value < _STEP:
            return f"{value:.3g} {unit}"
    return f"{value / _STEP:.3g} TB"


def _number_text(value: int | None) -> str:
    return _NOTHING if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _brief_text(value: object) -> str:
    """Write a cell or a limit of a column in few characters."""
    if value is None:
        return ""
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _day_text(time: datetime | None) -> str:
    return _NOTHING if time is None else f"{time.astimezone(UTC):%Y-%m-%d}"


def _instant_text(time: datetime | None) -> str:
    return "never" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _path_text(text: str) -> str:
    return quote(text, safe="")
