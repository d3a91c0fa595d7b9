"""The pages of sharing, groups, links and deleted products."""

import re

import httpx2

from products.models import Visibility
from server.services import Services
from tests.webui.pages.conftest import Publish, SignIn


def _link(page: str) -> str:
    found = re.search(r"http://testserver(/shared/[\w-]{40,})", page)
    assert found is not None
    return found.group(1)


def test_a_group_is_made_and_a_product_shared_with_it(sign_in: SignIn, services: Services, publish: Publish):
    product = publish(visibility=Visibility.PRIVATE)
    alice, bob = sign_in("alice"), sign_in("bob")
    address = f"/product/{product.internal_name}"
    assert "Create one" in alice.get(f"{address}/share").text
    made = alice.post("/groups", data={"name": "club", "description": "Us <b>"})
    assert made.status_code == 303
    group = made.headers["location"]
    assert "Us &lt;b&gt;" in alice.get("/groups").text
    assert bob.get(group).status_code == 404
    assert group not in bob.get("/groups").text

    refused = alice.post(f"{address}/share", data={"visibility": "groups"})
    assert refused.status_code == 400
    assert "Choose at least one group" in refused.text
    alice.post(f"{address}/share", data={"visibility": "groups", "group:club": "1"})
    page = alice.get(f"{address}/share").text
    assert re.search(r'value="groups" checked', page)
    assert re.search(r'name="group:club" value="1" checked', page)
    assert bob.get(address).status_code == 404
    assert alice.post(f"{group}/members", data={"user": "bob"}).status_code == 303
    assert bob.get(address).status_code == 200
    assert bob.post(f"{group}/members", data={"user": "root"}).status_code == 403
    assert alice.post(f"{group}/members", data={"user": "who?"}).status_code == 400
    assert bob.post(f"{group}/members/remove", data={"user": "bob"}).headers["location"] == "/groups"
    assert bob.get(address).status_code == 404


def test_a_co_owner_edits_and_does_not_delete(sign_in: SignIn, publish: Publish):
    product = publish(visibility=Visibility.PRIVATE)
    alice, bob, address = sign_in("alice"), sign_in("bob"), f"/product/{product.internal_name}"
    assert "There is no account named" in alice.post(f"{address}/co-owners", data={"user": "nobody?"}).text
    assert alice.post(f"{address}/co-owners", data={"user": "bob"}).status_code == 303
    page = bob.get(address).text
    assert f"{address}/edit" in page
    assert f"{address}/delete" not in page
    assert bob.get(f"{address}/delete").status_code == 403
    shared = bob.get(f"{address}/share").text
    assert ">Leave</button>" in shared
    assert ">Transfer</button>" not in shared
    assert bob.post(f"{address}/co-owners/remove", data={"user": "bob"}).headers["location"] == "/"
    assert bob.get(address).status_code == 404


def test_a_product_is_given_away(sign_in: SignIn, publish: Publish):
    product = publish(visibility=Visibility.PRIVATE)
    alice, bob, address = sign_in("alice"), sign_in("bob"), f"/product/{product.internal_name}"
    assert alice.post(f"{address}/transfer", data={"user": "bob"}).headers["location"] == "/"
    assert alice.get(address).status_code == 404
    assert bob.get(f"{address}/delete").status_code == 200


def test_a_link_shows_the_product_to_people_without_an_account(
    visitor: httpx2.Client, sign_in: SignIn, publish: Publish
):
    product, other = publish("Secret <catalogue>", visibility=Visibility.PRIVATE), publish("Other")
    alice, address = sign_in("alice"), f"/product/{product.internal_name}"
    assert alice.post(f"{address}/links", data={"days": "0"}).status_code == 400
    made = alice.post(f"{address}/links", data={"days": "3", "note": "referee"})
    link = _link(made.text)
    assert made.headers["cache-control"] == "no-store"
    assert link not in alice.get(f"{address}/share").text

    page = visitor.get(link)
    assert page.status_code == 200
    assert "Secret &lt;catalogue&gt;" in page.text
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert "noindex" in page.headers["x-robots-tag"]
    assert visitor.get(f"{link}/files/vvds.csv").content.startswith(b"objid,")
    part = visitor.get(f"{link}/files/vvds.csv", headers={"Range": "bytes=0-4"})
    assert (part.status_code, part.content) == (206, b"objid")
    assert visitor.get(f"{link}/zip").content.startswith(b"PK")
    assert visitor.get(f"{link}/files/none.csv", headers={"Accept": "*/*"}).status_code == 404
    # The link is for its product alone, and for its own addresses.
    assert visitor.get(address).headers["location"].startswith("/login?next=")
    for path in (f"/api/products/{product.id}/zip", f"/api/products/{product.id}/files/vvds.csv"):
        assert visitor.get(path).status_code == 404
    assert other.display_name not in page.text

    number = re.search(r"/links/(\d+)/end", alice.get(f"{address}/share").text)
    assert number is not None
    alice.post(f"{address}/links/{number.group(1)}/end")
    for path in (link, f"{link}/zip", f"{link}/files/vvds.csv", "/shared/x", "/shared/%00"):
        gone = visitor.get(path, headers={"Accept": "*/*"})
        assert (gone.status_code, "leads nowhere" in gone.text) == (404, True), path


def test_a_deleted_product_is_restored(sign_in: SignIn, publish: Publish):
    product = publish()
    alice, bob, address = sign_in("alice"), sign_in("bob"), f"/product/{product.internal_name}"
    assert "within 30 days" in alice.get(f"{address}/delete").text
    alice.post(f"{address}/delete")
    assert alice.get(address).status_code == 404
    assert product.internal_name in alice.get("/deleted").text
    assert product.internal_name not in bob.get("/deleted").text
    assert bob.post(f"/deleted/{product.id}/restore").status_code == 404
    assert alice.post(f"/deleted/{product.id}/restore").headers["location"] == address
    assert "Published" in alice.get(address).text


def test_a_new_version_is_a_draft_with_the_same_words(sign_in: SignIn, services: Services, publish: Publish):
    first = publish(description="What it **is**.")
    alice = sign_in("alice")
    begun = alice.post(f"/product/{first.internal_name}/new-version")
    assert begun.headers["location"].endswith("/files")
    draft = services.products.service.draft(services.accounts.service.identity_of_user("alice"))
    assert draft is not None
    assert (draft.previous_id, draft.description) == (first.id, "What it **is**.")
    assert "newer version" not in alice.get(f"/product/{first.internal_name}").text
    assert first.internal_name in alice.get(f"/product/{draft.internal_name}").text


def test_estimates_are_published_without_a_file(sign_in: SignIn, services: Services):
    alice = sign_in("alice")
    fields = {"display_name": "Far away", "product_type": "4", "visibility": "public", "description": "On tape."}
    address = alice.post("/product/new", data=fields).headers["location"].removesuffix("/files")
    assert "can be stored elsewhere" in alice.get(f"{address}/files").text
    refused = alice.post(f"{address}/publish")
    assert (refused.status_code, "address of its data" in refused.text) == (400, True)
    alice.post(f"{address}/edit", data={**fields, "description": "At https://data.example.org/pz/"})
    assert alice.post(f"{address}/publish").headers["location"] == address
    assert "https://data.example.org/pz/" in alice.get(address).text
