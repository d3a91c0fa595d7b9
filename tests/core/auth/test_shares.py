"""The requests of a caller in a minute, with the headers that say what is left."""

import re
from typing import Any

import pytest

from core.auth.shares import RequestShares
from core.errors import TooManyRequestsError


def headers_of(scope: dict[str, Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in scope["state"]["headers"]}


def test_a_caller_has_a_share_that_comes_back_with_time_and_another_has_one_too():
    now = [0.0]
    shares, scope = RequestShares(60, clock=lambda: now[0]), {}
    for number in range(60):
        shares.take("user 1", scope)
        assert headers_of(scope) == {
            "ratelimit-policy": '"requests";q=60;w=60',
            "ratelimit": f'"requests";r={59 - number};t={int(number == 59)}',
        }
    with pytest.raises(TooManyRequestsError, match="More than 60 of these requests") as refused:
        shares.take("user 1", scope)
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    shares.take("address 192.0.2.1", scope)
    now[0] = 10.0
    for _ in range(10):
        shares.take("user 1", scope)
    with pytest.raises(TooManyRequestsError):
        shares.take("user 1", scope)
    assert re.search(r"r=0;t=1$", headers_of(scope)["ratelimit"])


def test_no_limit_counts_nothing():
    scope: dict[str, Any] = {}
    RequestShares(0).take("user 1", scope)
    assert scope == {}
