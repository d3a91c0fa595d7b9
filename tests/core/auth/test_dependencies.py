"""The identity of a request, asked through HTTP."""

import base64

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from core.auth.dependencies import SESSION_COOKIE, Authenticator
from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.web.routes import route_class

pytestmark = pytest.mark.either_database

PASSWORD = "correct horse"


@pytest.fixture
def accounts(database: Database) -> AccountService:
    accounts = AccountService(database)
    accounts.add_user("alice", PASSWORD)
    return accounts


@pytest.fixture
def client(accounts: AccountService) -> TestClient:
    authenticate = Authenticator(accounts, "http://testserver")
    router = APIRouter(route_class=route_class(lambda _, e: JSONResponse({"detail": e.message}, e.status)))

    @router.api_route("/who", methods=["GET", "POST"])
    def who(identity: Identity = Depends(authenticate)) -> str | None:
        return identity.name

    app = FastAPI()
    app.include_router(router)
    return TestClient(app)


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_without_credentials_the_request_is_anonymous(client: TestClient):
    assert client.get("/who").json() is None


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer", "TOKEN"])
def test_a_token_works_under_both_schemes(client: TestClient, accounts: AccountService, scheme: str):
    secret = accounts.issue_token(accounts.identity_of_user("alice"), "t", Scope.READ).secret
    assert client.get("/who", headers={"Authorization": f"{scheme} {secret}"}).json() == "alice"


def test_name_and_password_work_as_basic(client: TestClient):
    assert client.get("/who", headers={"Authorization": _basic("alice", PASSWORD)}).json() == "alice"


@pytest.mark.parametrize(
    "value", ["Token nonsense", "Bearer ", _basic("alice", "wrong"), "Basic ???", "Digest x", "Basic //8="]
)
def test_wrong_credentials_are_401_with_challenges_never_anonymous(client: TestClient, value: str):
    answer = client.get("/who", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == [
        'Bearer realm="photoz"',
        'Basic realm="photoz", charset="UTF-8"',
    ]


def test_the_cookie_of_a_browser_counts(client: TestClient, accounts: AccountService):
    client.cookies.set(SESSION_COOKIE, accounts.open_session(accounts.identity_of_user("alice")).secret)
    assert client.get("/who").json() == "alice"
    assert client.post("/who", headers={"Sec-Fetch-Site": "same-origin"}).json() == "alice"
    assert client.post("/who", headers={"Origin": "http://testserver"}).json() == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_the_cookie_does_not_count_for_a_post_from_another_site(
    client: TestClient, accounts: AccountService, headers: dict[str, str]
):
    client.cookies.set(SESSION_COOKIE, accounts.open_session(accounts.identity_of_user("alice")).secret)
    assert client.post("/who", headers=headers).status_code == 403


def test_a_cookie_that_ended_is_anonymous(client: TestClient):
    client.cookies.set(SESSION_COOKIE, "gone")
    assert client.get("/who").json() is None
