import re

import httpx2
import pytest

from products.models import ProductStatus, Visibility
from server.services import Services
from tests.webui.pages.conftest import TABLE, Publish, SignIn
from webui.pages.rendering.templates import _number_text

pytestmark = pytest.mark.slow


def test_a_product_is_told_with_all_that_was_found(alice: httpx2.Client, publish: Publish):
    product = publish(description="A **deep** survey.")
    page = alice.get(f"/product/{product.internal_name}").text
    for word in (
        "VVDS sample",
        "<strong>deep</strong>",
        "vvds.csv",
        f"/api/products/{product.id}/files/vvds.csv",
        f"/api/products/{product.id}/zip",
        "redshift_catalog.p1_vvds_sample",
        "10.5 to 10.7",
        "pos.eq.ra;meta.main",
        "http://testserver/tap",
        f"http://testserver/product/{product.internal_name}",
        "N(z) of 2 redshifts",
    ):
        assert word in page, word
    assert len(re.findall(r"<svg [^>]*class=\"plot\"", page)) == 2
    assert alice.get(f"/api/products/{product.id}/files/vvds.csv").content == TABLE


def test_each_section_has_an_anchor_that_the_page_links(alice: httpx2.Client, publish: Publish):
    page = alice.get(f"/product/{publish().internal_name}").text
    linked = re.findall(r'<a href="#(\w+)">', page)
    assert linked == ["overview", "figures", "files", "columns", "preview", "query", "cite", "share"]
    for anchor in linked:
        assert page.count(f'id="{anchor}"') == 1, anchor
    heading = page.partition("<h1>")[2].partition('<p class="badges">')[0]
    assert re.search(r'class="button primary" href="/api/products/1/zip"', heading)
    assert 'href="/explore?table=redshift_catalog.p1_vvds_sample"' in heading


def test_numbers_are_copied_as_they_are():
    assert str(_number_text(2_269_105_736)) == (
        '<span class="digits">2<span>269</span><span>105</span><span>736</span></span>'
    )
    assert str(_number_text(999)) == "999"
    for value in (0, -1234, 1234.5, 10**9):
        assert re.sub("<[^>]*>", "", _number_text(value)) == str(value)
    assert _number_text(None) == "\N{EN DASH}"


def test_a_product_is_found_by_its_number_too(alice: httpx2.Client, publish: Publish):
    product = publish()
    assert "VVDS sample" in alice.get(f"/product/{product.id}").text


def test_columns_of_the_example_query_are_delimited_where_adql_asks(
    alice: httpx2.Client, register: Publish, services: Services
):
    product = register(table=b"ra,dec,z,my col\n1,2,0.3,4\n5,6,0.7,8\n")
    identity = services.accounts.service.identity_of_user("alice")
    meanings = {"ra": "ra", "dec": "dec", "z": "z", "my col": "quality"}
    services.products.column_meanings.describe_all(identity, product.id, meanings)
    services.products.uploads.publish(identity, product.id)
    page = alice.get(f"/product/{product.internal_name}").text
    assert "SELECT TOP 10 ra, dec, z, &#34;my col&#34;" in page


@pytest.mark.parametrize("path", ["", "/edit", "/delete", "/files", "/columns", "/review"])
def test_a_private_product_is_not_there_for_others(sign_in: SignIn, publish: Publish, path: str):
    product = publish(visibility=Visibility.PRIVATE)
    answer = sign_in("bob").get(f"/product/{product.internal_name}{path}")
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["edit", "delete", "files", "columns", "publish", "inspect"])
def test_others_change_nothing(sign_in: SignIn, publish: Publish, services: Services, path: str):
    product, bob = publish(), sign_in("bob")
    address = f"/product/{product.internal_name}"
    assert address + "/edit" not in bob.get(address).text
    assert bob.post(f"{address}/{path}", data={"display_name": "stolen", "visibility": "public"}).status_code == 403
    now = services.products.service.get(services.accounts.service.identity_of_user("alice"), product.id)
    assert now == product


@pytest.mark.parametrize("path", ["edit", "delete", "files", "files/1/remove", "columns", "publish", "inspect"])
def test_forms_of_other_sites_change_nothing(alice: httpx2.Client, publish: Publish, services: Services, path: str):
    product = publish()
    answer = alice.post(f"/product/{product.internal_name}/{path}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert services.products.service.get(services.accounts.service.identity_of_user("alice"), product.id) == product


def test_owners_edit_their_product(alice: httpx2.Client, publish: Publish):
    address = f"/product/{publish().internal_name}"
    fields = {"display_name": "VVDS deep", "description": "First.\r\nSecond.", "visibility": "public"}
    assert alice.post(f"{address}/edit", data=fields).headers["location"] == address
    page = alice.get(address).text
    assert "<h1>VVDS deep</h1>" in page
    assert "<p>First.\nSecond.</p>" in page
    assert "Public" in page


def test_what_is_wrong_stands_next_to_its_field_and_nothing_is_lost(alice: httpx2.Client, publish: Publish):
    address = f"/product/{publish().internal_name}/edit"
    fields = {"display_name": " ", "description": "A long <text>", "visibility": "private"}
    answer = alice.post(address, data=fields)
    assert answer.status_code == 400
    assert 'aria-describedby="display_name-error"' in answer.text
    assert "This field may not be blank." in answer.text
    assert "A long &lt;text&gt;" in answer.text
    assert 'value="private" checked' in answer.text


def test_only_administrators_make_a_product_official(alice: httpx2.Client, sign_in: SignIn, publish: Publish):
    address = f"/product/{publish().internal_name}"
    fields = {"display_name": "VVDS", "visibility": "public", "official_product": "1"}
    assert "official_product" not in alice.get(f"{address}/edit").text
    alice.post(f"{address}/edit", data=fields)
    assert "Official product</span>" not in alice.get(address).text
    sign_in("root").post(f"{address}/edit", data=fields)
    assert "Official product</span>" in alice.get(address).text


def test_a_product_is_deleted_after_a_question(alice: httpx2.Client, publish: Publish):
    address = f"/product/{publish().internal_name}"
    assert "Delete this product?" in alice.get(f"{address}/delete").text
    assert alice.get(address).status_code == 200
    assert alice.post(f"{address}/delete").headers["location"] == "/products/user?mine=1"
    assert alice.get(address).status_code == 404


def test_safe_methods_change_nothing(alice: httpx2.Client, publish: Publish, register: Publish, services: Services):
    published, draft = publish(), register("A draft")
    identity = services.accounts.service.identity_of_user("alice")
    before = [services.products.service.details(identity, product.id) for product in (published, draft)]
    for product in (published, draft):
        for path in (
            "",
            "/edit",
            "/delete",
            "/files",
            "/columns",
            "/review",
            "/publish",
            "/inspect",
            "/files/1/remove",
        ):
            alice.get(f"/product/{product.internal_name}{path}")
    alice.get("/logout")
    after = [services.products.service.details(identity, product.id) for product in (published, draft)]
    assert after == before
    assert after[1].product.status is ProductStatus.REGISTERING
    assert alice.get("/tokens").status_code == 200


def test_documentation_is_sent_as_such_and_removed(alice: httpx2.Client, publish: Publish):
    product = publish()
    address = f"/product/{product.internal_name}"
    sent = {"data": {"role": "description"}, "files": {"file": ("report.html", b"<h1>Report</h1>")}}
    assert alice.post(f"{address}/files", **sent).status_code == 303
    page = alice.get(address).text
    assert re.search(r"report\.html</a></th><td>Description</td>", page)
    found = re.search(r"/files/(\d+)/remove", alice.get(f"{address}/edit").text)
    assert found is not None
    assert alice.post(f"{address}{found.group(0)}").status_code == 303
    assert "report.html" not in alice.get(address).text
    wrong = {"data": {"role": "anything"}, "files": {"file": ("x", b"x")}}
    assert alice.post(f"{address}/files", **wrong).status_code == 400
