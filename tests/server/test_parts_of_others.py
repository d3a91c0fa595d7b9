"""Uploads in parts that are stored for several servers: nobody but who began them reads, continues or ends them."""

import hashlib
import os
from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import func, select

from core.files.partial.schema import PartialPieceRow
from tests.server.application import Application, running_application
from tests.support.s3 import running_s3

CONTENT = os.urandom(5000)
ARRIVED = 1873
NEW = {"name": "notes.bin", "size": len(CONTENT), "fingerprint": "7"}
#: Answers from which nothing is learnt: sign in, not yours, not there.
CLOSED = {401, 403, 404}


class Person:
    """A client with the credentials of an account, or with none."""

    def __init__(self, site: Application, name: str | None) -> None:
        self._client = site.client
        self._headers = {} if name is None else {"Authorization": f"Bearer {site.token(name)}"}

    def ask(self, method: str, path: str, **sent: object) -> httpx2.Response:
        headers = self._headers | sent.pop("headers", {})  # type: ignore[operator]
        return self._client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    data = tmp_path_factory.mktemp("site") / "data"
    with running_s3("parts"), running_application(data, files_url="s3://parts/files") as site:
        for name in ("ana", "bob", "root"):
            site.services.accounts.service.add_user(name, None, is_admin=name == "root")
        yield site


@pytest.fixture(scope="module")
def ana(site: Application) -> Person:
    return Person(site, "ana")


def _arrived(site: Application) -> int:
    """Return the bytes of all uploads that are not complete."""
    with site.services.database.read() as session:
        return session.scalar(select(func.coalesce(func.sum(PartialPieceRow.size), 0))) or 0


def _check(answers: dict[str, httpx2.Response], *secrets: str) -> None:
    """Check that no answer tells or does anything."""
    for asked, answer in answers.items():
        to_login = answer.status_code == 303 and answer.headers["Location"].startswith("/login")
        assert answer.status_code in CLOSED or to_login, f"{asked}: {answer.status_code} {answer.text[:200]}"
        headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}  # at random
        told = f"{answer.text} {headers}"
        assert not [secret for secret in (*secrets, str(ARRIVED)) if secret in told], f"{asked}: {told}"


@pytest.mark.parametrize("name", [None, "bob"])
@pytest.mark.parametrize("is_published", [False, True], ids=["draft", "public"])
def test_uploads_to_a_product_are_closed_to_who_may_not_change_it(
    site: Application, ana: Person, name: str | None, is_published: bool
) -> None:
    made = {"display_name": f"{name} {is_published}", "product_type": 7, "visibility": "public"}
    product = ana.ask("POST", "/api/products", json=made).json()
    number, internal = product["id"], product["internal_name"]
    assert ana.ask("PUT", f"/api/products/{number}/files/main.bin?role=main", content=b"main").is_success
    uploads = f"/api/products/{number}/uploads"
    begun = ana.ask("POST", uploads, json=NEW | {"role": "auxiliary"})
    upload = begun.json()["id"]
    path = f"{uploads}/{upload}"
    assert ana.ask("PATCH", f"{path}?offset=0", content=CONTENT[:ARRIVED]).json()["received"] == ARRIVED
    if is_published:
        published = ana.ask("POST", f"/api/products/{number}/publish")
        assert published.is_success, published.text
    stranger = Person(site, name)
    own = stranger.ask("POST", "/api/products", json=made | {"display_name": f"own {number}"})
    elsewhere = [f"/api/products/{own.json()['id']}/uploads/{upload}"] if name else []
    answers = {
        f"{method} {url}": stranger.ask(method, url, **sent)
        for each in (path, *elsewhere)
        for method, url, sent in (
            ("GET", each, {}),
            ("PATCH", f"{each}?offset={ARRIVED}", {"content": CONTENT[ARRIVED:]}),
            ("PATCH", f"{each}?offset=0", {"content": CONTENT}),
            ("DELETE", each, {}),
            ("GET", uploads, {}),
            ("POST", uploads, {"json": NEW | {"role": "auxiliary"}}),
            ("POST", f"/product/{internal}/uploads/{upload}/discard", {}),
        )
    }
    _check(answers, upload)
    assert ana.ask("GET", path).json()["received"] == _arrived(site) == ARRIVED
    assert ana.ask("PATCH", f"{path}?offset={ARRIVED}", content=CONTENT[ARRIVED:]).json()["file"]
    assert ana.ask("GET", f"/api/products/{number}/files/notes.bin").content == CONTENT


@pytest.mark.parametrize("name", [None, "bob", "root"])
def test_uploads_to_a_home_are_closed_to_all_others(site: Application, ana: Person, name: str | None) -> None:
    new = NEW | {"name": f"for {name}.bin"}
    state = ana.ask("POST", "/file-uploads", json=new).json()
    assert ana.ask("PATCH", f"{state['address']}&offset=0", content=CONTENT[:ARRIVED]).json()["received"] == ARRIVED
    stranger, upload = Person(site, name), {"X-Put-Txn-Id": state["id"]}
    file, page = quote(f"for {name}.bin"), f"/discard-upload/{quote(f'for {name}.bin')}"
    answers = {}
    for owner in {"ana", name or "ana"}:
        node = f"/vospace/files/home/{owner}/{file}"
        for method, headers, content in (
            ("HEAD", {}, b""),
            ("GET", {}, b""),
            ("PUT", {}, CONTENT[ARRIVED:]),
            ("POST", {"X-Put-Txn-Op": "revert"}, b""),
            ("POST", {"X-Put-Txn-Op": "abort"}, b""),
            ("PUT", {"X-Put-Txn-Op": "commit"}, b""),
        ):
            asked = f"{method} {node} {headers}"
            answers[asked] = stranger.ask(method, node, headers=headers | upload, content=content)
    answers["PATCH of the page"] = stranger.ask(
        "PATCH", f"{state['address']}&offset={ARRIVED}", content=CONTENT[ARRIVED:]
    )
    answers["DELETE of the page"] = stranger.ask("DELETE", state["address"])
    answers["discard"] = stranger.ask("POST", page, data={"upload": state["id"]})
    _check(answers)
    own = stranger.ask("POST", "/file-uploads", json=new)  # the same file of somebody else
    assert (own.status_code, own.json().get("received", 0)) == ((200, 0) if name else (401, 0))
    assert own.json().get("id") != state["id"]
    listed = stranger.ask("GET", "/files")
    assert state["id"] not in listed.text
    assert _arrived(site) == ARRIVED
    again = ana.ask("POST", "/file-uploads", json=new).json()
    assert again["received"] == ARRIVED
    done = ana.ask("PATCH", f"{again['address']}&offset={ARRIVED}", content=CONTENT[ARRIVED:]).json()
    assert done["file"] == f"for {name}.bin"
    content = ana.ask("GET", f"/vospace/files/home/ana/{file}").content
    assert hashlib.sha256(content).digest() == hashlib.sha256(CONTENT).digest()
