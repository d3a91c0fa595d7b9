"""Sign-in with OpenID Connect: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1).

The ID token is used only after its signature, issuer, audience, times and nonce were checked. It is requested over the
back channel, at the addresses of the provider's discovery document.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from core.auth.external import ExternalUser
from core.auth.oidc_tokens import ProviderConnection
from core.errors import PermissionDeniedError

__all__ = ["OidcAttempt", "OidcClaims", "OidcSignIn"]

_SOURCE = "oidc"
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class OidcClaims:
    """Names of the claims of name and groups; a dot leads into an object: ``realm_access.roles``."""

    name: str = "preferred_username"
    groups: str = "groups"


@dataclass(frozen=True, slots=True)
class OidcAttempt:
    """State of a sign-in in progress, stored in a signed cookie.

    Parameters
    ----------
    state, nonce, verifier
        Random values that bind the response, the ID token and the code of the provider to this browser.
    target
        Page to redirect to after the sign-in.
    """

    state: str
    nonce: str
    verifier: str
    target: str


class OidcSignIn:
    """Authorization code flow with one provider.

    Parameters
    ----------
    redirect_url
        Address of this server to which the provider redirects.
    scopes
        Requested scopes, separated by spaces.
    """

    def __init__(self, connection: ProviderConnection, *, redirect_url: str, scopes: str, claims: OidcClaims) -> None:
        self._connection = connection
        self._redirect_url = redirect_url
        self._scopes = scopes
        self._claims = claims

    def begin(self, target: str) -> tuple[str, OidcAttempt]:
        """Return the authorization address to redirect to, and the state to store in a cookie.

        Raises
        ------
        ServiceBusyError
            The provider does not answer.
        """
        attempt = OidcAttempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), target)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        endpoint = self._connection.address("authorization_endpoint")
        query = {
            "response_type": "code",
            "client_id": self._connection.client_id,
            "redirect_uri": self._redirect_url,
            "scope": self._scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", attempt

    def finish(self, attempt: OidcAttempt, parameters: Mapping[str, str]) -> ExternalUser:
        """Check the authorization response, and return the user who signed in.

        Raises
        ------
        PermissionDeniedError
            The provider refused, or its response belongs to another attempt or is not valid.
        ServiceBusyError
            The provider does not answer.
        """
        if not hmac.compare_digest(parameters.get("state", "").encode(), attempt.state.encode()):
            message = "This response belongs to another sign-in. Sign in again."
            raise PermissionDeniedError(message)
        if "error" in parameters:
            reason = parameters.get("error_description") or parameters["error"]
            message = f"The sign-in service refused: {reason:.{_MAX_REASON}}"
            raise PermissionDeniedError(message)
        issuer = parameters.get("iss")
        if issuer is not None and issuer != self._connection.issuer:  # RFC 9207: another provider's answer
            message = "The response comes from another sign-in service. Sign in again."
            raise PermissionDeniedError(message)
        claims = self._connection.claims(
            code=parameters.get("code", ""),
            verifier=attempt.verifier,
            nonce=attempt.nonce,
            redirect_url=self._redirect_url,
            wanted=(self._claims.name.partition(".")[0], self._claims.groups.partition(".")[0]),
        )
        return self._person(claims)

    def bearer(self, token: str, audience: str) -> tuple[ExternalUser, Mapping[str, object]]:
        """Check an access token (RFC 9068), and return its user and its claims.

        Raises
        ------
        AuthenticationError
            It is not a valid access token for this audience.
        PermissionDeniedError
            It names no user.
        """
        claims = self._connection.access_claims(
            token, audience, (self._claims.name.partition(".")[0], self._claims.groups.partition(".")[0])
        )
        return self._person(claims), claims

    def _person(self, claims: Mapping[str, object]) -> ExternalUser:
        name = _claim(claims, self._claims.name)
        if not isinstance(name, str) or not name:
            message = f"The sign-in service sent no user name (claim '{self._claims.name}')."
            raise PermissionDeniedError(message)
        return ExternalUser(
            source=_SOURCE,
            issuer=self._connection.issuer,
            subject=str(claims["sub"]),
            name=name,
            groups=_groups(_claim(claims, self._claims.groups)),
            first_name=_text(claims.get("given_name"), 150),
            last_name=_text(claims.get("family_name"), 150),
            email=_text(claims.get("email"), 254),
        )


def _claim(claims: Mapping[str, object], path: str) -> object:
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    # A name may have dots in it, too.
    return claims.get(path) if found is None else found


def _groups(value: object) -> tuple[str, ...]:
    """Parse a claim of groups: a list of names, a list of objects with names, or names separated by spaces."""
    if isinstance(value, str):
        return tuple(value.split())
    if not isinstance(value, list):
        return ()
    named = (item.get("name") if isinstance(item, Mapping) else item for item in value)
    return tuple(item for item in named if isinstance(item, str))


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c.isprintable())[:longest]
