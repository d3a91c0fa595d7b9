"""What a provider sends counts only when it holds; a provider that forges sends everything else."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from core.auth.external import ExternalUser
from core.auth.oidc import OidcClaims, OidcSignIn
from core.auth.oidc_tokens import ProviderConnection
from core.errors import PermissionDeniedError, ServiceBusyError
from tests.support.oidc import CLIENT, SECRET, ForgingProvider, forging_provider

Claims = dict[str, Any]


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def provider(key: RSAKey) -> Iterator[ForgingProvider]:
    with forging_provider() as provider:
        provider.key = key
        yield provider


def _sign_in(provider: ForgingProvider, secret: str | None = SECRET, claims: OidcClaims | None = None) -> OidcSignIn:
    return OidcSignIn(
        ProviderConnection(provider.issuer, CLIENT, secret),
        redirect_url="http://testserver/login/oidc/callback",
        scopes="openid profile",
        claims=claims or OidcClaims(),
    )


def _signed_in(provider: ForgingProvider, **changes: Any) -> ExternalUser:
    sign_in = changes.pop("sign_in", None) or _sign_in(provider)
    address, attempt = sign_in.begin("/tokens")
    state = provider.opened(address)
    return sign_in.finish(attempt, {"state": state, "code": "the code", **changes})


def test_an_answer_that_holds_tells_who_signed_in(provider: ForgingProvider):
    provider.forge = lambda c: c.update(
        groups=["rubin", "photoz"], given_name="Vera", family_name="Rubin", email="v@example.org"
    )
    assert _signed_in(provider) == ExternalUser(
        "oidc", provider.issuer, "s-1", "vera", ("rubin", "photoz"), "Vera", "Rubin", "v@example.org"
    )
    # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    assert (
        provider.asked[0]["authorization"]
        == "Basic " + base64.b64encode(b"photoz+client:a+secret%3A+of+the+client").decode()
    )
    assert provider.asked[0]["redirect_uri"] == "http://testserver/login/oidc/callback"


def test_a_public_client_sends_its_name_alone(provider: ForgingProvider):
    _signed_in(provider, sign_in=_sign_in(provider, secret=None))
    assert provider.asked[0]["authorization"] == ""
    assert provider.asked[0]["client_id"] == CLIENT


def test_what_the_token_does_not_tell_is_asked_for(provider: ForgingProvider):
    provider.forge = lambda c: c.pop("preferred_username")
    provider.userinfo = {"sub": "s-1", "preferred_username": "vera", "groups": [{"name": "rubin"}, 3, "x"], "iss": "?"}
    assert _signed_in(provider).groups == ("rubin", "x")
    provider.userinfo["sub"] = "somebody else"
    with pytest.raises(PermissionDeniedError):
        _signed_in(provider)


@pytest.mark.parametrize(
    ("path", "claims", "groups"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, ("a",)),
        ("https://example.org/groups", {"https://example.org/groups": "a b"}, ("a", "b")),
        ("groups", {"groups": {"a": 1}}, ()),
        ("groups", {"groups": None}, ()),
    ],
)
def test_groups_are_read_from_the_claim_that_is_chosen(
    provider: ForgingProvider, path: str, claims: Claims, groups: tuple[str, ...]
):
    provider.forge = lambda c: c.update(claims)
    provider.userinfo = {"sub": "s-1"}
    assert _signed_in(provider, sign_in=_sign_in(provider, claims=OidcClaims(groups=path))).groups == groups


FORGED: dict[str, Callable[[Claims], object]] = {
    "another issuer": lambda c: c.update(iss="https://evil.example"),
    "another audience": lambda c: c.update(aud="another client"),
    "no audience": lambda c: c.pop("aud"),
    "several audiences without azp": lambda c: c.update(aud=[CLIENT, "another client"]),
    "another azp": lambda c: c.update(azp="another client"),
    "an old token": lambda c: c.update(exp=int(time.time()) - 120),
    "no end": lambda c: c.pop("exp"),
    "from the future": lambda c: c.update(iat=int(time.time()) + 3600, nbf=int(time.time()) + 3600),
    "another nonce": lambda c: c.update(nonce="another"),
    "no nonce": lambda c: c.pop("nonce"),
    "no subject": lambda c: c.pop("sub"),
    "an empty subject": lambda c: c.update(sub=""),
    "a subject that is no text": lambda c: c.update(sub=7),
    "no name": lambda c: c.pop("preferred_username"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_claims_that_do_not_hold_are_refused(provider: ForgingProvider, forged: str):
    provider.forge, provider.userinfo = FORGED[forged], {"sub": "s-1"}
    with pytest.raises(PermissionDeniedError):
        _signed_in(provider)


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _forged(claims: Claims, algorithm: str, secret: bytes | None = None) -> str:
    said = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": "one"}, claims))
    return f"{said}." + ("" if secret is None else _part(hmac.digest(secret, said.encode(), hashlib.sha256)))


def test_signatures_that_do_not_hold_are_refused(provider: ForgingProvider):
    public = provider.key.as_pem(private=False)
    forgeries: dict[str, Callable[[Claims], str]] = {
        "another key": lambda c: provider.signed(c, RSAKey.generate_key(2048, {"kid": "one"})),
        "no signature": lambda c: _forged(c, "none"),
        "the public key as a shared secret": lambda c: _forged(c, "HS256", public),
        "the client's secret": lambda c: _forged(c, "HS256", SECRET.encode()),
        "no token": lambda _: "",
        "no JWT": lambda _: "a.b.c",
        "bytes": lambda _: "\0",
    }
    for name, forged in forgeries.items():
        provider.sign = forged
        with pytest.raises(PermissionDeniedError):
            print(name, _signed_in(provider))


def test_new_keys_of_the_provider_are_fetched(provider: ForgingProvider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.auth.oidc_tokens._REFETCH_SECONDS", 0.0)
    sign_in = _sign_in(provider)
    _signed_in(provider, sign_in=sign_in)
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert _signed_in(provider, sign_in=sign_in).name == "vera"


@pytest.mark.parametrize(
    "parameters",
    [
        {"state": "another"},
        {"state": ""},
        {"state": "ü"},
        {"code": "a code of somebody else"},
        {"code": ""},
        {"iss": "https://evil.example"},
        {"error": "access_denied", "error_description": "You may not."},
    ],
)
def test_answers_that_do_not_belong_to_the_attempt_are_refused(provider: ForgingProvider, parameters: dict[str, str]):
    with pytest.raises(PermissionDeniedError):
        _signed_in(provider, **parameters)


def test_a_code_needs_the_verifier_of_its_browser(provider: ForgingProvider):
    sign_in = _sign_in(provider)
    address, _ = sign_in.begin("/")
    state = provider.opened(address)
    _, another = sign_in.begin("/")
    with pytest.raises(PermissionDeniedError):
        sign_in.finish(
            type(another)(state, provider.nonce, another.verifier, "/"), {"state": state, "code": "the code"}
        )


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (500, {})),
        ("/.well-known/openid-configuration", (200, {"issuer": "https://evil.example"})),
        ("/.well-known/openid-configuration", (200, [1])),
        ("/jwks", (302, {})),
        ("/token", (200, b"not JSON")),
        ("/token", (502, {})),
        ("/token", (200, b" " * 1_000_001 + b"{}")),
    ],
)
def test_a_provider_that_is_out_of_order_is_said_to_be(
    provider: ForgingProvider, path: str, answer: tuple[int, object]
):
    provider.answers[path] = answer
    with pytest.raises(ServiceBusyError):
        _signed_in(provider)


def test_a_provider_that_is_not_there_is_said_not_to_answer():
    sign_in = OidcSignIn(
        ProviderConnection("http://127.0.0.1:9", CLIENT, None), redirect_url="", scopes="", claims=OidcClaims()
    )
    with pytest.raises(ServiceBusyError):
        sign_in.begin("/")
