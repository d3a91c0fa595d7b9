from urllib.parse import urlencode

import httpx2
import pytest

from core.auth.dependencies import SESSION_COOKIE
from tests.webui.pages.conftest import PASSWORD, Publish


def test_a_sign_in_leads_back_to_the_page_that_asked_for_it(visitor: httpx2.Client):
    asked = visitor.get("/tokens?x=1")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/login?next=%2Ftokens%3Fx%3D1"
    form = visitor.get(asked.headers["location"])
    assert 'value="/tokens?x=1"' in form.text
    answer = visitor.post("/login", data={"name": "alice", "password": PASSWORD, "next": "/tokens?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tokens?x=1")
    assert visitor.get("/tokens").status_code == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(visitor: httpx2.Client):
    cookie = visitor.post("/login", data={"name": "alice", "password": PASSWORD}).headers["set-cookie"]
    words = {word.strip().lower() for word in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={72 * 3600}"} <= words


def test_a_wrong_password_says_so_and_keeps_the_name(visitor: httpx2.Client):
    answer = visitor.post("/login", data={"name": "<alice>", "password": "wrong"})
    assert answer.status_code == 403
    assert "Unable to sign in with this name and password." in answer.text
    assert 'value="&lt;alice&gt;"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_a_sign_in_does_not_lead_away(visitor: httpx2.Client, target: str):
    assert "evil" not in visitor.get("/login", params={"next": target}).text
    answer = visitor.post("/login", data={"name": "alice", "password": PASSWORD, "next": target})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
def test_other_sites_cannot_sign_a_visitor_in(visitor: httpx2.Client, headers: dict[str, str]):
    answer = visitor.post("/login", data={"name": "alice", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_sign_out_ends_the_session_on_the_server(alice: httpx2.Client):
    secret = alice.cookies[SESSION_COOKIE]
    assert alice.post("/logout").headers["location"] == "/"
    alice.cookies.set(SESSION_COOKIE, secret)
    assert alice.get("/tokens").status_code == 303


def test_a_new_sign_in_ends_the_session_before_it(alice: httpx2.Client):
    first = alice.cookies[SESSION_COOKIE]
    answer = alice.post("/login", data={"name": "alice", "password": PASSWORD})
    assert first not in answer.headers["set-cookie"]
    alice.cookies.clear()
    alice.cookies.set(SESSION_COOKIE, first)
    assert alice.get("/tokens").status_code == 303


@pytest.mark.parametrize("path", ["/logout", "/tokens", "/product/new", "/tokens/1/revoke"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_forms_of_other_sites_are_refused(alice: httpx2.Client, path: str, site: str):
    answer = alice.post(path, data={"name": "x", "scope": "read"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert alice.get("/tokens").status_code == 200


def test_forms_of_a_lost_session_lead_to_the_sign_in(visitor: httpx2.Client):
    answer = visitor.post("/tokens", data={"name": "x"}, headers={"Referer": "http://testserver/tokens"})
    assert answer.headers["location"] == "/login?next=%2Ftokens"
    elsewhere = visitor.post("/tokens", data={"name": "x"}, headers={"Referer": "http://evil.example/tokens"})
    assert elsewhere.headers["location"] == "/login?next=%2F"


def test_what_is_closed_and_what_is_not_there_lead_to_the_same_sign_in(
    visitor: httpx2.Client, alice: httpx2.Client, publish: Publish
):
    product = publish("Closed survey")
    alice.post("/groups", data={"name": "team"})
    paths = ("", "/edit", "/share", "/address", "/densities", "/files", "/columns")
    pairs = [(f"/product/{product.internal_name}{path}", f"/product/9_none{path}") for path in paths]
    pairs += [
        (f"/product/{product.id}", "/product/99"),
        ("/groups/1", "/groups/99"),
        ("/files/a", "/files/b"),
        ("/runs/1", "/runs/99"),
        ("/shared/never", "/shared/made"),
        ("/challenges/draft", "/challenges/none"),
        ("/deleted", "/deleted"),
        ("/admin", "/admin/users/nobody"),
    ]
    for pair in pairs:
        seen = set()
        for path in pair:
            asked = visitor.get(f"{path}?a=1")
            assert asked.headers["location"] == f"/login?{urlencode({'next': f'{path}?a=1'})}"
            form = visitor.get(asked.headers["location"])
            seen.add((asked.status_code, asked.content, form.status_code, form.text.replace(path, "@")))
        assert len(seen) == 1, pair
    answer = visitor.post("/login", data={"name": "alice", "password": PASSWORD, "next": pairs[0][0]})
    assert "Closed survey" in visitor.get(answer.headers["location"]).text


def test_programs_are_told_that_a_link_leads_nowhere(visitor: httpx2.Client):
    for path in ("/shared/never", "/shared/never/zip", "/product/9_none"):
        assert visitor.get(path, headers={"Accept": "*/*"}).status_code == 404, path


@pytest.mark.parametrize(
    ("referrer", "target"),
    [
        ("http://testserver/products?q=a", "/products?q=a"),
        ("http://evil.example/products", "/"),
        ("http://testserver//evil.example", "/"),
        ("http://testserver/login?next=/x", "/"),
        ("nonsense", "/"),
    ],
)
def test_the_link_to_the_sign_in_leads_back_to_its_page(visitor: httpx2.Client, referrer: str, target: str):
    form = visitor.get("/login", headers={"Referer": referrer}).text
    assert f'name="next" value="{target}"' in form
