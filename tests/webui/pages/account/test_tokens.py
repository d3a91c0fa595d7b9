import re

import httpx2
import pytest

from tests.webui.pages.conftest import SignIn


def test_a_token_is_shown_once_and_works(alice: httpx2.Client, visitor: httpx2.Client):
    made = alice.post("/tokens", data={"name": "laptop", "scope": "read", "days": "30"})
    secret = re.search(r"pz-[\w-]{40,}", made.text)
    assert secret is not None
    assert made.headers["cache-control"] == "no-store"
    listed = alice.get("/tokens").text
    assert "laptop" in listed
    assert secret.group() not in listed
    who = visitor.post("/api/logged_user", headers={"Authorization": f"Bearer {secret.group()}"})
    assert who.json()["username"] == "alice"
    number = re.search(r"/tokens/(\d+)/revoke", listed)
    assert number is not None
    assert alice.post(number.group()).status_code == 303
    assert visitor.post("/api/logged_user", headers={"Authorization": f"Bearer {secret.group()}"}).status_code == 401


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " ", "scope": "read"}, "A token needs a name"),
        ({"name": "a", "scope": "root"}, "is not a scope"),
        ({"name": "a", "scope": "read", "days": "soon"}, "is not a number of days"),
        ({"name": "a", "scope": "read", "days": "99999"}, "1 to 3650 days"),
        ({"name": "a", "scope": "admin"}, "Only administrators"),
    ],
)
def test_what_is_wrong_is_said(alice: httpx2.Client, fields: dict[str, str], sentence: str):
    answer = alice.post("/tokens", data=fields)
    assert answer.status_code in {400, 403}
    assert sentence in answer.text
    assert "You have no tokens yet" in answer.text


def test_nobody_revokes_another_ones_token(alice: httpx2.Client, sign_in: SignIn):
    alice.post("/tokens", data={"name": "laptop", "scope": "read"})
    assert sign_in("bob").post("/tokens/1/revoke").status_code == 404
    assert "laptop" in alice.get("/tokens").text
