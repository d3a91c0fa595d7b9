"""The identity of an HTTP request: a bearer token, a name and password, or the session cookie of a browser."""

import base64
import binascii
from urllib.parse import urlsplit

from fastapi import Request

from core.auth.models import ANONYMOUS, Identity
from core.auth.service import AccountService
from core.errors import AuthenticationError, PermissionDeniedError

__all__ = ["SESSION_COOKIE", "Authenticator"]

#: Name of the cookie that holds a browser's session.
SESSION_COOKIE = "photoz_session"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator:
    """A FastAPI dependency that gives each request's identity; without credentials it is anonymous.

    Credentials that do not hold are an error, never a silent fall back to anonymous. A browser's cookie counts for
    unsafe methods only when the request comes from a page of this server (cross-site request forgery).
    """

    def __init__(self, accounts: AccountService, public_url: str) -> None:
        self._accounts = accounts
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(public_url))

    def __call__(self, request: Request) -> Identity:
        """Find out who asks.

        Raises
        ------
        AuthenticationError
            The credentials do not hold.
        PermissionDeniedError
            A cookie came with an unsafe request from another site.
        """
        header = request.headers.get("authorization", "")
        scheme, _, value = header.partition(" ")
        if scheme:
            return self._identity_of_header(scheme.lower(), value.strip())
        cookie = request.cookies.get(SESSION_COOKIE)
        identity = self._accounts.identity_of_session(cookie) if cookie else None
        if identity is None:
            return ANONYMOUS
        if request.method not in _SAFE_METHODS and not self.is_same_origin(request):
            message = "This request came from another site, so the browser's sign-in does not count for it."
            raise PermissionDeniedError(message)
        return identity

    def _identity_of_header(self, scheme: str, value: str) -> Identity:
        if scheme in {"bearer", "token"}:
            return self._accounts.identity_of_token(value)
        if scheme == "basic":
            try:
                name, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
            except (binascii.Error, UnicodeDecodeError) as e:
                message = "The Authorization header is not valid Basic authentication."
                raise AuthenticationError(message) from e
            return self._accounts.identity_of_password(name, password)
        message = f"The Authorization scheme '{scheme}' is not known here; use Bearer, Token or Basic."
        raise AuthenticationError(message)

    def is_same_origin(self, request: Request) -> bool:
        """Say whether a page of this server, or the person at the address bar, sent the request."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = request.headers.get("origin", "")
        return origin in {self._origin, f"{request.url.scheme}://{request.headers.get('host', '')}"}
