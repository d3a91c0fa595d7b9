"""URLs of pages and files, and the pages that a sign-in may redirect to."""

from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request

from core.errors import NotFoundError

__all__ = [
    "catalogue_address",
    "file_address",
    "login_address",
    "page_before",
    "page_of_request",
    "product_address",
    "product_key",
    "release_address",
    "safe_next",
    "type_address",
    "user_address",
]

_HOME = "/"
_MAX_DIGITS = 18


def product_address(internal_name: str, step: str = "") -> str:
    """Return the address of a product's page, or of one of its steps, such as ``files`` or ``review``."""
    address = f"/product/{quote(internal_name, safe='')}"
    return f"{address}/{step}" if step else address


def file_address(product_id: int, name: str) -> str:
    """Return the address of the bytes of a product's file."""
    return f"/api/products/{product_id}/files/{quote(name, safe='')}"


def user_address(name: str) -> str:
    """Return the address of an account's page, for administrators."""
    return f"/admin/users/{quote(name, safe='')}"


def release_address(name: str) -> str:
    """Return the address of a release's page, for administrators."""
    return f"/admin/releases/{quote(name, safe='')}"


def catalogue_address(name: str) -> str:
    """Return the address of a survey catalogue's page, for administrators."""
    return f"/admin/catalogues/{quote(name, safe='')}"


def type_address(name: str) -> str:
    """Return the address of a product type's page, for administrators."""
    return f"/admin/types/{quote(name, safe='')}"


def product_key(text: str) -> int | str:
    """Parse the part of an address that identifies a product: its id, or its internal name (which has a ``_``).

    Raises
    ------
    NotFoundError
        It contains a NUL, which no name has and PostgreSQL does not accept.
    """
    if "\0" in text:
        message = "There is no product of this name."
        raise NotFoundError(message)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else text


def safe_next(text: str | None) -> str:
    r"""Return the address to redirect to after a sign-in: a path of this server, else the first page.

    Browsers treat ``//host``, ``/\host`` and paths with a tab or a line break as addresses of other servers.
    """
    if not text or not text.startswith("/") or text.startswith("//"):
        return _HOME
    if "\\" in text or any(ord(c) <= 0x20 or ord(c) == 0x7F for c in text):
        return _HOME
    try:
        parts = urlsplit(text)
    except ValueError:
        return _HOME
    return _HOME if parts.scheme or parts.netloc else text


def login_address(target: str) -> str:
    """Return the address of the sign-in page that redirects to a target."""
    return f"/login?{urlencode({'next': safe_next(target)})}"


def page_of_request(request: Request) -> str:
    """Return the page of a request: its own address, or the page that had the form."""
    if request.method in {"GET", "HEAD"}:
        query = request.url.query
        return f"{request.url.path}?{query}" if query else request.url.path
    referrer = urlsplit(request.headers.get("referer", ""))
    if referrer.netloc != request.headers.get("host"):
        return _HOME
    return referrer.path or _HOME


def page_before(request: Request) -> str:
    """Return the page of this server whose link was followed, as the browser names it; else the first page."""
    referrer = urlsplit(request.headers.get("referer", ""))
    if referrer.netloc != request.headers.get("host") or referrer.path in {"/login", "/logout"}:
        return _HOME
    return safe_next(f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path)
