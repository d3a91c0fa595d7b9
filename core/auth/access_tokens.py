"""Access tokens of an OpenID provider as Bearer tokens (RFC 6750, RFC 9068), and what their scopes allow."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.auth.models import Credential, Identity, Scope
from core.errors import PermissionDeniedError

if TYPE_CHECKING:
    from core.auth.external import ExternalAccounts
    from core.auth.oidc import OidcSignIn

__all__ = ["AccessTokens", "widest_scope"]


class AccessTokens:
    """Sign-in by access tokens.

    Parameters
    ----------
    audience
        Audience that a token must have.
    scopes
        What each scope of a token allows; when it is empty, all tokens allow writing.
    """

    def __init__(
        self, oidc: "OidcSignIn", external: "ExternalAccounts", *, audience: str, scopes: Mapping[str, str]
    ) -> None:
        self._oidc = oidc
        self._external = external
        self._audience = audience
        self._scopes = dict(scopes)

    def identity(self, token: str) -> Identity:
        """Return the identity of an access token; credentials that it makes end with it.

        Raises
        ------
        AuthenticationError
            The token is not valid.
        PermissionDeniedError
            Its user may not sign in, or none of its scopes allows anything here.
        """
        person, claims = self._oidc.bearer(token, self._audience)
        scope = widest_scope(_scopes_of(claims), self._scopes) if self._scopes else Scope.WRITE
        ends = int(float(str(claims["exp"])))
        credential = Credential(f"until:{ends}", expires_at=datetime.fromtimestamp(ends, UTC))
        return replace(self._external.sign_in(person), scope=scope, credential=credential)


def widest_scope(held: Iterable[str], scopes: Mapping[str, str]) -> Scope:
    """Return the widest scope that the scopes of another service allow.

    Parameters
    ----------
    held
        Scopes of the other service.
    scopes
        What each of them allows.

    Raises
    ------
    PermissionDeniedError
        None of them allows anything.
    """
    allowed = {Scope(scopes[name]) for name in held if name in scopes}
    if not allowed:
        message = f"Your token has none of the scopes that this service knows: {', '.join(sorted(scopes)) or 'none'}."
        raise PermissionDeniedError(message)
    return max(allowed, key=list(Scope).index)


def _scopes_of(claims: Mapping[str, object]) -> list[str]:
    """Return the scopes of a token: a text between blanks (RFC 8693 §4.2), or a list, as some providers send."""
    value = claims.get("scope", claims.get("scp", ""))
    return value.split() if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []
