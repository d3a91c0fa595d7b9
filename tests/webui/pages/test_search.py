"""The list of products, narrowed by facets and by position; and the same through REST."""

import re

import httpx2

from core.auth.models import Scope
from products.models import Visibility
from server.services import Services
from tests.webui.pages.conftest import Publish

FAR = b"objid,RAJ2000,DEJ2000,zspec\n1,200.5,35.25,0.31\n2,200.6,35.5,0.42\n3,200.7,35.75,0.1\n"


def _listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', page)


def test_each_facet_leads_to_the_products_that_it_counts(visitor: httpx2.Client, publish: Publish):
    publish("Near", visibility=Visibility.PUBLIC)
    publish("Far", table=FAR, visibility=Visibility.PUBLIC)
    publish("A file", kind=7, visibility=Visibility.PUBLIC)
    publish("Private", visibility=Visibility.PRIVATE)
    page = visitor.get("/products").text
    facets = re.findall(r'<li><a href="(/products\?[^"]*)">([^<]*)</a> <span class="num">(\d+)</span>', page)
    assert ("Reference Redshift Catalog", "2") in {(label, count) for _, label, count in facets}
    assert len({address.partition("=")[0] for address, _, _ in facets}) == 6
    for address, label, count in facets:
        narrowed = visitor.get(address.replace("&amp;", "&")).text
        assert len(_listed(narrowed)) == int(count), label
        assert "Private" not in narrowed.partition("</header>")[2]


def test_what_was_chosen_can_be_taken_back(visitor: httpx2.Client, publish: Publish):
    publish("Near", visibility=Visibility.PUBLIC)
    page = visitor.get("/products?q=near&rows=1e3&redshifts=yes&owner=alice&page=1").text
    assert _listed(page) == ["Near"]
    chosen = re.search(r'<ul class="chosen".*?</ul>', page, re.DOTALL)
    assert chosen is not None
    assert re.findall(r'aria-label="Remove: ([^"]*)"', chosen[0]) == [
        "alice", "with spectroscopic redshifts", "under 1 000 rows"
    ]  # fmt: skip
    assert 'href="/products?q=near&amp;redshifts=yes&amp;rows=1e3"' in chosen[0]
    assert re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page) == [
        ("owner", "alice"), ("redshifts", "yes"), ("rows", "1e3")
    ]  # fmt: skip


def test_products_that_cover_a_position_are_found(visitor: httpx2.Client, publish: Publish):
    publish("Near", visibility=Visibility.PUBLIC)
    publish("Far", table=FAR, visibility=Visibility.PUBLIC)
    assert _listed(visitor.get("/products", params={"position": "10.6 -5.5"}).text) == ["Near"]
    assert _listed(visitor.get("/products", params={"position": "200.6, 35.5, 0.1"}).text) == ["Far"]
    assert _listed(visitor.get("/products", params={"position": "13:22:24 +35:30:00"}).text) == ["Far"]  # 200.6, 35.5
    nothing = visitor.get("/products", params={"position": "100 0"}).text
    assert "No matches" in nothing
    wrong = visitor.get("/products", params={"position": "<b>"})
    assert wrong.status_code == 200
    assert "is no position" in wrong.text
    assert "<b>&#39;" not in wrong.text
    assert 'aria-invalid="true"' in wrong.text


def test_values_that_cannot_be_understood_leave_nothing_out(visitor: httpx2.Client, publish: Publish):
    publish("Near", visibility=Visibility.PUBLIC)
    page = visitor.get("/products?rows=x&area=1e9&redshifts=maybe&type=x&sort=x&page=x&release=%00").text
    assert _listed(page) == ["Near"]
    sentences = (
        "&#39;x&#39; is no range of rows",
        "&#39;1e9&#39; is no range of sky area",
        "is no choice of redshifts",
    )
    for sentence in (*sentences, "is no product type", "is no column to sort by"):
        assert sentence in page
    assert _listed(visitor.get("/products?owner=nobody").text) == []


def test_columns_are_searched_and_rest_finds_the_same(visitor: httpx2.Client, publish: Publish, services: Services):
    publish("Near", visibility=Visibility.PUBLIC)
    publish("Far", table=FAR.replace(b"objid", b"LSST_id"), visibility=Visibility.PUBLIC)
    assert _listed(visitor.get("/products?q=lsst_ID").text) == ["Far"]
    alice = services.accounts.service.identity_of_user("alice")
    token = services.accounts.service.issue_token(alice, "t", Scope.READ).secret

    def names(**query: str) -> list[str]:
        answer = visitor.get("/api/products", params=query, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return sorted(item["display_name"] for item in answer.json()["results"])

    assert names(search="lsst_id") == ["Far"]
    assert names(covers="10.6,-5.5") == ["Near"]
    assert names(overlaps="0/0-11", rows__gte="3", has_redshift="true") == ["Far", "Near"]
    assert names(rows__lt="3") == []
    headers = {"Authorization": f"Bearer {token}"}
    facets = visitor.get("/api/products/facets?covers=10.6,-5.5", headers=headers).json()
    assert facets["type"] == [{"value": "redshift_catalog", "label": "Reference Redshift Catalog", "count": 1}]
    for query in ({"covers": "x"}, {"overlaps": "x"}, {"rows__gte": "x"}, {"area__lt": "nan"}, {"has_redshift": "x"}):
        assert visitor.get("/api/products", params=query, headers=headers).status_code == 400, query
    assert visitor.get("/api/products/facets").status_code == 401
