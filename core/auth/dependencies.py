"""Authentication of HTTP requests: trusted proxy headers, bearer tokens, Basic, or session cookies."""

import base64
import binascii
import logging
from copy import copy
from dataclasses import replace
from urllib.parse import urlsplit

from fastapi import Request

from core.auth.access_tokens import AccessTokens
from core.auth.callers import address_of, caller_of
from core.auth.credentials import TOKEN_PREFIX
from core.auth.models import ANONYMOUS, Identity
from core.auth.service import AccountService
from core.auth.shares import RequestShares
from core.auth.trusted import TrustedHeaders
from core.errors import AuthenticationError, PermissionDeniedError

__all__ = ["REQUIRED", "SESSION_COOKIE", "VO_COOKIE", "Authenticator"]

#: Key in the state of a request whose path asks for a sign-in.
REQUIRED = "sign_in_required"

#: Name of the cookie that holds a browser's session; over https alone it has the prefix ``__Host-``.
SESSION_COOKIE = "photoz_session"

#: Name of the cookie of VO clients, which got it by ``ivoa_cookie``. Browsers never get it from pages.
VO_COOKIE = "photoz_vo"

_log = logging.getLogger(__name__)

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator:
    """FastAPI dependency that returns the identity of a request; anonymous without credentials.

    Invalid credentials are an error, never a silent fallback to anonymous. What a browser sends by itself, a cookie or
    its sign-in at a proxy, counts for unsafe methods only when the request comes from a page of this server (protection
    against cross-site request forgery). The identity is stored in the state of the request, for middleware and pages.

    Parameters
    ----------
    trusted
        Reader of the headers of a trusted proxy; None without one.
    secure
        Whether cookies are sent over https only.
    refused
        Limits of the requests with wrong credentials from each address; none by default.
    bearer
        Access tokens of an OpenID provider; None when they are not accepted.
    shares
        Limits of the requests of each caller; none by default.
    """

    def __init__(
        self,
        accounts: AccountService,
        public_url: str,
        *,
        trusted: TrustedHeaders | None = None,
        secure: bool = False,
        shares: RequestShares | None = None,
        refused: RequestShares | None = None,
        bearer: AccessTokens | None = None,
    ) -> None:
        self._shares = shares or RequestShares(0)
        self._refused = refused or RequestShares(0)
        self._bearer = bearer
        self._is_required = False
        self._accounts = accounts
        self._trusted = trusted
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(public_url))
        # With the prefix, other hosts of the same domain cannot set it (RFC 6265bis §4.1.3).
        self.session_cookie = f"__Host-{SESSION_COOKIE}" if secure else SESSION_COOKIE
        self.vo_cookie = f"__Host-{VO_COOKIE}" if secure else VO_COOKIE

    def requiring_sign_in(self) -> "Authenticator":
        """Return a dependency that refuses requests without credentials, which makes clients send theirs."""
        required = copy(self)
        required._is_required = True  # noqa: SLF001 - of this class
        return required

    def __call__(self, request: Request) -> Identity:
        """Return the identity of a request.

        Raises
        ------
        AuthenticationError
            The credentials are not valid.
        PermissionDeniedError
            A browser sent an unsafe request for a page of another site.
        TooManyRequestsError
            The caller has sent too many requests.
        """
        address = address_of(request)
        try:
            identity = replace(self._identity(request), address=address)
        except AuthenticationError as e:
            _log.info("credentials refused", extra={"reason": e.message})
            self._shares.take(address, request.scope)
            self._refused.take(address, {})
            raise
        request.state.identity = identity
        self._shares.take(caller_of(request, identity), request.scope)
        if identity.is_anonymous and (self._is_required or getattr(request.state, REQUIRED, False)):
            message = "This address is for users who sign in. Without the path segment 'auth' it is open to everybody."
            raise AuthenticationError(message)
        return identity

    def _identity(self, request: Request) -> Identity:
        trusted = self._trusted.identity(request) if self._trusted is not None else None
        if trusted is not None:
            self._refuse_other_sites(request)
            return trusted
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return self._identity_of_header(scheme.lower(), value.strip(), request)
        identity = self._identity_of_cookie(request, self.session_cookie)
        if identity is not None:
            if request.method not in _SAFE_METHODS and not self.is_same_origin(request):
                raise _of_another_site()
            return identity
        identity = self._identity_of_cookie(request, self.vo_cookie)
        if identity is not None:
            self._refuse_other_sites(request)
        return identity or ANONYMOUS

    def _identity_of_cookie(self, request: Request, name: str) -> Identity | None:
        cookie = request.cookies.get(name)
        return self._accounts.identity_of_session(cookie) if cookie else None

    def _identity_of_header(self, scheme: str, value: str, request: Request) -> Identity:
        if self._bearer is not None and scheme == "bearer" and not value.startswith(TOKEN_PREFIX):
            return self._bearer.identity(value)
        if scheme in {"bearer", "token"}:
            return self._accounts.identity_of_token(value)
        if scheme == "basic":
            try:
                name, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
            except (binascii.Error, UnicodeDecodeError) as e:
                message = "The Authorization header is not valid Basic authentication."
                raise AuthenticationError(message) from e
            return self._accounts.identity_of_basic(name, password, address_of(request))
        message = f"The Authorization scheme '{scheme}' is not known here; use Bearer, Token or Basic."
        raise AuthenticationError(message)

    def _refuse_other_sites(self, request: Request) -> None:
        """Refuse an unsafe request that a browser marks as sent for another site; other programs send no mark."""
        if request.method not in _SAFE_METHODS and self.is_of_other_site(request):
            raise _of_another_site()

    def is_of_other_site(self, request: Request) -> bool:
        """Return whether a browser marks the request as sent by a page of another site."""
        return not {"sec-fetch-site", "origin"}.isdisjoint(request.headers) and not self.is_same_origin(request)

    def is_same_origin(self, request: Request) -> bool:
        """Return whether a page of this server, or the address bar, sent the request."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = request.headers.get("origin", "")
        return origin in {self._origin, f"{request.url.scheme}://{request.headers.get('host', '')}"}


def _of_another_site() -> PermissionDeniedError:
    message = "This request came from another site, so the browser's sign-in does not count for it."
    return PermissionDeniedError(message)
