"""The headers of a proxy that signs people in count from its addresses, and from nowhere else."""

from collections.abc import Callable

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from core.auth.dependencies import Authenticator
from core.auth.external import ExternalAccounts
from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.auth.trusted import TrustedHeaders
from core.database import Database
from core.web.routes import route_class

pytestmark = pytest.mark.either_database

Client = Callable[..., TestClient]
VERA = {"X-Auth-Request-User": "vera", "X-Auth-Request-Groups": "rubin, photoz,", "X-Auth-Request-Email": "v@x.org"}


@pytest.fixture
def client_from(database: Database) -> Client:
    def made(address: str, *networks: str, scopes: dict[str, str] | None = None) -> TestClient:
        accounts, trusted = AccountService(database), None
        if networks:
            trusted = TrustedHeaders(
                ExternalAccounts(database),
                networks,
                user_header="X-Auth-Request-User",
                groups_header="X-Auth-Request-Groups",
                email_header="X-Auth-Request-Email",
                scopes_header="X-Auth-Request-Token-Scopes" if scopes else "",
                scopes=scopes,
            )
        authenticate = Authenticator(accounts, "http://testserver", trusted=trusted)
        router = APIRouter(route_class=route_class(lambda _, e: JSONResponse({"detail": e.message}, e.status)))

        @router.api_route("/who", methods=["GET", "POST"])
        def who(identity: Identity = Depends(authenticate)) -> dict[str, object]:
            return {"name": identity.name, "groups": sorted(identity.groups)} | (
                {"scope": identity.scope} if trusted and trusted._scopes else {}
            )

        app = FastAPI()
        app.include_router(router)
        return TestClient(app, client=(address, 4711))

    return made


def test_the_proxy_tells_who_somebody_is(client_from: Client):
    client = client_from("10.1.2.3", "192.0.2.7", "10.1.0.0/16")
    assert client.get("/who", headers=VERA).json() == {"name": "vera", "groups": ["photoz", "rubin"]}
    assert client.get("/who", headers={"X-Auth-Request-User": "vera"}).json() == {"name": "vera", "groups": []}
    assert client.get("/who").json()["name"] is None


@pytest.mark.parametrize("address", ["10.2.0.1", "192.0.2.8", "127.0.0.1", "testclient", "::1", "::ffff:10.2.0.1"])
def test_from_other_addresses_the_header_is_refused(client_from: Client, address: str):
    client = client_from(address, "192.0.2.7", "10.1.0.0/16")
    for more in ({}, {"X-Forwarded-For": "10.1.2.3"}, {"Forwarded": "for=10.1.2.3"}, {"X-Real-IP": "10.1.2.3"}):
        answer = client.get("/who", headers=VERA | more)
        assert answer.status_code == 401, more
        assert "proxy" in answer.json()["detail"]
    assert client.get("/who").json()["name"] is None


def test_addresses_may_be_written_in_the_ways_of_ipv6(client_from: Client):
    assert client_from("::ffff:10.1.2.3", "10.1.0.0/16").get("/who", headers=VERA).json()["name"] == "vera"
    assert client_from("2001:db8::5", "2001:db8::/32").get("/who", headers=VERA).json()["name"] == "vera"


def test_without_a_proxy_the_header_is_nothing(client_from: Client):
    assert client_from("127.0.0.1").get("/who", headers=VERA).json()["name"] is None


def test_a_header_that_comes_twice_is_refused(client_from: Client):
    client = client_from("10.1.2.3", "10.1.0.0/16")
    for name in VERA:
        answer = client.get("/who", headers=[*VERA.items(), (name, "admin")])
        assert answer.status_code == 400, name


def test_the_proxy_does_not_give_an_account_that_was_made_here(client_from: Client, database: Database):
    AccountService(database).add_user("vera", "correct horse", is_admin=True)
    assert client_from("10.1.2.3", "10.1.0.0/16").get("/who", headers=VERA).status_code == 409


def test_programs_may_write_and_pages_of_other_sites_may_not(client_from: Client):
    client = client_from("10.1.2.3", "10.1.0.0/16")
    assert client.post("/who", headers=VERA).json()["name"] == "vera"
    assert client.post("/who", headers=VERA | {"Sec-Fetch-Site": "same-origin"}).status_code == 200
    for evil in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post("/who", headers=VERA | evil).status_code == 403


def test_credentials_of_ones_own_count_when_the_proxy_tells_nobody(client_from: Client, database: Database):
    accounts = AccountService(database)
    accounts.add_user("alice", None)
    secret = accounts.issue_token(accounts.identity_of_user("alice"), "t", Scope.READ).secret
    answer = client_from("10.1.2.3", "10.1.0.0/16").get("/who", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["name"] == "alice"


@pytest.mark.parametrize(
    ("held", "scope"),
    [("read:tap", "read"), ("read:tap,write:files", "write"), ("exec:portal read:tap", "read"), ("exec:portal", None)],
)
def test_the_scopes_of_the_token_at_the_proxy_count(client_from: Client, held: str, scope: str | None):
    client = client_from("10.1.2.3", "10.1.0.0/16", scopes={"read:tap": "read", "write:files": "write"})
    answer = client.get("/who", headers=VERA | {"X-Auth-Request-Token-Scopes": held})
    assert (answer.status_code, answer.json().get("scope")) == ((200, scope) if scope else (403, None))
    assert client.get("/who", headers=VERA).status_code == 403
