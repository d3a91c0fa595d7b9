"""Whatever is made with a credential ends with it, lives no longer, and may do no more: all ways, over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import update

from core.auth.models import Scope
from core.database import utc_now
from products.models import ProductStatus, Visibility
from products.schema import ProductRow
from products.service import NewProduct
from tests.server.application import Application, running_application

PASSWORD = "a long password of her own"


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made: whether it still holds, when it ends (None: unknown), and what it may do."""

    holds: Callable[[], bool]
    ends: datetime | None
    writes: Callable[[], bool] | None = None


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    data: Path = tmp_path_factory.mktemp("derived") / "data"
    with running_application(data) as application:
        application.services.accounts.service.add_user("alice", PASSWORD)
        yield application


@pytest.fixture(scope="module")
def product(running: Application) -> int:
    """A published product of hers that nobody else sees."""
    services = running.services
    alice = services.accounts.identity_of("alice")
    made = services.products.service.create(alice, NewProduct("p", 7, visibility=Visibility.PRIVATE))
    with services.database.write() as session:
        session.execute(update(ProductRow).where(ProductRow.id == made.id).values(status=ProductStatus.PUBLISHED))
    return made.id


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def token_of(running: Application, secret: str, ends: str | None = None) -> Derived:
    def holds() -> bool:
        return running.client.post("/api/logged_user", headers=bearer(secret)).status_code == 200

    def writes() -> bool:
        answer = running.client.post("/groups", data={"name": ""}, headers=bearer(secret))
        return answer.status_code != 403

    if ends is None:
        listed = running.client.get("/api/tokens", headers=bearer(secret)).json()["results"][0]
        ends = listed["expires_at"]
    return Derived(holds, None if ends is None else datetime.fromisoformat(ends), writes)


def by_api(running: Application, auth: dict[str, str], _product: int) -> Derived:
    made = running.client.post("/api/tokens", json={"name": "child", "scope": "read"}, headers=auth)
    assert made.status_code == 201
    return token_of(running, made.json()["token"], made.json()["expires_at"])


def by_api_name(running: Application, auth: dict[str, str], _product: int) -> Derived:
    return token_of(running, running.client.post("/api/get_token", headers=auth).json()["token"])


def by_page(running: Application, auth: dict[str, str], _product: int) -> Derived:
    page = running.client.post("/tokens", data={"name": "page", "scope": "read", "days": "300"}, headers=auth).text
    start = page.index("pz-")
    return token_of(running, page[start : page.index("<", start)])


def by_vo_token(running: Application, auth: dict[str, str], _product: int) -> Derived:
    sent = {"username": "alice", "password": auth["Authorization"].partition(" ")[2]}
    return token_of(running, running.client.post("/api/sign-in/token", data=sent).headers["x-vo-bearer"])


def by_vo_cookie(running: Application, auth: dict[str, str], _product: int) -> Derived:
    sent = {"username": "alice", "password": auth["Authorization"].partition(" ")[2]}
    return _cookie(running, running.client.post("/api/sign-in/cookie", data=sent))


def by_token_of_a_cookie(running: Application, auth: dict[str, str], _product: int) -> Derived:
    sent = {"username": "alice", "password": auth["Authorization"].partition(" ")[2]}
    cookie = running.client.post("/api/sign-in/cookie", data=sent).headers["set-cookie"].partition(";")[0]
    made = running.client.post("/api/tokens", json={"name": "third", "scope": "read"}, headers={"Cookie": cookie})
    return token_of(running, made.json()["token"], made.json()["expires_at"])


def by_link(running: Application, auth: dict[str, str], product: int) -> Derived:
    made = running.client.post(f"/api/products/{product}/links", json={"days": 300}, headers=auth)
    assert made.status_code == 201, made.text
    address = made.json()["url"]
    path = urlsplit(address).path
    ends = datetime.fromisoformat(made.json()["expires_at"])
    return Derived(lambda: running.client.get(path).status_code == 200, ends)


def by_signed_url(running: Application, auth: dict[str, str], _product: int) -> Derived:
    running.client.put("/vospace/files/home/alice/f.txt", content=b"bytes", headers=auth)
    asked = {
        "TARGET": "vos://photoz.local~vospace/home/alice/f.txt",
        "DIRECTION": "pullFromVoSpace",
        "PROTOCOL": "ivo://ivoa.net/vospace/core#httpget",
        "REQUEST": "redirect",
    }
    answer = running.client.get("/vospace/synctrans", params=asked, headers=auth)
    assert answer.status_code == 303, answer.text
    path = urlsplit(answer.headers["location"]).path
    return Derived(lambda: running.client.get(path).status_code == 200, None)


WAYS = (by_api, by_api_name, by_page, by_vo_token, by_vo_cookie, by_token_of_a_cookie, by_link, by_signed_url)


def _cookie(running: Application, answer: httpx2.Response) -> Derived:
    cookie, _, attributes = answer.headers["set-cookie"].partition(";")
    seconds = next(int(part.partition("=")[2]) for part in attributes.split(";") if part.strip().startswith("Max-Age"))

    def holds() -> bool:
        return running.client.post("/api/logged_user", headers={"Cookie": cookie}).status_code == 200

    return Derived(holds, datetime.fromtimestamp(utc_now().timestamp() + seconds, UTC))


