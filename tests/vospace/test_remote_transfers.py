"""Transfers by the service itself: nothing is sent before it is known that the caller may do what the transfer does."""

import socket
from collections.abc import Iterator

import pytest

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.service import AccountService
from core.errors import PhotozError
from tests.vospace.client import ROOT, VOSpaceClient
from vospace.documents.transfers import PULL_TO, PUSH_FROM, ProtocolRequest, Transfer
from vospace.faults import fault_name
from vospace.models import CORE
from vospace.transfers.remote import RemoteTransfers


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
