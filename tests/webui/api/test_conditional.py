"""Entity tags of small and of large responses."""

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import Request, Response

from webui.api.conditional import completed


def _request(*headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/api/products", "query_string": b"", "headers": headers})


@pytest.mark.parametrize("size", [0, 100, 2_000_000])
def test_a_body_of_any_size_has_a_tag_that_saves_sending_it_again(portal: BlockingPortal, size: int):
    first, again, other = (
        portal.call(completed, _request(), Response(letter * size + b"]")) for letter in (b"a", b"a", b"b")
    )
    assert first.body == b"a" * size + b"]"
    assert first.headers["etag"] == again.headers["etag"]
    assert (first.headers["etag"] == other.headers["etag"]) is (size == 0)
    known = _request((b"if-none-match", f'"x", {first.headers["etag"]}'.encode()))
    unchanged = portal.call(completed, known, Response(b"a" * size + b"]"))
    assert (unchanged.status_code, unchanged.body) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    changed = portal.call(completed, known, Response(b"c" * size + b"}"))
    assert changed.status_code == 200
