"""Back channel to an OpenID provider: discovery document, keys, and exchange of a code for tokens."""

import hashlib
from collections.abc import Mapping, Sequence
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from core.errors import AuthenticationError, PermissionDeniedError, ServiceBusyError

# The libraries are imported by the functions that use them: most servers have no provider.
if TYPE_CHECKING:
    import httpx2
    from joserfc import jwt
    from joserfc.jwk import KeySet

__all__ = ["ProviderConnection"]

_SECONDS = 10.0
_CACHE_SECONDS = 3600.0
_REFETCH_SECONDS = 30.0
_USER_SECONDS = 300.0
_LEEWAY_SECONDS = 60
_LONGEST_ANSWER = 1_000_000
#: Signatures with a key pair; an algorithm with a shared secret, or none, is never accepted.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_INVALID = "The response of the sign-in service is not valid. Sign in again."


class ProviderConnection:
    """Connection to a provider, as a client that is registered there.

    Parameters
    ----------
    client_secret
        None for a public client.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str | None) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._secret = client_secret
        self._lock = Lock()
        self._cache: dict[str, tuple[float, Any]] = {}

    def address(self, name: str) -> str:
        """Return one of the provider's addresses from its discovery document (OpenID Connect Discovery 1.0 §4)."""
        value = self._metadata().get(name)
        if not isinstance(value, str):
            message = "The sign-in service publishes no address for this. Tell the administrators of this server."
            raise ServiceBusyError(message)
        return value

    def claims(
        self, *, code: str, verifier: str, nonce: str, redirect_url: str, wanted: Sequence[str]
    ) -> Mapping[str, Any]:
        """Exchange a code for the claims of a valid ID token.

        Parameters
        ----------
        wanted
            Claims that are requested from the userinfo endpoint when they are not in the ID token.

        Raises
        ------
        PermissionDeniedError
            The provider refuses the code, or the ID token is not valid.
        """
        answer = self._exchange(code, verifier, redirect_url)
        claims = self._verified(str(answer.get("id_token", "")), nonce)
        if all(name in claims for name in wanted) or "userinfo_endpoint" not in self._metadata():
            return claims
        userinfo = self._request("GET", self.address("userinfo_endpoint"), token=str(answer.get("access_token", "")))
        if userinfo.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0 §5.3.2
            raise PermissionDeniedError(_INVALID)
        return {**userinfo, **claims}

    def access_claims(self, token: str, audience: str, wanted: Sequence[str]) -> Mapping[str, Any]:
        """Return the claims of a valid access token (RFC 9068 §4), with those of the user that it lacks.

        Raises
        ------
        AuthenticationError
            The signature, the issuer, the audience or the time is wrong, or it is an ID token.
        """
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            found = self._decoded(token)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": audience},
                sub={"essential": True},
                exp={"essential": True},
            ).validate(found.claims)
        except (JoseError, ValueError, TypeError, KeyError) as e:
            message = "Invalid access token: it is wrong, has ended, or is for another service. Get a new one."
            raise AuthenticationError(message) from e
        claims = found.claims
        is_named = isinstance(claims["sub"], str) and 0 < len(claims["sub"]) <= 255
        if not is_named or {"nonce", "at_hash", "c_hash"} & claims.keys():
            message = "Invalid access token: this is an ID token, which signs nobody in here."
            raise AuthenticationError(message)
        if all(name in claims for name in wanted) or "userinfo_endpoint" not in self._metadata():
            return claims
        userinfo = self._user_of(token)
        return {**userinfo, **claims} if userinfo.get("sub") == claims["sub"] else claims

    def _user_of(self, token: str) -> Mapping[str, Any]:
        """Return what the provider says of the user of an access token, which is kept for some minutes."""
        key = f"user {hashlib.sha256(token.encode()).hexdigest()}"
        with self._lock:
            cached = self._cache.get(key)
            old = [name for name, (at, _) in self._cache.items() if monotonic() - at > _CACHE_SECONDS]
            for name in old:
                del self._cache[name]
        if cached is not None and monotonic() - cached[0] < _USER_SECONDS:
            return dict(cached[1])
        found = self._request("GET", self.address("userinfo_endpoint"), token=token)
        with self._lock:
            self._cache[key] = (monotonic(), found)
        return found

    def _decoded(self, token: str) -> "jwt.Token":
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            return jwt.decode(token, self._keys(), algorithms=list(_ALGORITHMS))
        except JoseError:
            # The provider may have changed its keys meanwhile.
            return jwt.decode(token, self._keys(anew=True), algorithms=list(_ALGORITHMS))

    def _exchange(self, code: str, verifier: str, redirect_url: str) -> Mapping[str, Any]:
        import httpx2

        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_url,
            "code_verifier": verifier,
        }
        methods = self._metadata().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = None
        if self._secret is None:
            sent["client_id"] = self.client_id
        elif "client_secret_basic" in methods:
            basic = httpx2.BasicAuth(_quoted(self.client_id), _quoted(self._secret))
        else:
            sent |= {"client_id": self.client_id, "client_secret": self._secret}
        return self._request("POST", self.address("token_endpoint"), data=sent, auth=basic)

    def _verified(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Check an ID token (OpenID Connect Core 1.0 §3.1.3.7) and return its claims."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            found = self._decoded(token)
            registry = jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(found.claims)
        except (JoseError, ValueError, TypeError, KeyError) as e:
            raise PermissionDeniedError(_INVALID) from e
        claims = found.claims
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.client_id:
            raise PermissionDeniedError(_INVALID)
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise PermissionDeniedError(_INVALID)
        return claims

    def _metadata(self) -> Mapping[str, Any]:
        address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found: Mapping[str, Any] = self._remembered(address, _CACHE_SECONDS)
        if found.get("issuer") != self.issuer:
            message = "The issuer of the sign-in service is not the one in the settings of this server."
            raise ServiceBusyError(message)
        return found

    def _keys(self, *, anew: bool = False) -> "KeySet":
        from joserfc.jwk import KeySet

        found = self._remembered(self.address("jwks_uri"), _REFETCH_SECONDS if anew else _CACHE_SECONDS)
        return KeySet.import_key_set(found)

    def _remembered(self, address: str, seconds: float) -> Any:
        with self._lock:
            cached = self._cache.get(address)
        if cached is not None and monotonic() - cached[0] < seconds:
            return cached[1]
        answer = self._request("GET", address)
        with self._lock:
            self._cache[address] = (monotonic(), answer)
        return answer

    def _request(
        self,
        method: str,
        address: str,
        *,
        data: Mapping[str, str] | None = None,
        auth: "httpx2.BasicAuth | None" = None,
        token: str | None = None,
    ) -> Mapping[str, Any]:
        import httpx2

        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            with httpx2.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
                answer = client.request(method, address, data=data, auth=auth, headers=headers)
            found = answer.json() if len(answer.content) <= _LONGEST_ANSWER else None
        except (httpx2.HTTPError, ValueError) as e:
            message = "The sign-in service does not answer at the moment; try again in a few minutes."
            raise ServiceBusyError(message) from e
        if method == "POST" and 400 <= answer.status_code < 500:
            raise PermissionDeniedError(_INVALID)
        if answer.status_code != httpx2.codes.OK or not isinstance(found, dict):
            message = "The sign-in service sent an invalid response; try again in a few minutes."
            raise ServiceBusyError(message)
        return found


def _quoted(text: str) -> str:
    """Encode a part of client_secret_basic (RFC 6749 §2.3.1)."""
    return quote_plus(text)
