import re

import httpx2

from products.models import Visibility
from products.service import NewProduct, ProductChanges
from server.services import Services
from tests.webui.pages.conftest import TABLE, Publish, SignIn
from webui.pages.rendering.breaks import breakable_text


def test_visitors_see_what_is_public_and_are_asked_to_sign_in(visitor: httpx2.Client, publish: Publish):
    publish("Open survey", visibility=Visibility.PUBLIC)
    publish("Closed survey")
    page = visitor.get("/products")
    assert page.status_code == 200
    assert "Open survey" in page.text
    assert "Closed survey" not in page.text
    assert "Sign in" in page.text


def test_an_empty_list_says_what_to_do(visitor: httpx2.Client, alice: httpx2.Client):
    assert "No public products yet" in visitor.get("/products").text
    assert "upload a redshift catalogue" in alice.get("/products").text
    assert "No matches" in alice.get("/products?q=vvds").text


def test_rows_size_status_and_visibility_are_told(alice: httpx2.Client, publish: Publish):
    publish()
    text = re.sub(r"<[^>]+>|\s+", " ", alice.get("/products").text)
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
        text = alice.get(f"/products?{query}").text
        return sorted((name for name in names if f">{name}</a>" in text), key=text.index)

    assert listed("") == ["Gamma models", "Alpha survey", "Beta survey"]
    assert listed("sort=display_name") == names
    assert listed("sort=-display_name") == names[::-1]
    assert listed("q=survey&sort=display_name") == ["Alpha survey", "Beta survey"]
    assert listed("type=other") == ["Gamma models"]
    assert listed("mine=1&sort=display_name") == names
    assert listed("release=none&sort=display_name") == names


def test_what_cannot_be_understood_is_not_asked_for(alice: httpx2.Client, publish: Publish):
    publish()
    for query in ("page=x", "page=-1", "sort=password_hash", "type=nonsense", "release=99", "page=%00", "q=%00"):
        answer = alice.get(f"/products?{query}")
        assert (answer.status_code, "VVDS sample" in answer.text) == (200, True), query
        told = query.startswith(("sort", "type"))
        assert ("it was ignored. Use one of:" in answer.text) == told, query


def test_other_peoples_products_are_not_mine(sign_in: SignIn, publish: Publish):
    publish()
    bob = sign_in("bob")
    assert "VVDS sample" in bob.get("/products").text
    assert "VVDS sample" not in bob.get("/products?mine=1").text


def test_a_page_holds_25_products(alice: httpx2.Client, services: Services):
    identity = services.accounts.service.identity_of_user("alice")
    for number in range(26):
        services.products.service.create(identity, NewProduct(f"Survey {number:02}", 1))
    first, second = alice.get("/products?q=survey"), alice.get("/products?q=survey&page=2")
    assert len(re.findall(r">Survey \d\d</a>", first.text)) == 25
    assert re.findall(r">Survey \d\d</a>", second.text) == [">Survey 00</a>"]
    assert 'href="/products?q=survey&amp;page=2"' in first.text
    assert "26 products" in first.text
    files = [alice.get(path).content for path in re.findall(r'(?:href|src)="(/static/[^"]*)"', first.text)]
    assert len(files) == 3
    assert sum(map(len, files)) + len(first.content) < 150_000  # before they are compressed


def test_official_products_and_those_of_users_are_two_lists(alice: httpx2.Client, publish: Publish, services: Services):
    official, other = publish("Official survey"), publish("Own survey")
    root = services.accounts.service.identity_of_user("root")
    services.products.service.change(root, official.id, ProductChanges(official=True))

    def listed(address: str) -> list[str]:
        return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', alice.get(address).text)

    assert listed("/products/official") == [official.display_name]
    assert listed("/products/user") == [other.display_name]
    assert sorted(listed("/products")) == sorted([official.display_name, other.display_name])
    for path, there in (("/products/user", True), ("/products/official", False)):
        heading = alice.get(path).text.partition("<h1>")[2].partition("</div>")[0]
        assert ('href="/product/new">NEW PRODUCT' in heading) == there
    assert alice.get("/products?official=1&q=survey").headers["location"] == "/products/official?q=survey"


