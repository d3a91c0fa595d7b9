"""The pages of one's own files: what is stored is in VOSpace, and nobody else sees it."""

import re

import httpx2
import pytest

from server.services import Services
from tests.webui.pages.conftest import SignIn
from vospace.models import Listing, NodeKind, NodeRequest, PropertyRequest

HOME = ("home", "alice")


def names(services: Services, *path: str) -> list[str]:
    identity = services.accounts.service.identity_of_user("alice")
    return [child.name for child in services.vospace.nodes.node(identity, (*HOME, *path), Listing()).children]


def send(browser: httpx2.Client, *files: tuple[str, bytes], to: str = "/files"):
    return browser.post(to, files=[("file", file) for file in files])


def stored(services: Services) -> int:
    return len(list(services.vospace.store.ids()))


def test_files_come_into_folders_and_are_listed(alice: httpx2.Client, services: Services):
    assert "This folder is empty" in alice.get("/files").text
    assert alice.post("/new-folder", data={"name": "DESI é"}).headers["location"] == "/files"
    sent = send(alice, ("a.csv", b"ra,dec\n1,2\n"), ("<b>.csv", b"x\n"), to="/files/DESI%20%C3%A9")
    assert sent.status_code == 303
    page = alice.get("/files/DESI%20%C3%A9").text
    assert "a.csv" in page
    assert "&lt;b&gt;.csv" in page
    assert "vos://photoz.local~vospace/home/alice/DESI" in page
    assert names(services, "DESI é") == ["<b>.csv", "a.csv"]
    file = services.vospace.nodes.file(services.accounts.service.identity_of_user("alice"), (*HOME, "DESI é", "a.csv"))
    assert b"".join(file.read(0, file.size)) == b"ra,dec\n1,2\n"


def test_a_file_of_the_same_name_is_replaced(alice: httpx2.Client, services: Services):
    send(alice, ("a.csv", b"one"))
    send(alice, ("a.csv", b"three"))
    assert names(services) == ["a.csv"]
    assert stored(services) == 1
    assert "5 B" in alice.get("/files").text


def test_deleting_asks_first_and_takes_what_is_inside(alice: httpx2.Client, services: Services):
    alice.post("/new-folder", data={"name": "old"})
    send(alice, ("a.csv", b"one"), to="/files/old")
    asked = alice.get("/delete-file/old")
    assert "and everything in it" in asked.text
    assert names(services) == ["old"]
    assert alice.post("/delete-file/old").headers["location"] == "/files"
    assert (names(services), stored(services)) == ([], 0)


def test_files_and_folders_are_renamed_and_moved(alice: httpx2.Client, services: Services):
    for folder in ("one", "two"):
        alice.post("/new-folder", data={"name": folder})
    send(alice, ("a é.csv", b"bytes"), ("b.csv", b"other"), to="/files/one")
    asked = alice.get("/move-file/one/a%20%C3%A9.csv").text
    assert 'value="a é.csv"' in asked
    assert '<option value="two">' in asked
    moved = alice.post("/move-file/one/a%20%C3%A9.csv", data={"name": "c.csv", "folder": "two"})
    assert moved.headers["location"] == "/files/two"
    assert (names(services, "one"), names(services, "two")) == (["b.csv"], ["c.csv"])
    assert alice.post("/move-file/one", data={"name": "uno", "folder": "two"}).status_code == 303
    assert names(services, "two", "uno") == ["b.csv"]
    same = alice.post("/move-file/two/c.csv", data={"name": "c.csv", "folder": "two"})
    assert same.headers["location"] == "/files/two"
    for values, sentence in (
        ({"name": "uno", "folder": "two"}, "exists already"),
        ({"name": "c.csv", "folder": "three"}, "There is no folder"),
        ({"name": "x/c.csv", "folder": ""}, "is not a name"),
        ({"name": "", "folder": ""}, "cannot be a file"),
        ({"name": "c.csv", "folder": "../bob"}, "two"),
    ):
        refused = alice.post("/move-file/two/c.csv", data=values)
        assert refused.status_code in {400, 404}
        assert sentence in refused.text
    into_itself = alice.post("/move-file/two", data={"name": "two", "folder": "two/uno"})
    assert into_itself.status_code == 400
    assert names(services) == ["two"]
    assert names(services, "two") == ["c.csv", "uno"]


