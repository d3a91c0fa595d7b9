"""Names with blanks and ``%``: what clients send that do not encode them, and what cannot be told apart.

CADC's client puts names into URLs as they are, and its HTTP library (requests) encodes what is no valid URL.
"""

from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.vospace.client import VOSpaceClient, node_xml

pytestmark = pytest.mark.either_database


@pytest.fixture
def owner(space) -> VOSpaceClient:
    return VOSpaceClient(space.client, space.tokens["owner"])


def sent(name: str) -> str:
    """Give the path below ``/vospace`` that requests sends for a name that is put into a URL as it is."""
    url = requests.Request("GET", f"http://testserver/vospace/files/home/owner/{name}").prepare().url
    return url.partition("/vospace/")[2]


@pytest.mark.parametrize("name", ["with space.txt", "100%.txt", "50% of é.txt", "a%zz <b> 'c'.txt"])
def test_the_name_and_its_form_in_uris_reach_the_same_node(owner: VOSpaceClient, name: str):
    assert owner.put(f"/home/owner/{name}", b"abc").status_code == 201
    (shown,) = owner.names("/home/owner")
    assert shown != name
    for form in (name, shown):
        assert owner.ask("GET", sent(form)).content == b"abc", form
        assert owner.ask("PUT", sent(form), content=b"abc").status_code == 200
        path = sent(form).replace("files/", "nodes/")
        document = node_xml(f"/home/owner/{form}", "DataNode", title=form)
        assert owner.ask("POST", path, content=document).status_code == 200, form
    assert owner.names("/home/owner") == [shown]


def test_a_name_that_is_an_escape_cannot_be_told_from_the_name_that_it_encodes(owner: VOSpaceClient):
    """The requests are the same, so that no server can take both forms: the standard's reading holds (RFC 3986)."""
    assert sent("%41.txt") == sent("A.txt") == "files/home/owner/A.txt"
    assert sent("with%20space.txt") == sent("with space.txt")
    owner.put("/home/owner/A.txt", b"A")
    assert owner.ask("GET", sent("%41.txt")).content == b"A"
    owner.put("/home/owner/%41.txt", b"41")  # encoded, the name itself
    assert sorted(owner.names("/home/owner")) == ["%2541.txt", "A.txt"]
    assert owner.ask("GET", sent("%2541.txt")).content == b"41"
    for name in ("a#b.txt", "a?b.txt"):
        owner.put(f"/home/owner/{name}", b"abc")
        assert urlsplit(sent(name)).path == "files/home/owner/a"  # what follows is no part of the path
        assert owner.ask("GET", sent(quote(name, safe=""))).content == b"abc"
