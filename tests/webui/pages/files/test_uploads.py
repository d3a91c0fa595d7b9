"""Uploads in parts to one's own files: they continue where they broke off, and are those of one user and one file."""

from typing import Any

import httpx2
import pytest

from server.services import Services
from tests.webui.pages.conftest import SignIn

CONTENT = bytes(range(256)) * 16


def start(browser: httpx2.Client, to: str = "/file-uploads", **values: object) -> dict[str, Any]:
    answer = browser.post(to, json={"name": "a é.bin", "size": len(CONTENT)} | values)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def part(browser: httpx2.Client, state: dict[str, Any], first: int, last: int) -> httpx2.Response:
    return browser.patch(f"{state['address']}&offset={first}", content=CONTENT[first:last])


def bytes_of(services: Services, *path: str) -> bytes:
    identity = services.accounts.service.identity_of_user("alice")
    file = services.vospace.nodes.file(identity, ("home", "alice", *path))
    return b"".join(file.read(0, file.size))


@pytest.mark.parametrize("folder", ["", "DESI é"])
def test_a_file_in_parts_continues_where_it_broke_off(alice: httpx2.Client, services: Services, folder: str):
    to = "/file-uploads"
    if folder:
        alice.post("/new-folder", data={"name": folder})
        to += "/DESI%20%C3%A9"
        assert f'data-uploads="{to}"' in alice.get("/files/DESI%20%C3%A9").text
    state = start(alice, to)
    assert (state["received"], state["next_part"], state["file"]) == (0, len(CONTENT), None)
    assert part(alice, state, 0, 1000).json()["received"] == 1000
    wrong = part(alice, state, 900, 2000)
    assert wrong.status_code == 409
    assert wrong.json()["detail"] == "The part begins at byte 900, but 1000 bytes have arrived."
    again = start(alice, to, upload=state["id"])
    assert (again["id"], again["received"], again["next_part"]) == (state["id"], 1000, len(CONTENT) - 1000)
    done = part(alice, again, 1000, len(CONTENT)).json()
    assert (done["received"], done["file"]) == (len(CONTENT), "a é.bin")
    assert bytes_of(services, *filter(None, [folder]), "a é.bin") == CONTENT


def test_an_empty_file_is_stored_and_a_discarded_one_is_not(alice: httpx2.Client, services: Services):
    empty = start(alice, name="empty", size=0)
    assert part(alice, empty, 0, 0).json()["file"] == "empty"
    assert bytes_of(services, "empty") == b""
    state = start(alice)
    part(alice, state, 0, 1000)
    assert alice.delete(state["address"]).status_code == 200
    assert part(alice, state, 1000, 2000).status_code == 404
    # What the browser remembers of it no longer counts.
    anew = start(alice, upload=state["id"])
    assert anew["received"] == 0
    assert anew["id"] != state["id"]


def test_an_upload_is_of_one_user_and_one_file(alice: httpx2.Client, sign_in: SignIn):
    state = start(alice)
    bob = sign_in("bob")
    assert part(bob, state, 0, 10).status_code == 403
    assert bob.delete(state["address"]).status_code == 403
    assert start(bob, upload=state["id"])["received"] == 0
    other = state | {"address": state["address"].replace("a%20%C3%A9.bin", "b.bin")}
    assert part(alice, other, 0, 10).status_code == 403
    assert part(alice, state, 0, 10).json()["received"] == 10


@pytest.mark.parametrize(
    ("values", "to", "status", "words"),
    [
        ({"name": ".."}, "/file-uploads", 400, ".."),
        ({}, "/file-uploads/nothing", 404, "nothing"),
        ({"size": 1 << 50}, "/file-uploads", 413, "limit"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_it_is_sent(
    alice: httpx2.Client, values: dict[str, object], to: str, status: int, words: str
):
    answer = alice.post(to, json={"name": "a", "size": 3} | values)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