@pytest.mark.parametrize("way", WAYS)
def test_what_a_token_made_ends_with_it(running: Application, product: int, way: Callable[..., Derived]):
    accounts, alice = running.services.accounts.service, running.services.accounts.identity_of("alice")
    parent = accounts.issue_token(alice, "parent", Scope.WRITE, days=1)
    made = way(running, bearer(parent.secret), product)
    assert made.holds()
    if made.ends is not None:
        assert made.ends <= parent.token.expires_at
    accounts.revoke_token(alice, parent.token.id)
    assert not made.holds()


@pytest.mark.parametrize("way", [by_api, by_page, by_vo_token, by_token_of_a_cookie])
def test_what_a_reading_token_made_writes_nothing(running: Application, product: int, way: Callable[..., Derived]):
    accounts, alice = running.services.accounts.service, running.services.accounts.identity_of("alice")
    parent = accounts.issue_token(alice, "reader", Scope.READ)
    if way is by_page:  # a page is for writing
        assert running.client.post(
            "/tokens", data={"name": "p", "scope": "read"}, headers=bearer(parent.secret)
        ).status_code in {303, 403}
        return
    made = way(running, bearer(parent.secret), product)
    assert made.holds()
    assert made.writes is not None
    assert not made.writes()


def test_credentials_are_shown_under_the_one_that_made_them(running: Application):
    accounts, alice = running.services.accounts.service, running.services.accounts.identity_of("alice")
    parent = accounts.issue_token(alice, "grandmother", Scope.WRITE)
    made = running.client.post("/api/tokens", json={"name": "mother"}, headers=bearer(parent.secret)).json()
    assert made["parent"] == parent.token.id
    sent = {"username": "alice", "password": made["token"]}
    running.client.post("/api/sign-in/cookie", data=sent)
    listed = running.client.get("/api/sign-ins", headers=bearer(parent.secret)).json()["results"]
    assert (listed[0]["parent"], listed[0]["for_browser"]) == (made["id"], False)
    page = running.client.get("/tokens", headers=bearer(parent.secret)).text
    assert page.index("grandmother") < page.index("mother<br>")
    assert "made with “grandmother”" in page
    assert "made with the token “mother”" in running.client.get("/account", headers=bearer(parent.secret)).text
    ended = running.client.delete(f"/api/sign-ins/{listed[0]['id']}", headers=bearer(parent.secret))
    assert ended.status_code == 204
    assert running.client.delete(f"/api/tokens/{parent.token.id}", headers=bearer(made["token"])).status_code == 204
    assert running.client.post("/api/logged_user", headers=bearer(made["token"])).status_code == 401


def test_a_signed_url_ends_with_the_sign_in_or_the_password_that_made_it(running: Application):
    urls = running.services.vospace.signed_urls
    accounts = running.services.accounts.service

    def holds(key: str) -> bool:
        return running.services.accounts.is_valid_credential(key)

    opened = accounts.open_session(accounts.identity_of_password("alice", PASSWORD))
    in_browser = accounts.identity_of_session(opened.secret)
    by_password = accounts.identity_of_password("alice", PASSWORD)
    assert in_browser is not None
    keys = (in_browser.credential.key, by_password.credential.key)
    assert len(set(keys)) == 2
    assert all(map(holds, keys))
    assert urls is not None
    accounts.close_session(opened.secret)
    accounts.set_password("alice", f"{PASSWORD} again")
    assert not any(map(holds, keys))
    accounts.set_password("alice", PASSWORD)


def test_people_change_their_password_on_a_page(running: Application):
    client, accounts = running.client, running.services.accounts.service
    site = {"Sec-Fetch-Site": "same-origin"}
    accounts.add_user("wanda", "her first long password")
    entered = client.post("/login", data={"name": "wanda", "password": "her first long password"}, headers=site)
    cookie = entered.headers["set-cookie"].partition(";")[0]
    other = accounts.open_session(accounts.identity_of_password("wanda", "her first long password")).secret
    token = accounts.issue_token(accounts.identity_of_user("wanda"), "kept", Scope.READ).secret

    def change(old: str, new: str, **more: str) -> httpx2.Response:
        sent = {"old": old, "password": new, **more}
        return client.post("/account/password", data=sent, headers={**site, "Cookie": cookie})

    assert "This is not your present password." in change("wrong", "her second long password").text
    assert "at least 12 characters" in change("her first long password", "short").text
    assert "too easy to guess" in change("her first long password", "wanda123456wanda").text
    changed = change("her first long password", "her second long password")
    assert (changed.status_code, changed.headers["location"]) == (303, "/account?changed=1")
    assert accounts.identity_of_session(other) is None
    assert accounts.identity_of_token(token).name == "wanda"
    cookie = changed.headers["set-cookie"].partition(";")[0]
    assert "The password was changed" in client.get("/account?changed=1", headers={"Cookie": cookie}).text
    changed = change("her second long password", "her third long password", tokens="1")
    assert changed.status_code == 303
    assert client.post("/api/logged_user", headers=bearer(token)).status_code == 401
    assert accounts.identity_of_password("wanda", "her third long password").name == "wanda"
    client.cookies.clear()
