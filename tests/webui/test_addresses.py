from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.addresses import product_address, product_key, safe_next

_PIECES = st.sampled_from(
    ["/", "\\", "\t", "\n", ":", "@", "?", "#", "%2f", ".", "evil.example", "https", "javascript", "a"]
)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        None,
    ],
)
def test_a_sign_in_never_leads_to_another_server(target: str | None):
    assert safe_next(target) == "/"


@pytest.mark.parametrize("target", ["/", "/tokens", "/product/1_a?x=1#files", "/%2f%2fevil.example", "/product/1_é"])
def test_a_sign_in_leads_back_to_a_page(target: str):
    assert safe_next(target) == target


@given(st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=30))
def test_no_text_leads_a_browser_away(target: str):
    base = "http://photoz.example/login"
    # What browsers do before they read an address (WHATWG URL): tabs and line ends go, backslashes become slashes.
    read = safe_next(target).translate({9: None, 10: None, 13: None, ord("\\"): "/"}).strip()
    assert urlsplit(urljoin(base, read)).netloc == "photoz.example"


def test_a_product_is_named_by_its_number_or_its_name():
    assert product_key("12") == 12
    assert product_key("12_vvds") == "12_vvds"
    assert product_key("9" * 40) == "9" * 40
    assert product_address("1_é", "files") == "/product/1_%C3%A9/files"
