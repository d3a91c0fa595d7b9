from dataclasses import replace

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.auth.models import Identity
from server.services import Services
from webui.pages.errors import error_handlers
from webui.pages.rendering.templates import PAGE_HEADERS


@pytest.mark.parametrize("path", ["/", "/products", "/login", "/about", "/nowhere"])
def test_every_page_keeps_browsers_careful(visitor: httpx2.Client, path: str):
    answer = visitor.get(path)
    for name, value in PAGE_HEADERS.items():
        assert answer.headers[name] == value, name


@pytest.mark.parametrize(
    "path", ["/nowhere", "/product/1_none", "/product/99", "/product/1_none/nowhere", "/runs/abc", "/groups/abc"]
)
def test_what_is_not_there_is_a_page_with_404(alice: httpx2.Client, path: str):
    answer = alice.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


def test_programs_get_no_page(visitor: httpx2.Client):
    answer = visitor.get("/nowhere", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found", "code": "NotFound"})


def test_a_nul_is_refused_before_any_database_sees_it(alice: httpx2.Client):
    assert alice.get("/product/1_%00").status_code == 404
    answer = alice.post("/product/new", data={"display_name": "a\0b", "product_type": "1", "visibility": "public"})
    assert answer.status_code == 400
    assert alice.post("/login", data={"name": "a\0", "password": "\0"}).status_code == 400


def test_forms_that_are_none_are_refused(alice: httpx2.Client):
    for content in (b"\xff\xfe", b"&".join(b"a%d=1" % number for number in range(300)), b"x" * 2_100_000):
        assert alice.post("/tokens", content=content).status_code in {400, 413}


def test_addresses_in_error_pages_are_escaped(visitor: httpx2.Client):
    assert "<script>" not in visitor.get("/%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>" not in visitor.get("/product/%3Cscript%3E").text


def test_wrong_tokens_are_not_led_to_the_sign_in(visitor: httpx2.Client):
    answer = visitor.get("/tokens", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert "Invalid token." in answer.text


@pytest.mark.parametrize("path", ["/static/site.css", "/static/site.js", "/static/icon.svg"])
def test_the_look_comes_from_this_server(visitor: httpx2.Client, path: str):
    assert visitor.get(path).status_code == 200


@pytest.mark.parametrize(
    "error",
    [OperationalError("SELECT 1", {}, ConnectionError("no route")), PoolTimeoutError("no route")],
    ids=["unreachable", "busy"],
)
def test_an_unreachable_or_busy_database_is_a_page_for_whoever_is_signed_in(
    services: Services, portal: BlockingPortal, error: Exception
):
    def unreachable(request: Request) -> Identity:
        raise error

    web = replace(services.web, authenticate=unreachable)  # type: ignore[arg-type]  # as it is without a database
    handler = error_handlers(web)[type(error)]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/tap/x",
        "headers": [(b"accept", b"text/html")],
        "query_string": b"",
    }
    answer = portal.call(handler, Request(scope), error)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert b"<h1>Busy</h1>" in answer.body
    assert b"no route" not in answer.body


def test_pages_name_no_other_server(visitor: httpx2.Client):
    for path in ("/", "/products", "/login", "/about", "/static/site.css", "/static/site.js"):
        text = visitor.get(path).text.replace("http://testserver", "")
        assert "http://" not in text.replace("http://www.w3.org", ""), path
        assert "https://" not in text, path
