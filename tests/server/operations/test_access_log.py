"""Lines of the log of the whole application: each request, who sent it, what became of it, and no secret."""

import base64
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import Request
from fastapi.routing import iter_route_contexts
from lxml import etree
from starlette.routing import Route

from core.auth.models import Identity, Scope
from core.errors import PhotozError
from core.telemetry.logs import JsonFormatter, TextFormatter, log_fields
from core.web.deferred_routes import complete_routes
from server.operations.access_log import SECRET_PARAMETERS
from tap.engine import EngineQuery
from tests.server.application import Application, running_application
from tests.vospace.client import transfer_xml

#: Parameters of paths that may be logged: who knows them can do nothing without credentials.
_OPEN_PARAMETERS = {
    *("column_id", "file_id", "group", "group_id", "job_id", "key", "kind", "link_id", "name", "number", "path"),
    *("prefix", "product_id", "release_id", "session_id", "table", "token_id", "type_id", "upload_id", "user"),
    *("project", "user_id"),
}


class Lines(logging.Handler):
    """What the log of this process would say, line by line."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("httpx2"):  # the client of the test; `log_to_stderr` leaves that of the server out
            return
        for formatter in (JsonFormatter(), TextFormatter()):
            self.text.append(formatter.format(record))

    def parsed(self, message: str) -> list[dict]:
        lines = [json.loads(line) for line in self.text if line.startswith("{")]
        return [line for line in lines if line["message"] == message]

    def last(self, message: str) -> dict:
        return self.parsed(message)[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(
        tmp_path_factory.mktemp("site") / "data", forwarding_proxies="127.0.0.1", login_attempts_address=1000
    ) as application:
        application.services.accounts.service.add_user("ana", "correct horse battery")

        def fail(_: Request) -> None:
            message = "no value pz-0123456789abcdefghijklmnopqrstuvwxyz here"
            raise LookupError(message)

        # Not one of FastAPI, which would be constructed while the server constructs its own in the background.
        application.app.router.routes.insert(0, Route("/broken", fail))
        yield application


def test_each_request_is_a_line_with_who_asked_for_what_and_what_became_of_it(site: Application, lines: Lines):
    token = site.token("ana")
    answer = site.client.get(
        "/api/products?page=1",
        headers={"Authorization": f"Bearer {token}", "X-Request-Id": "abc-1", "User-Agent": "me"},
    )
    line = lines.last("request")
    assert answer.headers["X-Request-Id"] == line["request_id"] == "abc-1"
    expected = {"method": "GET", "path": "/api/products", "route": "/api/products", "status": 200, "user": "ana"}
    assert expected.items() <= line.items()
    assert (line["client"], line["agent"], line["bytes"]) == ("testclient", "me", len(answer.content))
    assert line["seconds"] > 0
    assert line["complete"] is True


def test_a_request_is_named_unless_it_has_a_well_formed_name(site: Application, lines: Lines):
    for given in ("a b", "x" * 65, "<script>", "é", ""):
        answer = site.client.get("/availability", headers={"X-Request-Id": given.encode("latin-1")})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
        assert lines.last("request")["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/tokens", "/tap/sync", "/vospace/nodes/nothing"])
def test_errors_carry_the_name_of_their_request(site: Application, lines: Lines, path: str):
    answer = site.client.get(path)
    assert answer.status_code >= 400
    assert lines.last("request")["request_id"] == answer.headers["X-Request-Id"]
    assert lines.last("request")["status"] == answer.status_code


def test_an_internal_error_is_found_in_the_log_by_the_name_that_its_answer_has(site: Application, lines: Lines):
    answer = site.client.get("/broken")
    failed, line = lines.last("request failed"), lines.last("request")
    assert answer.headers["X-Request-Id"] == failed["request_id"] == line["request_id"]
    assert failed["request_id"] in answer.json()["detail"]
    assert (answer.status_code, line["status"], failed["level"]) == (500, 500, "ERROR")
    assert "LookupError" in failed["exception"]
    assert "0123456789" not in failed["exception"]


def test_lines_of_services_have_the_fields_of_their_request(site: Application, lines: Lines):
    answer = site.client.get(
        "/tap/sync", params={"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "RUNID": "mine"}
    )
    admitted = lines.last("query admitted")
    assert admitted["request_id"] == answer.headers["X-Request-Id"]
    assert (admitted["run_id"], admitted["lane"], admitted["client"]) == ("mine", "short", "testclient")


def test_a_job_is_found_from_its_request_and_its_request_from_the_job(site: Application, lines: Lines):
    data = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "PHASE": "RUN"}
    headers = {"Authorization": f"Bearer {site.token('ana')}"}
    answer = site.client.post("/tap/async", data=data, headers=headers)
    made, request, job = lines.last("job created"), lines.last("request"), answer.headers["Location"].rpartition("/")[2]
    assert (made["job_id"], made["job_kind"], made["user"], made["client"]) == (job, "tap", "ana", "testclient")
    assert made["request_id"] == request["request_id"] == answer.headers["X-Request-Id"]
    assert request["job_id"] == job


def test_a_query_that_fails_in_its_process_has_the_fields_of_its_request(site: Application, lines: Lines):
    query = EngineQuery("SELECT error('no') AS one", (), seconds=60, memory_bytes=10**8, threads=1, temp_bytes=0)
    engine = site.services.tap.engine
    with log_fields(lambda: {"request_id": "abc-2"}), pytest.raises(PhotozError), engine.open(query) as stream:
        list(stream)
    failed = lines.last("query failed")
    assert failed["request_id"] == "abc-2"
    assert failed["detail"]


def test_each_door_to_the_files_of_a_product_leaves_who_had_them(site: Application, lines: Lines):
    client, headers = site.client, {"Authorization": f"Bearer {site.token('ana')}"}
    made = client.post("/api/products", json={"display_name": "P", "product_type": 7}, headers=headers).json()
    address = f"/api/products/{made['id']}"
    assert client.put(f"{address}/files/main.bin?role=main", content=b"main", headers=headers).is_success
    assert client.post(f"{address}/publish", headers=headers).is_success
    link = client.post(f"{address}/links", json={"days": 1}, headers=headers).json()["url"]
    doors = [
        f"{address}/main_file",
        f"{address}/files/main.bin",
        f"{address}/zip",
        f"/vospace/files/products/{made['internal_name']}/main.bin",
        _signed_address(site, headers, f"products/{made['internal_name']}/main.bin"),
        f"{link}/files/main.bin",
    ]
    for door in doors:
        answer = client.get(door, headers={} if "/vospace/data/" in door else headers)
        assert answer.status_code == 200, (door, answer.text[:200])
        told, request = lines.last("download complete"), lines.last("request")
        assert told["product"] == made["id"], door
        assert told["request_id"] == request["request_id"] == answer.headers["X-Request-Id"], door
        by = ("link_id", 1) if door.startswith(link) else ("user", "ana")  # a link is for who has it
        assert by in told.items(), door
        assert by in request.items(), door
        assert told["client"] == "testclient", door
        assert (request["bytes"], request["complete"]) == (len(answer.content), True), door
        assert request["seconds"] >= 0


def test_bytes_that_come_by_a_signed_address_are_those_of_a_user_and_a_node(site: Application, lines: Lines):
    headers = {"Authorization": f"Bearer {site.token('ana')}"}
    address = _signed_address(site, headers, "home/ana/sent", to_send=True)
    assert site.client.put(address, content=b"bytes").status_code == 201
    request = lines.last("request")
    assert (request["user"], request["node"], request["status"]) == ("ana", "/home/ana/sent", 201)
    assert address.rsplit("/", 2)[1] not in str(lines.text)


def _signed_address(site: Application, headers: dict[str, str], node: str, *, to_send: bool = False) -> str:
    """Negotiate a transfer, and return its endpoint."""
    direction, protocol = ("pushToVoSpace", "httpput") if to_send else ("pullFromVoSpace", "httpget")
    wanted = transfer_xml(f"vos://photoz.local~vospace/{node}", direction=direction, protocols=(protocol,))
    media_type = {"Content-Type": "text/xml"}
    asked = site.client.post("/vospace/synctrans", content=wanted, headers=headers | media_type)
    details = site.client.get(asked.headers["Location"], headers=headers)
    return str(next(etree.fromstring(details.content).itertext("{*}endpoint")))


def test_each_event_is_in_the_documentation():
    root = Path(__file__).resolve().parents[3]
    text = (root / "docs" / "operations.md").read_text()
    table = text[text.index("## Logs") : text.index("## Monitoring")]
    folders = ("core", "uws", "products", "tap", "vospace", "registry", "pipelines", "webui", "server")
    calls = re.compile(r"_log(?:ger)?\.(?:info|log)\((?:[^\"']*, )?\s*\"([^\"]+)\"")
    events = {
        event
        for folder in folders
        for path in (root / folder).rglob("*.py")
        for event in calls.findall(path.read_text())
    }
    assert events >= {"request", "audit", "job started", "query admitted", "download complete"}
    assert {event for event in events if f"`{event}`" not in table} == set()


def test_what_is_done_with_credentials_is_in_the_log_and_in_the_audit_log(site: Application, lines: Lines):
    accounts, client = site.services.accounts, site.client
    client.post("/api/sign-in/token", data={"username": "ana", "password": "wrong-password-here"})
    client.post("/api/sign-in/cookie", data={"username": "ana", "password": "correct horse battery"})
    headers = {"Authorization": f"Bearer {site.token('ana')}"}
    made = client.post("/api/tokens", headers=headers, json={"name": "mine", "scope": "read"}).json()
    assert client.delete(f"/api/tokens/{made['id']}", headers=headers).is_success
    client.get("/api/products", headers={"Authorization": "Bearer pz-unknown-token-unknown-token"})

    events = [(line["action"], line["actor"]) for line in lines.parsed("audit")]
    expected = [("fail to sign in", "nobody"), ("sign in", "ana"), ("make token", "ana"), ("revoke token", "ana")]
    assert [event for event in expected if event not in events] == []
    assert lines.last("credentials refused")["reason"] == "Invalid token."
    operator = Identity(0, "operator", is_admin=True, scope=Scope.ADMIN)
    _, entries = accounts.audit.entries(operator, _everything())
    assert {action for action, _ in expected} <= {entry.action for entry in entries}
    failure = next(entry for entry in entries if entry.action == "fail to sign in")
    assert (failure.subject, failure.details["address"]) == ("ana", "address testclient")


def _everything():
    from core.auth.audit import AuditQuery

    return AuditQuery(limit=1000)


def test_no_line_has_a_secret(site: Application, lines: Lines):
    """Secrets in each place of a request where clients put them; the marks must be in no line."""
    mark = "MARKMARKMARKMARKMARK"
    client, basic = site.client, base64.b64encode(f"ana:{mark}".encode()).decode()
    for headers in (
        {"Authorization": f"Bearer pz-{mark}"},
        {"Authorization": f"Token {mark}"},
        {"Authorization": f"Basic {basic}"},
        {"Authorization": f"Unknown {mark}"},
        {"Cookie": f"photoz_session={mark}; photoz_vo={mark}"},
    ):
        client.get("/api/products", headers=headers)
    client.post("/login", data={"username": mark, "password": mark})
    client.post("/api/sign-in/token", data={"username": "ana", "password": mark})
    client.post("/api/obtain_token", json={"username": mark, "password": mark})
    for path in (
        f"/shared/{mark}",
        f"/shared/{mark}/files/x",
        f"/vospace/data/{mark}/x",
        f"/vospace/transfers/sync-{mark}/phase",
        f"/query/sent/{mark}/x",
        f"/typo/{mark * 2}",
        f"/api/products/1/download/file?token={mark}",
        f"/login/oidc/callback?code={mark}&state={mark}",
        f"/availability?password={mark}",
    ):
        client.get(path)
        client.put(path, content=b"x")
    secret = site.token("ana")
    client.get(f"/typo?{secret}", headers={"X-Request-Id": secret, "User-Agent": secret})
    text = "\n".join(lines.text)
    assert len(lines.parsed("request")) > 20
    for hidden in (mark, basic, secret, secret.removeprefix("pz-")):
        assert hidden not in text, [line for line in lines.text if hidden in line][:3]


def test_parameters_of_paths_are_either_open_or_secret(site: Application):
    found = set()
    for each in iter_route_contexts(list(complete_routes(site.app.routes))):
        path = getattr(each, "path", None) or getattr(each.route, "path", "")
        found |= {name.partition(":")[0] for name in re.findall(r"\{([^}]+)\}", path)}
    assert found - SECRET_PARAMETERS - _OPEN_PARAMETERS == set(), "say in one of the two sets whether they are secret"
    assert found >= SECRET_PARAMETERS


def test_the_address_that_a_known_proxy_forwards_is_that_of_the_client(tmp_path: Path, site: Application, lines: Lines):
    from tests.support.in_process import in_process_client

    portal = site.client._transport._portal  # type: ignore[attr-defined]
    proxy: httpx2.Client = in_process_client(site.app, portal, address=("127.0.0.1", 1))
    with proxy:
        proxy.get("/availability", headers={"X-Forwarded-For": "10.0.0.1, 192.0.2.7"})
    assert lines.last("request")["client"] == "192.0.2.7"
