"""Tokens, redirects, retries and imports of the library."""

import subprocess
import sys

import pytest
from pzserver import PzServer, RequestError
from pzserver.connections.connection import Connection, server_url
from pzserver.connections.retries import busy_retry
from pzserver.connections.tokens import clean_token, find_token
from pzserver.files.product_files import windows_name

from tests.clients.local_server import Answer, local_server

_HOST = "https://pz.example.org"


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """Remove all sources of a token, and return a place for the configuration file."""
    for name in (
        "PZSERVER_HOST",
        "PZSERVER_TOKEN",
        "EXTERNAL_INSTANCE_URL",
        "ACCESS_TOKEN",
        "NUBLADO_RUNTIME_MOUNTS_DIR",
    ):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config.toml"
    monkeypatch.setenv("PZSERVER_CONFIG", str(path))
    return path


def test_the_import_loads_no_heavy_library():
    code = (
        "import sys, pzserver; pzserver.PzServer; "
        "print(sorted({'numpy','pandas','pyarrow','astropy','pyvo','h5py','qp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("written", ["secret-1\n", "  secret-1\r\n", "Bearer secret-1"])
def test_blanks_around_a_token_do_not_matter(written):
    assert clean_token(written) == "secret-1"


@pytest.mark.parametrize("token", ["secret-1\nsecret-2", "secret-1 secret-2", "secret-1\x00", "secret-1é"])
def test_the_error_about_a_token_does_not_contain_it(token):
    with pytest.raises(ValueError, match="copy it again") as caught:
        PzServer(token, "http://127.0.0.1:1")
    assert "secret-1" not in str(caught.value)


@pytest.mark.parametrize("host", ["https://me:secret-1@pz.example.org", f"{_HOST}/?token=secret-1"])
def test_secrets_in_an_address_are_not_shown(host):
    with pytest.raises(ValueError, match="has more than an address") as caught:
        server_url(host)
    assert "secret-1" not in str(caught.value)


def test_texts_of_errors_are_redacted():
    connection = Connection("secret-1", _HOST)
    text = connection.redacted("no secret-1 at http://me:secret-2@proxy, https://x/?a=1&token=secret-3")
    assert "secret" not in text
    assert "secret-1" not in repr(connection)


def test_the_token_goes_to_its_server_alone():
    connection = Connection("secret-1", _HOST)
    assert connection.authorization(f"{_HOST}:443/api/") == "Bearer secret-1"
    others = ("https://other.example.org/", "http://pz.example.org/", f"{_HOST}:8443/", f"{_HOST}.evil.org/")
    assert [connection.authorization(url) for url in others] == [None] * 4


def test_sources_of_the_token_in_their_order(alone, monkeypatch, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("of-platform\n")
    monkeypatch.setenv("NUBLADO_RUNTIME_MOUNTS_DIR", str(tmp_path))
    monkeypatch.setenv("EXTERNAL_INSTANCE_URL", f"{_HOST}/")
    assert find_token(None, _HOST) == "of-platform"
    with pytest.raises(ValueError, match="PZSERVER_TOKEN"):  # no other host gets the token of the platform
        find_token(None, "https://other.example.org")
    alone.write_text(f'[hosts."{_HOST}/api/"]\ntoken = "of-file"\n')
    alone.chmod(0o600)
    assert find_token(None, _HOST) == "of-file"
    monkeypatch.setenv("PZSERVER_TOKEN", "of-environment")
    assert find_token(None, _HOST) == "of-environment"
    assert find_token("mine", _HOST) == "mine"


def test_the_address_is_that_of_the_environment_before_that_of_the_file(alone, monkeypatch):
    with local_server() as here:
        alone.write_text(f'[hosts."{here.url}"]\ntoken = "of-file"\n')
        alone.chmod(0o600)
        with PzServer() as server:
            assert server.url == here.url
        alone.write_text(f'host = "{_HOST}"\n')
        monkeypatch.setenv("PZSERVER_HOST", f"{here.url}/api/")
        with PzServer("mine") as server:
            assert server.url == here.url


def test_a_configuration_file_that_others_may_read_is_refused(alone):
    alone.write_text(f'[hosts."{_HOST}"]\ntoken = "secret-1"\n')
    alone.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        find_token(None, _HOST)


def test_a_broken_configuration_file_is_not_shown(alone):
    alone.write_text("token = secret-1\n")
    alone.chmod(0o600)
    with pytest.raises(ValueError, match="not valid TOML") as caught:
        find_token(None, _HOST)
    assert "secret-1" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_of_the_host_is_followed_once_and_kept(status):
    with local_server() as old, local_server() as new:
        old.answers["/api/"] = Answer(b"", status, location=f"{new.url}/api/")
        server = PzServer("t", old.url)
        assert repr(server) == f"<PzServer {new.url}>"
        server.close()
        assert [path for _, path, _ in old.requests] == ["/api/"]


def test_a_redirect_to_another_host_is_an_error_that_names_it():
    with local_server() as local:
        local.answers["/api/"] = Answer(b"", 301, location="https://other.example.org/api/")
        with pytest.raises(RequestError, match=r"use host='https://other\.example\.org'"):
            PzServer("t", local.url)


def test_a_post_never_becomes_a_get_by_a_redirect():
    with local_server() as local:
        local.answers["/api/x"] = Answer(b"", 301, location=f"{local.url}/api/y")
        connection = Connection("t", local.url)
        with pytest.raises(RequestError, match="has moved to"):
            connection.json("POST", "x", json={})
        connection.close()
        assert [path for _, path, _ in local.requests] == ["/api/x"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(method, status):
    with local_server() as local:
        local.answers["/api/x"] = Answer(b"{}", status, busy=2)
        connection = Connection("t", local.url)
        assert connection.json(method, "x") == {}
        connection.close()
        assert len(local.requests) == 3


def test_what_changes_something_is_not_repeated_without_the_word_of_the_server():
    rules = busy_retry(3)
    assert rules.is_retry("GET", 503)
    assert not rules.is_retry("POST", 503)
    assert rules.is_retry("POST", 503, has_retry_after=True)
    assert not rules.is_retry("POST", 500, has_retry_after=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a:b?.csv", "a_b_.csv"), ("CON", "_CON"), ("con.txt", "_con.txt"), ("end. ", "end_"), ("CONES.csv", "CONES.csv")],
)
def test_names_that_windows_reserves_are_changed(name, expected):
    assert windows_name(name) == expected
