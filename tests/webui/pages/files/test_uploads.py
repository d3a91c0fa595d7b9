"""Uploads in parts to one's own files: they continue where they broke off, and are those of one user and one file."""

import os
from typing import Any

import httpx2
import pytest
from lxml import html

from server.services import Services
from tests.webui.pages.conftest import SignIn

CONTENT = bytes(range(256)) * 16


def start(browser: httpx2.Client, to: str = "/file-uploads", **values: object) -> dict[str, Any]:
    answer = browser.post(to, json={"name": "a é.bin", "size": len(CONTENT), "fingerprint": "7"} | values)
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
    again = start(alice, to)
    assert (again["received"], again["next_part"]) == (1000, len(CONTENT) - 1000)
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
    assert start(alice)["received"] == 0


def test_an_upload_is_of_one_user_and_one_file(alice: httpx2.Client, sign_in: SignIn):
    state = start(alice)
    bob = sign_in("bob")
    assert part(bob, state, 0, 10).status_code == 403
    assert bob.delete(state["address"]).status_code == 403
    assert start(bob)["received"] == 0
    other = state | {"address": state["address"].replace("a%20%C3%A9.bin", "b.bin")}
    assert part(alice, other, 0, 10).status_code == 403
    assert part(alice, state, 0, 10).json()["received"] == 10


@pytest.mark.parametrize(
    "changed", [{"size": len(CONTENT) - 1}, {"fingerprint": "8"}, {"fingerprint": ""}, {"name": "b"}]
)
def test_another_file_begins_anew(alice: httpx2.Client, changed: dict[str, object]):
    part(alice, start(alice), 0, 1000)
    assert start(alice, **changed)["received"] == 0


def test_interrupted_uploads_are_listed_kept_for_a_week_and_discarded(
    alice: httpx2.Client, sign_in: SignIn, services: Services
):
    alice.post("/new-folder", data={"name": "in"})
    state = start(alice, "/file-uploads/in")
    part(alice, state, 0, 1024)
    services.products.housekeeping.sweep(older_than=-1)
    for page in ("/files", "/files/in"):
        shown = html.fromstring(alice.get(page).text)
        (notice,) = shown.find_class("unfinished")
        assert "in/a é.bin: 1.02 kB of 4.1 kB (25 %) arrived" in " ".join(notice.text_content().split())
    alice.post("/new-folder", data={"name": "other"})
    assert "unfinished" not in alice.get("/files/other").text + sign_in("bob").get("/files").text
    (form,) = [each for each in shown.forms if each.action.startswith("/discard-upload/")]
    assert sign_in("bob").post(form.action, data=dict(form.fields)).status_code == 403
    assert alice.post(form.action, data=dict(form.fields)).headers["location"] == "/files/in"
    assert "unfinished" not in alice.get("/files/in").text
    assert list(services.settings.staging_folder.iterdir()) == []
    part(alice, start(alice), 0, 1024)
    for file in services.settings.staging_folder.iterdir():
        eight_days_ago = file.stat().st_mtime - 8 * 86_400
        os.utime(file, (eight_days_ago, eight_days_ago))
    assert "unfinished" not in alice.get("/files").text
    services.products.housekeeping.sweep(older_than=-1)
    assert list(services.settings.staging_folder.iterdir()) == []


def test_an_upload_of_another_program_is_listed_as_such(alice: httpx2.Client, services: Services):
    identity = services.accounts.service.identity_of_user("alice")
    services.vospace.uploads.start(identity, ("home", "alice", "by vcp"), None)
    assert "use the program that sends it" in alice.get("/files").text


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
