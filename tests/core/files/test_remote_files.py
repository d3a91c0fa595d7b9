"""Addresses that users name: which may be reached, and by which way."""

import ipaddress
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import PhotozError, TooLargeError
from core.files import FolderStore
from core.files.remote_files import RemoteFileError, RemoteFiles, is_public
from tests.support.files_over_http import file_server

#: Special-purpose addresses of the registries of IANA (RFC 6890), and addresses that hold such addresses.
CLOSED = """
0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1
192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
:: ::1 fe80::1 fe80::1%1 fc00::1 fd12:3456::1 ff02::1 2001:db8::1 100::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1:: 2002:a00:1::1 2001:0:7f00:1::
"""
OPEN = ["1.1.1.1", "8.8.8.8", "130.79.128.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files", tmp_path / "staging")


def fetch(remote: RemoteFiles, url: str, store: FolderStore, *, limit: int = 1000) -> bytes:
    with store.stage(limit=limit) as staging:
        remote.fetch(url, staging)
        stored = staging.finish()
    return store.local_path(stored.id).read_bytes()


@pytest.mark.parametrize("address", CLOSED.split())
def test_an_address_that_is_not_for_everybody_is_not_public(address: str):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_other_addresses_are_public(address: str):
    assert is_public(ipaddress.ip_address(address))


def test_a_name_is_refused_when_one_of_its_addresses_is_closed(store: FolderStore):
    remote = RemoteFiles(seconds=5, resolve=lambda _host, _port: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(RemoteFileError, match=r"'data\.example\.org' is not a public address"):
        fetch(remote, "http://data.example.org/x", store)


def test_the_connection_goes_to_the_address_that_was_looked_at(store: FolderStore):
    """A name that means another address at its second look-up is looked up once."""
    answers = [["127.0.0.1"], ["127.0.0.9"]]
    with file_server() as files:
        files.put("/x", b"content")
        remote = RemoteFiles(seconds=20, networks=["127.0.0.1/32"], resolve=lambda _host, _port: answers.pop(0))
        assert fetch(remote, f"http://rebinding.example.org:{files.port}/x", store) == b"content"
    assert len(answers) == 1


def test_a_redirect_to_a_closed_address_is_not_followed(store: FolderStore):
    with file_server() as files:
        files.redirect("/x", f"http://127.0.0.9:{files.port}/secret")
        remote = RemoteFiles(seconds=20, networks=["127.0.0.1/32"])
        with pytest.raises(RemoteFileError, match="not a public address"):
            fetch(remote, f"{files.url}/x", store)
        assert files.asked == ["/x"]


def test_a_file_above_the_limit_is_not_kept(store: FolderStore, tmp_path: Path):
    with file_server() as files:
        files.put("/x", b"x" * 5000)
        with pytest.raises(TooLargeError):
            fetch(RemoteFiles(seconds=20, networks=["127.0.0.1/32"]), f"{files.url}/x", store, limit=100)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"nonsense\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
@pytest.mark.parametrize("ends", [True, False], ids=["closed", "silent"])
def test_a_server_that_does_not_answer_properly_is_left_in_time(store: FolderStore, sent: bytes, ends: bool):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = threading.Event()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, suppress(ConnectionError):  # on a busy machine the other side may be gone by now
                connection.sendall(sent)
                if not ends:
                    done.wait(60)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        address = listening.getsockname()
        remote = RemoteFiles(seconds=1, networks=["127.0.0.1/32"])
        with pytest.raises(PhotozError):
            fetch(remote, f"http://127.0.0.1:{address[1]}/x", store)
        done.set()
        socket.create_connection(address).close()  # or have given up before it came
        thread.join()
