"""Group Membership Service 1.0: the groups of the user who asks."""

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from lxml import etree

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.settings import Settings
from registry.groups import group_routes


class _MemberOfTwo(Authenticator):
    def __init__(self) -> None:
        """Authenticate everybody as a member of two groups."""

    def __call__(self, request: Request) -> Identity:
        return Identity(user_id=7, name="maria", groups=frozenset({"photo-z.club", "été & co"}))


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.include_router(
        group_routes(Settings(authority="example.org", base_url="https://pz.example.org"), _MemberOfTwo())
    )
    return TestClient(app)


def test_a_search_returns_the_groups_one_a_line(client: TestClient):
    answer = client.get("/gms/search")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.content.decode() == "photo-z.club\r\nregistered\r\nété & co\r\n"
    assert "expires" in answer.headers


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("?group=photo-z.club&group=other", "photo-z.club\r\n"),
        ("?group=other", ""),
        ("?group=ivo://example.org/gms%3Fphoto-z.club", "photo-z.club\r\n"),
        ("/photo-z.club", "photo-z.club\r\n"),
        ("/other", ""),
    ],
)
def test_a_search_is_restricted_to_groups_by_name_or_identifier(client: TestClient, path: str, expected: str):
    answer = client.get(f"/gms/search{path}")
    assert (answer.status_code, answer.text) == (200, expected)


def test_groups_of_other_services_are_refused_with_a_sentence(client: TestClient):
    answer = client.get("/gms/search", params={"group": "ivo://other.org/gms?photo-z.club"})
    assert answer.status_code == 400
    assert "is a group of another service" in answer.text


def test_capabilities_have_the_standard_identifier(client: TestClient):
    root = etree.fromstring(client.get("/gms/capabilities").content)
    (url,) = root.xpath("capability[@standardID='ivo://ivoa.net/std/gms#search-1.0']/interface[@role='std']/accessURL")
    assert url.text == "https://pz.example.org/gms/search"
