"""nginx with the shipped configuration in front of two servers on one PostgreSQL and one data folder."""

import gzip
import hashlib
import http.client
import json
import os
import re
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.deployment import Deployment
from tests.support.nginx import Nginx, nginx_binary, running_nginx
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.processes import private_folder
from tests.support.server import Account
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

SHIPPED = Path(__file__).resolve().parents[3] / "server" / "deployment"
MEGABYTES = 50
SENT = hashlib.shake_128(b"x").digest(1 << 20) * MEGABYTES


@dataclass(frozen=True, slots=True)
class Site:
    deployment: Deployment
    nginx: Nginx
    account: Account

    @property
    def url(self) -> str:
        return self.nginx.url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.token}"}

    def request(self, method: str, path: str, **keywords) -> requests.Response:
        headers = self.headers | keywords.pop("headers", {})
        url = path if path.startswith("http") else self.url + path
        return requests.request(
            method, url, headers=headers, verify=str(self.nginx.certificate), timeout=120, **keywords
        )


@pytest.fixture(scope="module")
def site(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    binary = nginx_binary()
    if binary is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("nginx", None))
        folder.chmod(0o755)  # the workers of nginx are another user
        ports = free_port(), free_port()
        env = {
            "PHOTOZ_DATABASE_URL": stack.enter_context(postgres.new_database()),
            "PHOTOZ_BASE_URL": f"https://127.0.0.1:{ports[1]}",
            "PHOTOZ_FORWARDING_PROXIES": "127.0.0.1",
            "PHOTOZ_LOG_FORMAT": "json",
            "PHOTOZ_LOG_LEVEL": "INFO",
        }
        deployment = Deployment(tmp_path_factory.mktemp("site"), env)
        stack.callback(deployment.close)
        account = deployment.start()
        nginx = stack.enter_context(
            running_nginx(
                binary,
                SHIPPED / "photoz.nginx.conf",
                folder,
                [server.port for server in deployment.servers],
                ports,
            )
        )
        yield Site(deployment, nginx, account)


def test_both_servers_answer_behind_one_address(site: Site):
    names = [site.request("GET", "/availability").headers["X-Request-Id"] for _ in range(8)]

    def both_have_logged() -> bool:
        logs = [server.log.read_text() for server in site.deployment.servers]
        told = all(any(name in log for log in logs) for name in names)
        return told and all(any(name in log for name in names) for log in logs)

    wait_for(both_have_logged, "the logs do not name the requests")  # a line is written after the answer


def test_a_large_file_goes_up_and_comes_down_also_in_parts(site: Site):
    path = "/vospace/files/home/admin/large.bin"
    made = site.request("PUT", path, data=iter([SENT[i : i + (1 << 20)] for i in range(0, len(SENT), 1 << 20)]))
    assert made.status_code in {200, 201}, made.text
    half = len(SENT) // 2
    first = site.request("GET", path, headers={"Range": f"bytes=0-{half - 1}"})
    assert first.status_code == 206
    rest = site.request("GET", path, headers={"Range": f"bytes={half}-", "If-Range": first.headers["ETag"]})
    assert (rest.status_code, rest.headers["Content-Range"]) == (206, f"bytes {half}-{len(SENT) - 1}/{len(SENT)}")
    assert first.content + rest.content == SENT
    assert "Content-Encoding" not in first.headers


