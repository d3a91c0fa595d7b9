"""nginx with the shipped configuration and no server behind it: what it says and writes down, and its TLS."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.support.nginx import Nginx, nginx_binary, running_nginx
from tests.support.ports import free_port
from tests.support.processes import private_folder

SHIPPED = Path(__file__).resolve().parents[3] / "server" / "deployment" / "photoz.nginx.conf"
SECRET = "MARKMARKMARKMARKMARK"


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    binary = nginx_binary()
    if binary is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("nginx", None))
        folder.chmod(0o755)  # its workers are another user
        nobody = [free_port(), free_port()]
        yield stack.enter_context(running_nginx(binary, SHIPPED, folder, nobody, (free_port(), free_port())))


def test_while_no_server_answers_clients_are_told_to_come_again_and_no_secret_is_written_down(nginx: Nginx) -> None:
    for method, path in (
        ("GET", f"/shared/{SECRET}"),
        ("PUT", f"/vospace/data/{SECRET}/x"),
        ("POST", "/tap/sync"),
        ("GET", f"/api/products?token={SECRET}"),
    ):
        answer = requests.request(
            method, nginx.url + path, data=b"x" * 100, verify=str(nginx.certificate), timeout=60,
            headers={"Authorization": f"Bearer {SECRET}"},
        )  # fmt: skip
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), path
        assert answer.headers["Strict-Transport-Security"]
        assert "Try again" in answer.text
    requests.get(f"{nginx.plain_url}/shared/{SECRET}", allow_redirects=False, timeout=60)
    written = [path for path in nginx.site.parent.rglob("*") if path.is_file() and SECRET in path.read_text("latin-1")]
    assert written == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_of_today(nginx: Nginx, version: ssl.TLSVersion) -> None:
    port = int(nginx.url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(nginx.certificate))
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), 60) as line,
        context.wrap_socket(line, server_hostname="127.0.0.1") as secured,
    ):
        assert secured.version() == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_older_tls_is_refused(nginx: Nginx) -> None:
    port = int(nginx.url.rpartition(":")[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or this side would refuse it
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", port), 60) as line,
        pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"),
    ):
        context.wrap_socket(line)
