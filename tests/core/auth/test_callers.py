"""Keys of callers: a user, or an address."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from core.auth.callers import caller_of, forwarded_address
from core.auth.models import Identity


def request(host: str | None) -> Request:
    return Request({"type": "http", "headers": [], "client": host and (host, 1234)})


def test_a_user_is_the_same_from_everywhere():
    identity = Identity(user_id=7, name="somebody")
    assert caller_of(request("192.0.2.1"), identity) == caller_of(request("192.0.2.2"), identity)
    assert caller_of(request("192.0.2.1"), identity) != caller_of(request("192.0.2.1"), Identity(user_id=8))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("socket", "socket", True),
        (None, None, True),
        (None, "192.0.2.1", False),
    ],
)
def test_callers_without_a_name_are_told_apart_by_address(one, other, same):
    keys = {caller_of(request(host), Identity()) for host in (one, other)}
    assert (len(keys) == 1) is same


PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.1/32")))


@pytest.mark.parametrize(
    ("values", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),  # the client may have sent the first one
        (["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        (["198.51.100.1", "203.0.113.9, 192.0.2.1"], "203.0.113.9"),
        (["2001:db8::7, 10.0.0.1"], "2001:db8::7"),
        (["10.0.0.1"], None),
        ([], None),
        (["203.0.113.9, nonsense"], None),
    ],
)
def test_the_address_that_proxies_forward_is_the_last_one_that_is_no_proxy(values: list[str], address: str | None):
    assert forwarded_address(values, PROXIES) == address
