import pytest
import requests
from pzserver import (
    AuthenticationError,
    InvalidValueError,
    PzServer,
    PzServerError,
    RequestError,
    RequiredColumnsError,
)
from pzserver.connections.connection import Connection, server_url

from tests.clients.local_server import Answer, local_server
from tests.support.ports import free_port


@pytest.fixture
def local():
    with local_server() as server:
        yield server


@pytest.mark.parametrize("host", ["http://h:8000", "http://h:8000/", "http://h:8000/api", "http://h:8000/api/"])
def test_the_address_is_taken_in_every_form(host):
    assert server_url(host) == "http://h:8000"


def test_what_is_no_address_is_said_so():
    with pytest.raises(ValueError, match="host='pz' is not an address"):
        server_url("pz")


def test_without_a_token_there_is_no_server():
    with pytest.raises(ValueError, match="Give your token"):
        PzServer()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, b'{"detail": "This token does not hold."}', AuthenticationError, "This token does not hold."),
        (406, b'"The column(s) was not filled in: RA"', RequiredColumnsError, "not filled in: RA"),
        (400, b'{"release": ["x"], "detail": "No such release."}', InvalidValueError, "No such release."),
        (500, b"", RequestError, "answered 500"),
    ],
)
def test_errors_carry_the_sentence_of_the_server(local, status, body, kind, words):
    local.answers["/api/x"] = Answer(body, status)

    with pytest.raises(kind, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        Connection("t", local.url).json("GET", "x")

    assert isinstance(caught.value, PzServerError)
    assert isinstance(caught.value, requests.exceptions.RequestException)
    assert caught.value.response.status_code == status


def test_a_server_that_is_not_there_is_named():
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(RequestError, match=url):
        PzServer("t", url)


def test_an_address_of_something_else_is_noticed(local):
    local.answers["/api/"] = Answer(b"<html>Hello</html>", content_type="text/html")

    with pytest.raises(RequestError, match="is the address right"):
        PzServer("t", local.url)


def test_the_token_is_sent_even_when_a_netrc_names_the_host(local, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    response = Connection("mine", local.url).request("GET", f"{local.url}/api/")

    assert response.request.headers["Authorization"] == "Bearer mine"
