import re

import httpx2

from products.models import Visibility
from products.service import NewProduct
from server.services import Services
from tests.webui.pages.conftest import TABLE, Publish, SignIn


def test_visitors_see_what_is_public_and_are_asked_to_sign_in(visitor: httpx2.Client, publish: Publish):
    publish("Open survey", visibility=Visibility.PUBLIC)
    publish("Closed survey")
    page = visitor.get("/")
    assert page.status_code == 200
    assert "Open survey" in page.text
    assert "Closed survey" not in page.text
    assert "Sign in" in page.text


def test_an_empty_list_says_what_to_do(visitor: httpx2.Client, alice: httpx2.Client):
    assert "No public products yet" in visitor.get("/").text
    assert "upload a redshift catalogue" in alice.get("/").text
    assert "No matches" in alice.get("/?q=vvds").text


def test_rows_size_status_and_visibility_are_told(alice: httpx2.Client, publish: Publish):
    publish()
    text = re.sub(r"<[^>]+>|\s+", " ", alice.get("/").text)
    for word in (
        "VVDS sample",
        "Reference Redshift Catalog",
        " 3 ",
        f" {len(TABLE)} B ",
        "Published",
        "Registered users",
    ):
        assert word in text, word


def test_the_list_is_searched_filtered_and_sorted(alice: httpx2.Client, publish: Publish):
    publish("Beta survey")
    publish("Alpha survey")
    publish("Gamma models", kind=7)
    names = ["Alpha survey", "Beta survey", "Gamma models"]

    def listed(query: str) -> list[str]:
        text = alice.get(f"/?{query}").text
        return sorted((name for name in names if f">{name}</a>" in text), key=text.index)

    assert listed("") == ["Gamma models", "Alpha survey", "Beta survey"]
    assert listed("sort=display_name") == names
    assert listed("sort=-display_name") == names[::-1]
    assert listed("q=survey&sort=display_name") == ["Alpha survey", "Beta survey"]
    assert listed("type=other") == ["Gamma models"]
    assert listed("official=1") == []
    assert listed("mine=1&sort=display_name") == names
    assert listed("release=none&sort=display_name") == names


def test_what_cannot_be_understood_is_not_asked_for(alice: httpx2.Client, publish: Publish):
    publish()
    for query in ("page=x", "page=-1", "sort=password_hash", "type=nonsense", "release=99", "page=%00", "q=%00"):
        answer = alice.get(f"/?{query}")
        assert (answer.status_code, "VVDS sample" in answer.text) == (200, True), query


def test_other_peoples_products_are_not_mine(sign_in: SignIn, publish: Publish):
    publish()
    bob = sign_in("bob")
    assert "VVDS sample" in bob.get("/").text
    assert "VVDS sample" not in bob.get("/?mine=1").text


def test_a_page_holds_25_products(alice: httpx2.Client, services: Services):
    identity = services.accounts.service.identity_of_user("alice")
    for number in range(26):
        services.products.service.create(identity, NewProduct(f"Survey {number:02}", 1))
    first, second = alice.get("/?q=survey"), alice.get("/?q=survey&page=2")
    assert len(re.findall(r">Survey \d\d</a>", first.text)) == 25
    assert re.findall(r">Survey \d\d</a>", second.text) == [">Survey 00</a>"]
    assert 'href="/?q=survey&amp;page=2"' in first.text
    assert "26 products" in first.text
