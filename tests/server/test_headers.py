"""What every answer says beside its content: how long it may be kept, who may read it from another site, and errors."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy.exc import OperationalError

from tests.server.application import Application, running_application


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("headers") / "data") as application:

        @application.app.get("/api/broken")
        def broken() -> None:
            message = "a secret of the inside"
            raise ZeroDivisionError(message)

        @application.app.get("/api/unreachable")
        def unreachable() -> None:
            raise OperationalError("SELECT a secret", {}, ConnectionError("no route"))

        yield application


@pytest.fixture(scope="module")
def token(running: Application) -> str:
    running.services.accounts.service.add_user("owner", "a long password")
    return running.token("owner")


@pytest.fixture(scope="module")
def file(running: Application, token: str) -> str:
    """The address of a file that holds a page with a script."""
    ask, headers = running.client, {"Authorization": f"Bearer {token}"}
    made = ask.post("/api/products", json={"display_name": "p", "product_type": 7}, headers=headers).json()
    address = f"/api/products/{made['id']}/files/page.html"
    assert ask.put(address, content=b"<script>alert(1)</script>", headers=headers).status_code == 201
    return address


HTML, JSON = {"Accept": "text/html,*/*;q=0.8"}, {"Accept": "application/json"}


@pytest.mark.parametrize("path", ["/api/products", "/tap/tables", "/vospace/nodes", "/", "/tokens", "/api/tokens"])
def test_what_one_may_read_is_kept_by_no_cache_between(running: Application, token: str, path: str):
    kept = running.client.get(path, headers={"Authorization": f"Bearer {token}"}).headers["cache-control"]
    assert {"private", "no-store"} & set(kept.replace(" ", "").split(","))


def test_the_tables_of_tap_are_sent_again_when_something_has_changed(running: Application, token: str):
    ask, mine = running.client, {"Authorization": f"Bearer {token}"}
    public = ask.get("/tap/tables").headers["etag"]
    etag = ask.get("/tap/tables", headers=mine).headers["etag"]
    assert len({public, etag, ask.get("/tap/tables?detail=min").headers["etag"]}) == 3
    for known in (etag, f'"other", {etag}'):
        answer = ask.get("/tap/tables", headers=mine | {"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert ask.get("/tap/tables", headers={"If-None-Match": etag}).status_code == 200  # nobody has the owner's tables
    ask.post("/api/products", json={"display_name": "another", "product_type": 7}, headers=mine)
    assert ask.get("/tap/tables", headers=mine | {"If-None-Match": etag}).status_code == 200


def test_files_of_users_are_saved_and_never_run(running: Application, token: str, file: str):
    answer = running.client.get(file, headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "private" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/tap/tables", "/tap/capabilities", "/vospace/nodes", "/vospace/files/products/1_x/y", "/availability"]
)
def test_vo_clients_in_browsers_read_from_any_site_without_credentials(running: Application, path: str):
    for method in ("GET", "POST", "OPTIONS"):
        answer = running.client.request(method, path, headers={"Origin": "https://aladin.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/products"), ("GET", "/"), ("GET", "/login"), ("POST", "/api/tokens"), ("OPTIONS", "/tokens")],
)
def test_nothing_else_is_read_from_another_site(running: Application, method: str, path: str):
    answer = running.client.request(method, path, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


_ASKED = {"Origin": "https://firefly.example", "Access-Control-Request-Headers": "authorization"}


@pytest.mark.parametrize("path", ["/api/products", "/tokens", "/login"])
def test_no_preflight_lets_credentials_through_to_pages_and_rest(running: Application, path: str):
    answer = running.client.options(path, headers=_ASKED | {"Access-Control-Request-Method": "GET"})
    assert "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize("path", ["/tap/sync", "/tap/async", "/auth/tap/sync", "/vospace/files/home/a/b", "/datalink"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_site_may_send_a_token_that_it_was_given_to_the_vo_services(
    running: Application, path: str, method: str
):
    answer = running.client.options(path, headers=_ASKED | {"Access-Control-Request-Method": method})
    assert answer.status_code == 204
    allowed = {word.strip().lower() for word in answer.headers["access-control-allow-headers"].split(",")}
    assert "authorization" in allowed
    assert method in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/products", 405),
        ("GET", "/api/products/abc", 404),
        ("GET", "/api/broken", 500),
        ("GET", "/api/unreachable", 503),
    ],
)
def test_errors_of_the_api_are_json(running: Application, token: str, method: str, path: str, status: int):
    for accept in (HTML, JSON):
        answer = running.client.request(method, path, headers={"Authorization": f"Bearer {token}", **accept})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"
        assert isinstance(answer.json()["detail"], str | list)
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/login", 405),
        ("POST", "/tokens/abc/revoke", 422),
        ("GET", "/runs/abc", 404),
        ("GET", "/tap/nothing", 404),
        ("GET", "/vospace/nothing", 404),
        ("GET", "/pipelines/nothing", 404),
    ],
)
def test_errors_of_pages_are_pages(running: Application, token: str, method: str, path: str, status: int):
    answer = running.client.request(method, path, headers={"Authorization": f"Bearer {token}", **HTML})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_unforeseen_errors_keep_browsers_careful(running: Application):
    answer = running.client.get("/api/broken")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/",
        "/tap/capabilities",
        "/vospace/capabilities",
        "/vospace/nodes/products",
        "/reg/resource-caps",
        "/oai?verb=Identify",
        "/login",
        "/tokens",
        "/tap/tables",
    ],
)
def test_no_address_follows_the_host_that_was_asked_for(running: Application, token: str, path: str):
    poison = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    for headers in (poison, poison | {"Authorization": f"Bearer {token}"}):
        answer = running.client.get(path, headers=headers)
        assert "evil.example" not in answer.text + str(answer.headers)


def test_redirects_stay_here(running: Application, token: str):
    answer = running.client.get(
        "/vospace/nodes/products/1_p/page.html?view=data",
        headers={"Host": "evil.example", "Authorization": f"Bearer {token}"},
    )
    assert "evil" not in str(answer.headers)


def test_a_password_is_tried_a_few_times_then_everybody_waits(running: Application, token: str):
    client: httpx2.Client = running.client
    running.services.accounts.service.add_user("guessed", "a long password")
    tries = [client.post("/login", data={"name": "guessed", "password": f"{n}"}).status_code for n in range(11)]
    assert tries == [403] * 10 + [429]
    right = client.get("/api/products", auth=("guessed", "a long password"))
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0
    asked = client.post("/api/obtain_token", json={"username": "guessed", "password": "a long password"})
    assert asked.status_code == 429
    assert client.get("/api/products", headers={"Authorization": f"Bearer {token}"}).status_code == 200