def test_an_upload_is_not_stored_by_nginx_and_a_slow_reader_gets_all(site: Site):
    with site.request("GET", "/vospace/files/home/admin/large.bin", stream=True) as answer:
        read = hashlib.md5(usedforsecurity=False)
        for number, chunk in enumerate(answer.iter_content(1 << 20)):
            read.update(chunk)
            if number == 2:  # while this client reads nothing, others are answered
                assert site.request("GET", "/availability").ok
    assert read.digest() == hashlib.md5(SENT, usedforsecurity=False).digest()
    folder = site.nginx.site.parent
    assert [path for name in ("body", "proxy") for path in (folder / name).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("form", ["csv", "votable"])
def test_rows_are_streamed_and_compressed(site: Site, form: str):
    query = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_SCHEMA.columns", "RESPONSEFORMAT": form}
    packed = site.request("GET", "/tap/sync", params=query, headers={"Accept-Encoding": "gzip"}, stream=True)
    raw = packed.raw.read(decode_content=False)
    plain = site.request("GET", "/tap/sync", params=query, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(gzip.decompress(raw)) == len(plain.content)
    assert len(raw) < len(plain.content) / 3


def test_addresses_in_answers_and_redirects_are_those_of_the_proxy(site: Site):
    job = site.request(
        "POST", "/tap/async", data={"LANG": "ADQL", "QUERY": "SELECT 1 AS one FROM TAP_SCHEMA.tables"},
        allow_redirects=False,
    )  # fmt: skip
    assert job.status_code == 303
    assert job.headers["Location"].startswith(f"{site.url}/tap/async/")
    capabilities = site.request("GET", "/tap/capabilities").text
    assert re.findall(r"<accessURL[^>]*>([^<]+)", capabilities)
    assert all(url.startswith(f"{site.url}/") for url in re.findall(r"<accessURL[^>]*>([^<]+)", capabilities))
    login = requests.get(f"{site.url}/account", verify=str(site.nginx.certificate), allow_redirects=False, timeout=60)
    assert login.status_code == 303
    plain = requests.get(f"{site.nginx.plain_url}/tap?x=1", allow_redirects=False, timeout=60)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"{site.url}/tap?x=1")
    answer = site.request("GET", "/")
    assert answer.headers["Strict-Transport-Security"]


def test_the_log_has_the_address_of_the_client_and_the_name_of_the_request(site: Site):
    # The last address is that of nginx's client; what the client says before it is not believed.
    context = ssl.create_default_context(cafile=str(site.nginx.certificate))
    line = http.client.HTTPSConnection(
        "127.0.0.1", site.port, timeout=120, context=context, source_address=("127.0.0.2", 0)
    )
    with closing(line):
        headers = {"X-Request-Id": "from-the-client", "X-Forwarded-For": "192.0.2.1"}
        line.request("GET", "/availability", headers=site.headers | headers)
        assert line.getresponse().headers["X-Request-Id"] == "from-the-client"
    made = site.request("GET", "/availability", headers={"X-Request-Id": "two words"}).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", made)

    def lines() -> list[str]:
        logs = "".join(server.log.read_text() for server in site.deployment.servers)
        assert site.account.token not in logs
        return [line for line in logs.splitlines() if "from-the-client" in line]

    wait_for(lambda: len(lines()) == 1, "the log has no line of the request")
    assert json.loads(lines()[0])["client"] == "127.0.0.2"


def test_what_is_for_operators_is_not_open_and_no_identity_passes(site: Site):
    assert site.request("GET", "/metrics").status_code == 404
    forged = requests.get(
        f"{site.url}/api/users",
        headers={"X-Auth-Request-User": "admin"},
        verify=str(site.nginx.certificate),
        timeout=60,
    )
    assert forged.status_code == 401
    direct = site.deployment.servers[0].url
    assert requests.get(f"{direct}/metrics", timeout=60).ok
    assert requests.get(f"{direct}/metrics", headers={"X-Forwarded-For": "192.0.2.1"}, timeout=60).status_code == 403


class Load:
    """Requests of one kind, one after the other, until it is stopped."""

    def __init__(self, site: Site, ended: threading.Event) -> None:
        self._site, self._ended = site, ended
        self._context = ssl.create_default_context(cafile=str(site.nginx.certificate))
        self.done = Counter[str]()
        self.wrong: list[str] = []

    def run(self, kind: str) -> None:
        """Send requests until the end, and note what is not answered well."""
        while not self._ended.is_set():
            try:
                self._send(kind)
            except (OSError, http.client.HTTPException, AssertionError) as e:
                self.wrong.append(f"{kind}: {e!r}")
            self.done[kind] += 1

    def _send(self, kind: str) -> None:
        headers = self._site.headers
        with closing(
            http.client.HTTPSConnection("127.0.0.1", self._site.port, timeout=120, context=self._context)
        ) as line:
            if kind == "write":
                line.request("PUT", f"/vospace/files/home/admin/w{self.done[kind]}", b"x" * 1000, headers)
            elif kind == "query":
                words = "LANG=ADQL&QUERY=SELECT+table_name+FROM+TAP_SCHEMA.tables"
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                line.request("POST", "/tap/sync", words, headers | form)
            else:
                line.request("GET", "/api/products", headers=headers)
            answer = line.getresponse()
            body = answer.read()
            assert answer.status in {200, 201}, f"{answer.status} {body[:200]!r}"


def test_restarting_one_server_after_the_other_fails_no_request(site: Site, tmp_path: Path):
    ended = threading.Event()
    load = Load(site, ended)
    threads = [threading.Thread(target=load.run, args=(kind,)) for kind in ("read", "write", "query")]
    # The script asks for a restart by a file, and goes on when this test has removed it.
    restart, asked = tmp_path / "restart", tmp_path / "asked"
    lines = (
        "#!/bin/sh",
        f'echo "$1" >{asked}.new',
        f"mv {asked}.new {asked}",
        f"while [ -e {asked} ]; do sleep 0.1; done",
    )
    restart.write_text("\n".join((*lines, "")))
    restart.chmod(0o755)
    nginx, before = site.nginx, site.nginx.site.read_text()
    env = {
        "PATH": "/usr/bin:/bin",
        "NGINX_CONF": str(nginx.site),
        "NGINX_RELOAD": nginx.reload,
        "RESTART": str(restart),
    }
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: all(load.done[kind] > 2 for kind in ("read", "write", "query")), "nothing is answered")
        ports = [str(server.port) for server in site.deployment.servers]
        process = subprocess.Popen([str(SHIPPED / "rolling-restart"), *ports], env=os.environ | env)
        for server in site.deployment.servers:
            wait_for(asked.exists, "the server is not restarted")
            assert asked.read_text().strip() == str(server.port)
            server.stop()
            server.start()
            asked.unlink()
        assert process.wait(120) == 0
        reached = load.done.copy()
        wait_for(lambda: all(load.done[kind] > reached[kind] + 2 for kind in reached), "nothing is answered")
    finally:
        ended.set()
        for thread in threads:
            thread.join(120)
    assert load.wrong == []
    assert nginx.site.read_text() == before
