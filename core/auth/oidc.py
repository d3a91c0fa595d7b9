"""Sign-in with OpenID Connect: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1).

What a provider sends is believed only after its signature, issuer, audience, time and nonce were checked. The provider
is asked over the back channel, at the addresses that its own discovery document names.
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
_LONGEST_TOLD = 200


@dataclass(frozen=True, slots=True)
class OidcClaims:
    """Names of the claims that tell what is kept of a person; a dot leads into an object: ``realm_access.roles``."""

    name: str = "preferred_username"
    groups: str = "groups"


@dataclass(frozen=True, slots=True)
class OidcAttempt:
    """A sign-in that was begun; the browser keeps it, signed, until it comes back.

    Parameters
    ----------
    state, nonce, verifier
        What binds the provider's answer, its ID token and its code to this browser.
    target
        Page to lead to in the end.
    """

    state: str
    nonce: str
    verifier: str
    target: str


class OidcSignIn:
    """Begin sign-ins at a provider, and finish them.

    Parameters
    ----------
    redirect_url
        Address of ours to which the provider leads back.
    scopes
        What is asked for, between blanks.
    """

    def __init__(self, connection: ProviderConnection, *, redirect_url: str, scopes: str, claims: OidcClaims) -> None:
        self._connection = connection
        self._redirect_url = redirect_url
        self._scopes = scopes
        self._claims = claims

    def begin(self, target: str) -> tuple[str, OidcAttempt]:
        """Return the address to lead the browser to, and what it has to keep.

        Raises
        ------
        ServiceBusyError
            The provider does not answer.
        """
        attempt = OidcAttempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), target)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        endpoint = self._connection.address("authorization_endpoint")
        asked = {
            "response_type": "code",
            "client_id": self._connection.client_id,
            "redirect_uri": self._redirect_url,
            "scope": self._scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", attempt

    def finish(self, attempt: OidcAttempt, parameters: Mapping[str, str]) -> ExternalUser:
        """Take the provider's answer, which the browser brought, and tell who signed in.

        Raises
        ------
        PermissionDeniedError
            The provider refused, or its answer does not belong to the attempt or does not hold.
        ServiceBusyError
            The provider does not answer.
        """
        if not hmac.compare_digest(parameters.get("state", "").encode(), attempt.state.encode()):
            message = "This answer belongs to another sign-in. Sign in once more."
            raise PermissionDeniedError(message)
        if "error" in parameters:
            told = parameters.get("error_description") or parameters["error"]
            message = f"The sign-in service refused: {told:.{_LONGEST_TOLD}}"
            raise PermissionDeniedError(message)
        issuer = parameters.get("iss")
        if issuer is not None and issuer != self._connection.issuer:  # RFC 9207: another provider's answer
            message = "The answer comes from another sign-in service. Sign in once more."
            raise PermissionDeniedError(message)
        claims = self._connection.claims(
            code=parameters.get("code", ""),
            verifier=attempt.verifier,
            nonce=attempt.nonce,
            redirect_url=self._redirect_url,
            wanted=(self._claims.name.partition(".")[0], self._claims.groups.partition(".")[0]),
        )
        return self._person(claims)

    def _person(self, claims: Mapping[str, object]) -> ExternalUser:
        name = _claim(claims, self._claims.name)
        if not isinstance(name, str) or not name:
            message = f"The sign-in service did not tell a name (claim '{self._claims.name}')."
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
    """Read a claim of groups: a list of names, of objects with names, or names between blanks."""
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
