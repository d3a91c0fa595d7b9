"""Render Jinja templates to responses: escaped, and with the security headers of every page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.auth.models import Identity
from core.settings import Settings
from core.web.frames import PageFrame
from products.attribution.identifiers import address_of
from webui.addresses import (
    catalogue_address,
    file_address,
    product_address,
    release_address,
    type_address,
    user_address,
)
from webui.pages.forms import FormState
from webui.pages.rendering.breaks import breakable_text
from webui.pages.rendering.contact import Contact
from webui.pages.rendering.markdown import render_markdown
from webui.static_files import StaticAddresses

__all__ = ["PAGE_HEADERS", "PageRenderer", "size_text"]

#: Headers of every page: nothing is loaded from other sites, no inline script runs, no other site may frame a page.
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
_MARK = Markup("<!-- content -->")  # no title has it, because titles are escaped
_NOTHING = "\N{EN DASH}"


class PageRenderer:
    """Renderer of HTML pages, with the variables that every page needs: the name of the site and the signed-in user."""

    def __init__(self, settings: Settings) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            size=size_text, number=_number_text, area=_area_text, plain_number=_plain_number, brief=_brief_text,
            day=_day_text, instant=_instant_text, markdown=render_markdown, path=_path_text, breakable=breakable_text,
            resolver=address_of,
        )  # fmt: skip
        self._environment.globals.update(
            site_name=settings.site_name,
            base_url=settings.public_url,
            product_url=product_address,
            file_url=file_address,
            user_url=user_address,
            release_url=release_address,
            catalogue_url=catalogue_address,
            type_url=type_address,
            static_url=StaticAddresses(),
            banner=settings.banner,
            looks_up_names=settings.name_resolver_url is not None,
            contact=Contact.of(settings.contact),
            acknowledgement=settings.acknowledgement,
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
        """Render a template; a missing variable is an error."""
        text = self._environment.get_template(template).render(identity=identity, **values)
        return HTMLResponse(text, status, headers={**PAGE_HEADERS, **(headers or {})})

    def form(
        self,
        template: str,
        identity: Identity,
        form: FormState,
        *,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Render a template with a form, with the status that the form has."""
        return self.page(template, identity, status=form.status, headers=headers, form=form, **values)

    def frame(self, identity: Identity, title: str, *, section: str = "") -> PageFrame:
        """Return the frame of a page that another package makes; see `core.web.frames.PageFraming`."""
        template = self._environment.get_template("frame.html")
        text = template.render(identity=identity, title=title, section=section, mark=_MARK)
        before, _, after = text.encode().partition(_MARK.encode())
        return PageFrame(before.lstrip(), after)

    def picture(self, template: str, **values: object) -> Response:
        """Render an SVG file of its own, in which no script runs."""
        text = self._environment.get_template(template).render(**values)
        return Response(text, media_type="image/svg+xml", headers=_PICTURE_HEADERS)

    @staticmethod
    def drawing(document: bytes) -> Response:
        """Return a document that is SVG already, in which no script runs."""
        return Response(document, media_type="image/svg+xml", headers=_PICTURE_HEADERS)


def size_text(size: int) -> str:
    """Format a number of bytes with about three digits: ``12.3 MB``."""
    if size < _STEP:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= _STEP
        if value < _STEP:
            return f"{value:.3g} {unit}"
    return f"{value / _STEP:.3g} TB"


def _number_text(value: float | None) -> Markup:
    """Format a number with its thousands apart by style alone, so that what is copied is the number."""
    if value is None:
        return Markup(_NOTHING)  # noqa: S704 - a constant  # nosec B704
    first, *groups = f"{value:,}".split(",")
    if not groups:
        return Markup.escape(first)
    rest = Markup("").join(Markup("<span>{}</span>").format(group) for group in groups)
    return Markup('<span class="digits">{}{}</span>').format(first, rest)


def _plain_number(value: int | None) -> str:
    """Format a number with its thousands apart by narrow blanks, for texts without markup."""
    return _NOTHING if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _area_text(square_degrees: float | None) -> Markup:
    """Format an area of the sky to three significant digits, a large one without a power of ten."""
    if square_degrees is None:
        return _number_text(None)
    rounded = float(f"{square_degrees:.3g}")
    return _number_text(int(rounded)) if rounded >= 1000 else Markup.escape(f"{rounded:g}")


def _brief_text(value: object) -> str:
    """Format a cell or a limit of a column in few characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _day_text(time: datetime | None) -> str:
    return _NOTHING if time is None else f"{time.astimezone(UTC):%Y-%m-%d}"


def _instant_text(time: datetime | None) -> str:
    return "never" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _path_text(text: str) -> str:
    return quote(text, safe="")
