"""Access tokens of an OpenID provider as Bearer: what holds signs in, and what it makes ends with it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from core.auth.access_tokens import AccessTokens
from core.auth.external import ExternalAccounts
from core.auth.models import Scope
from core.auth.oidc import OidcClaims, OidcSignIn
from core.auth.oidc_tokens import ProviderConnection
from core.auth.service import AccountService
from core.database import Database
from core.errors import AuthenticationError, PermissionDeniedError
from tests.support.oidc import CLIENT, SECRET, ForgingProvider, forging_provider

pytestmark = pytest.mark.either_database

AUDIENCE = "https://photoz.example.org"
SCOPES = {"read:tap": "read", "write:files": "write"}

Tokens = Callable[..., AccessTokens]


@pytest.fixture
def provider() -> Iterator[ForgingProvider]:
    with forging_provider() as provider:
        yield provider


@pytest.fixture
def tokens(provider: ForgingProvider, database: Database) -> Tokens:
    def made(scopes: dict[str, str] = SCOPES) -> AccessTokens:
        connection = ProviderConnection(provider.issuer, CLIENT, SECRET)
        oidc = OidcSignIn(connection, redirect_url="http://x", scopes="openid", claims=OidcClaims())
        return AccessTokens(oidc, ExternalAccounts(database), audience=AUDIENCE, scopes=scopes)

    return made


def claims(provider: ForgingProvider, **changed: Any) -> dict[str, Any]:
    found = {
        "iss": provider.issuer,
        "aud": [AUDIENCE, "account"],
        "sub": "s-1",
        "exp": int(time.time()) + 300,
        "preferred_username": "vera",
        "groups": ["photoz"],
        "scope": "openid read:tap",
    } | changed
    return {name: value for name, value in found.items() if value is not None}


def test_an_access_token_signs_in_with_its_scopes_and_what_it_makes_ends_with_it(
    provider: ForgingProvider, tokens: Tokens, database: Database
):
    ends = int(time.time()) + 300
    reader = tokens().identity(provider.signed(claims(provider, exp=ends)))
    assert (reader.name, reader.scope, reader.groups) == ("vera", Scope.READ, {"photoz"})
    writer = tokens().identity(provider.signed(claims(provider, scope=None, scp=["read:tap", "write:files"], exp=ends)))
    assert writer.scope is Scope.WRITE
    accounts = AccountService(database)
    with pytest.raises(PermissionDeniedError):
        accounts.issue_token(reader, "wider", Scope.WRITE)
    for days in (None, 300):
        made = accounts.issue_token(writer, "made", Scope.WRITE, days=days).token
        assert made.expires_at is not None
        assert made.expires_at.timestamp() == ends
    assert accounts.open_session(writer, for_browser=False).seconds <= 300
    assert accounts.is_valid(writer.credential.key)
    assert not accounts.is_valid(f"until:{int(time.time()) - 1}")


def test_without_a_table_of_scopes_a_token_writes_and_never_administers(provider: ForgingProvider, tokens: Tokens):
    assert tokens({}).identity(provider.signed(claims(provider))).scope is Scope.WRITE


def test_a_token_without_scopes_for_this_service_is_refused(provider: ForgingProvider, tokens: Tokens):
    with pytest.raises(PermissionDeniedError, match="read:tap, write:files"):
        tokens().identity(provider.signed(claims(provider, scope="openid")))


def test_the_name_is_asked_for_when_the_token_lacks_it(provider: ForgingProvider, tokens: Tokens):
    provider.userinfo = {"sub": "s-1", "preferred_username": "vera", "groups": ["chiefs"]}
    found = tokens().identity(provider.signed(claims(provider, preferred_username=None, groups=None)))
    assert (found.name, found.groups) == ("vera", {"chiefs"})


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "account"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"nonce": "n"},  # an ID token
        {"at_hash": "h"},
    ],
)
def test_tokens_that_do_not_hold_are_refused(provider: ForgingProvider, tokens: Tokens, changed: dict[str, Any]):
    with pytest.raises(AuthenticationError, match="Invalid access token"):
        tokens().identity(provider.signed(claims(provider, **changed)))


def test_signatures_that_do_not_hold_are_refused(provider: ForgingProvider, tokens: Tokens):
    other = RSAKey.generate_key(2048, {"kid": "one"})
    shared = OctKey.import_key(SECRET)
    forged = (
        provider.signed(claims(provider), other),
        jwt.encode({"alg": "HS256", "kid": "one"}, claims(provider), shared),
        provider.signed(claims(provider))[:-8],
        "no.token.at all",
        "",
    )
    for token in forged:
        with pytest.raises(AuthenticationError):
            tokens().identity(token)
