"""Transfers by the service itself: nothing is sent before it is known that the caller may do what the transfer does."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.service import AccountService
from core.errors import PhotozError
from tests.server.application import running_application
from tests.vospace.client import ROOT, VOSpaceClient, transfer_xml
from tests.vospace.documents.test_transfers import error_of, phase, results, run_job
from vospace.documents.transfers import PULL_TO, PUSH_FROM, ProtocolRequest, Transfer
from vospace.faults import fault_name
from vospace.models import CORE
from vospace.transfers.remote import RemoteTransfers

pytestmark = [pytest.mark.slow, pytest.mark.either_database]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("direction", [PULL_TO, PUSH_FROM])
@pytest.mark.parametrize(
    ("who", "path", "fault"),
    [
        ("nobody", "/home/owner/f", {PULL_TO: "PermissionDenied", PUSH_FROM: "NodeNotFound"}),
        ("other", "/home/owner/f", {PULL_TO: "ContainerNotFound", PUSH_FROM: "NodeNotFound"}),
        ("reading", "/home/owner/f", {PULL_TO: "PermissionDenied"}),
        ("owner", "/home/owner/none/f", {PULL_TO: "ContainerNotFound", PUSH_FROM: "NodeNotFound"}),
        ("owner", "/home", {PULL_TO: "PermissionDenied", PUSH_FROM: "InvalidArgument"}),
        ("other", "/products/1_none/f", {PULL_TO: "ContainerNotFound", PUSH_FROM: "NodeNotFound"}),
    ],
)
def test_no_request_is_sent_before_the_permission_is_checked(space, listener, direction, who, path, fault):
    if direction not in fault:
        return
    VOSpaceClient(space.client, space.tokens["owner"]).put("/home/owner/f", b"abc")
    accounts = AccountService(space.database)
    people: dict[str, Identity] = {
        "nobody": ANONYMOUS,
        "other": accounts.identity_of_user("other"),
        "owner": space.owner,
        "reading": accounts.identity_of_user("owner", Scope.READ),
    }
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    protocol = f"{CORE}{'httpget' if direction == PULL_TO else 'httpput'}"
    transfer = Transfer((ROOT + path,), direction, None, (ProtocolRequest(protocol, f"http://{host}/x"),))
    with pytest.raises(PhotozError) as refused:
        RemoteTransfers(space.vospace.nodes, (host,)).run(people[who], transfer, lambda *_: None)
    assert fault_name(refused.value) == fault[direction]
    with pytest.raises(BlockingIOError):
        listener.accept()


class _Elsewhere(BaseHTTPRequestHandler):
    got: bytes = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"remote")

    def do_PUT(self):
        type(self).got = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def test_the_service_fetches_and_sends_bytes_itself_where_its_operator_allows(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    try:
        with running_application(tmp_path / "data", authority="example.org", transfer_hosts=(host,)) as running:
            running.services.accounts.service.add_user("owner", None)
            owner = VOSpaceClient(running.client, running.token("owner", Scope.WRITE))
            said = {"direction": "pullToVoSpace", "protocols": ("httpget",)}
            pulled = transfer_xml(f"{ROOT}/home/owner/f", **said, endpoint=f"http://{host}/x")
            assert phase(run_job(owner, "transfers", content=pulled)) == "COMPLETED"
            assert owner.get("/home/owner/f").content == b"remote"
            pushed = transfer_xml(
                f"{ROOT}/home/owner/f", direction="pushFromVoSpace", protocols=("httpput",), endpoint=f"http://{host}/y"
            )
            assert phase(run_job(owner, "transfers", content=pushed)) == "COMPLETED"
            assert _Elsewhere.got == b"remote"
            for bad in ("http://127.0.0.1:1/x", "http://169.254.169.254/", "file:///etc/passwd", f"http://{host}@x/"):
                job = run_job(owner, "transfers", content=transfer_xml(f"{ROOT}/home/owner/g", **said, endpoint=bad))
                assert error_of(owner, job) == "ProtocolNotSupported"
            assert owner.names("/home/owner") == ["f"]
            into = transfer_xml(f"{ROOT}/home/owner", **said, endpoint=f"http://{host}/remote.txt")
            job = run_job(owner, "transfers", content=into)  # item 48: into the container
            assert results(job)["target"] == f"{ROOT}/home/owner/remote.txt"
            assert owner.get("/home/owner/remote.txt").content == b"remote"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