def test_each_column_sorts_both_ways(alice: httpx2.Client, publish: Publish):
    publish("Beta", table=TABLE + b"4,10.8,-6,0.5,B\n")
    publish("Alpha")
    publish("Gamma", kind=7, table=b"no table", file_name="a.txt")

    def listed(order: str) -> list[str]:
        return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', alice.get(f"/products?sort={order}").text)

    for column in ("display_name", "product_type", "release", "owner", "rows", "created_at"):
        assert listed(column) == listed(f"-{column}")[::-1], column
    assert listed("rows") == ["Gamma", "Alpha", "Beta"]


def test_each_row_has_its_zip_and_its_addresses(alice: httpx2.Client, visitor: httpx2.Client, publish: Publish):
    product = publish("Open survey", visibility=Visibility.PUBLIC)
    page = visitor.get("/products/user").text
    zipped = re.search(r'<a class="icon-button" href="([^"]*)" download', page)
    assert zipped is not None
    assert visitor.get(zipped[1]).content[:2] == b"PK"
    shared = re.search(r'<a class="icon-button" href="([^"]*)" data-share="([^"]*)" data-share-url="([^"]*)"', page)
    assert shared is not None
    assert shared.groups() == (
        f"/product/{product.internal_name}/address",
        product.internal_name,
        f"http://testserver/product/{product.internal_name}",
    )
    text = visitor.get(shared[1]).text
    assert f"<code>{product.internal_name}</code>" in text
    assert f"<code>http://testserver/product/{product.internal_name}</code>" in text
    assert f"/product/{product.internal_name}/share" not in text
    assert f"/product/{product.internal_name}/share" in alice.get(shared[1]).text


def test_rows_have_icons_to_edit_and_delete_for_those_who_may(
    alice: httpx2.Client, sign_in: SignIn, visitor: httpx2.Client, publish: Publish
):
    product = publish("Open survey", visibility=Visibility.PUBLIC)
    icons = rf'class="icon-button" href="/product/{product.internal_name}/(edit|delete)"'
    assert re.findall(icons, alice.get("/products/user").text) == ["edit", "delete"]
    for stranger in (sign_in("bob"), visitor):
        assert not re.findall(icons, stranger.get("/products/user").text)
    form = alice.get(f"/product/{product.internal_name}/delete").text
    assert "Delete this product?" in form
    assert alice.get(f"/product/{product.internal_name}").status_code == 200


def test_the_first_page_has_three_doors_and_recent_products(visitor: httpx2.Client, publish: Publish):
    publish("Open survey", visibility=Visibility.PUBLIC)
    publish("Closed survey")
    page = visitor.get("/").text
    doors = re.findall(r'<h2 id="door-\w+"><a href="([^"]*)">([^<]*)</a></h2>', page)
    assert doors == [
        ("/products/official", "Official data products"),
        ("/products/user", "User-generated data products"),
        ("/pipelines", "Pipelines"),
    ]
    assert "Open survey" in page
    assert "Closed survey" not in page
    assert visitor.get("/?type=other&page=2").headers["location"] == "/products?type=other&page=2"


def test_long_names_break_at_separators_and_no_word_is_cut():
    assert breakable_text("random_sample-of.redshifts") == "random_<wbr>sample-<wbr>of.<wbr>redshifts"
    assert breakable_text("A plain name with a hyphen - and blanks") == "A plain name with a hyphen - and blanks"
    assert breakable_text("MOCK_DP1  spectra__of_one") == "MOCK_DP1  spectra__<wbr>of_<wbr>one"
    assert breakable_text("x" * 70) == "<wbr>".join(["x" * 30, "x" * 30, "x" * 10])
    assert breakable_text("<b>_&") == "&lt;b&gt;_&amp;"
    assert breakable_text("") == ""