def test_the_list_goes_on_where_a_page_ends(alice: httpx2.Client, services: Services, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("webui.pages.files.listing._PAGE_SIZE", 2)
    send(alice, *((f"{name}.txt", b"x") for name in "abc"))
    first = alice.get("/files").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    assert "c.txt</a>" not in first
    assert "c.txt</a>" in alice.get(following.group(1)).text


def test_links_lead_where_they_point(alice: httpx2.Client, services: Services):
    identity, nodes = services.accounts.service.identity_of_user("alice"), services.vospace.nodes
    alice.post("/new-folder", data={"name": "real"})
    for name, target in (("here", nodes.uris.of((*HOME, "real"))), ("there", "https://example.org/x")):
        path = (*HOME, name)
        nodes.create(identity, path, NodeRequest(nodes.uris.of(path), NodeKind.LINK, (), target))
    assert alice.get("/files/here").headers["location"] == "/files/real"
    assert alice.get("/files/there").headers["location"] == "http://testserver/vospace/files/home/alice/there"
    assert "https://example.org/x" in alice.get("/files").text


def test_it_is_said_who_sees_a_file(alice: httpx2.Client, services: Services):
    identity, nodes = services.accounts.service.identity_of_user("alice"), services.vospace.nodes
    for name, opened in (("a", ("ispublic", "true")), ("b", ("groupread", "registered"))):
        send(alice, (name, b"x"))
        path = (*HOME, name)
        nodes.change(identity, path, NodeRequest(nodes.uris.of(path), NodeKind.DATA, (PropertyRequest(*opened),), None))
    assert re.findall(r'<td class="wide">(\w+)</td>', alice.get("/files").text) == ["everybody", "groups"]


def test_what_cannot_be_stored_is_said_and_nothing_is_kept(alice: httpx2.Client, services: Services):
    alice.post("/new-folder", data={"name": "folder"})
    for name, content, status, sentence in (
        ("..", b"x", 400, "cannot be a file&#39;s name"),
        ("a" * 300, b"x", 400, "longer than 255 bytes"),
        ("a.csv", b"x" * 30_000, 413, "larger than"),
        ("folder", b"x", 409, "folder"),
    ):
        answer = send(alice, (name, content), ("second", b"y"))
        assert (answer.status_code, stored(services)) == (status, 0)
        assert sentence in answer.text
    assert names(services) == ["folder"]


def test_a_form_of_unknown_length_is_not_read(alice: httpx2.Client, services: Services):
    answer = alice.post(
        "/files", content=iter([b"--b\r\n"]), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 400
    assert "has no Content-Length" in answer.text
    assert stored(services) == 0


def test_a_full_home_takes_nothing_more(alice: httpx2.Client, services: Services):
    root, nodes = services.accounts.service.identity_of_user("root"), services.vospace.nodes
    send(alice, ("a", b"12345"))
    quota = (PropertyRequest("quota", "8"),)
    nodes.change(root, HOME, NodeRequest(nodes.uris.of(HOME), NodeKind.CONTAINER, quota, None))
    answer = send(alice, ("b", b"12"), ("c", b"34"))
    assert answer.status_code >= 400
    assert (names(services), stored(services)) == (["a", "b"], 2)
    assert "leaves 1 bytes; the file has 2." in answer.text


def test_a_folder_needs_a_name_of_its_own(alice: httpx2.Client, services: Services):
    alice.post("/new-folder", data={"name": "folder"})
    for name in ("", " ", "..", "a/../..", "a\0b", "a" * 300, "folder"):
        answer = alice.post("/new-folder", data={"name": name})
        assert answer.status_code in {400, 409}
        assert 'role="alert"' in answer.text or "NUL" in answer.text
    assert names(services) == ["folder"]


def test_others_see_nothing(alice: httpx2.Client, visitor: httpx2.Client, sign_in: SignIn, services: Services):
    alice.post("/new-folder", data={"name": "secret"})
    send(alice, ("a.csv", b"one"), to="/files/secret")
    bob = sign_in("bob")
    assert "secret" not in bob.get("/files").text
    for path in ("/secret", "/secret/a.csv"):
        assert visitor.get(f"/files{path}").status_code == 303
        assert bob.get(f"/files{path}").status_code == 404
    for address in ("/files/../alice/secret", "/files/%2e%2e/alice/secret", "/files/..%2falice%2fsecret"):
        assert bob.get(address).status_code in {400, 404}
    assert bob.post("/delete-file/secret").status_code == 404
    assert names(services) == ["secret"]


def test_a_page_of_another_site_changes_nothing(alice: httpx2.Client, services: Services):
    alice.headers["Sec-Fetch-Site"] = "cross-site"
    for answer in (
        send(alice, ("a.csv", b"one")),
        alice.post("/new-folder", data={"name": "x"}),
        alice.post("/delete-file/x"),
    ):
        assert answer.status_code in {303, 401, 403}
    assert (names(services), stored(services)) == ([], 0)
