"""Sharing through REST: groups, co-owners, links, versions, restoring, and what people learn of each other."""

import requests

from tests.server.api import Api
from tests.webui.api.conftest import Site
from tests.webui.api.test_wire import DRAFT


def _status(api: Api, method: str, path: str, **keywords: object) -> int:
    return api.call(method, path, **keywords).status_code


def test_a_product_is_shared_with_a_group(site: Site):
    group = site.alice.json("POST", "groups/", json={"name": "readers"})
    assert (group["can_manage"], [member["username"] for member in group["members"]]) == (True, ["alice"])
    product = site.alice.json(
        "POST", "products/", json={**DRAFT, "visibility": "groups", "groups": ["readers"], "description": "x"}
    )
    path = f"products/{product['id']}/"
    form = {"product": product["id"], "role": 0}
    site.alice.json("POST", "product-files/", data=form, files={"file": ("model.pkl", b"x")})
    assert site.alice.json("PATCH", path, data={"status": 1})["groups"] == ["readers"]
    assert _status(site.bob, "GET", path) == 404
    member = f"groups/{group['id']}/members/bob/"
    assert site.alice.json("PUT", member)["members"][1] == {
        "username": "bob", "display_name": "bob", "is_manager": False
    }  # fmt: skip
    assert site.bob.json("GET", path)["groups"] == []  # who reads it does not learn with whom else it is shared
    assert "readers" in [group["name"] for group in site.bob.json("GET", "groups/")["results"]]
    assert _status(site.bob, "DELETE", f"groups/{group['id']}/") == 403
    assert _status(site.alice, "DELETE", member) == 204
    assert _status(site.bob, "GET", path) == 404
    changed = site.alice.json("PATCH", path, data={"visibility": "groups", "groups": "readers"})
    assert (changed["visibility"], changed["groups"]) == ("groups", ["readers"])
    refused = site.alice.call("PATCH", path, json={"groups": ["nobody's"]})
    assert (refused.status_code, next(iter(refused.json()))) == (400, "groups")
    assert _status(site.alice, "DELETE", f"groups/{group['id']}/") == 204


def test_a_product_has_co_owners_a_new_owner_and_a_second_life(site: Site):
    product = site.alice.json("POST", "products/", json={**DRAFT, "visibility": "private"})
    path = f"products/{product['id']}/"
    assert site.alice.json("PUT", f"{path}co-owners/bob/")["co_owners"] == ["bob"]
    seen = site.bob.json("GET", path)
    assert (seen["is_owner"], seen["can_update"], seen["can_delete"]) == (False, True, False)
    assert site.bob.json("PATCH", path, data={"description": "ours"})["description"] == "ours"
    assert _status(site.bob, "DELETE", path) == 403
    assert site.alice.json("POST", f"{path}transfer/", json={"user": "bob", "stay": False})["uploaded_by"] == "bob"
    assert _status(site.alice, "GET", path) == 404
    assert _status(site.bob, "DELETE", path) == 204
    listed = site.bob.json("GET", "deleted-products/")["results"]
    assert product["id"] in [item["id"] for item in listed]
    restore = f"deleted-products/{product['id']}/restore/"
    assert _status(site.alice, "POST", restore) == 404
    assert site.bob.json("POST", restore)["status"] == 0
    assert _status(site.bob, "POST", restore) == 404


def test_a_link_is_given_once_and_needs_no_account(site: Site, catalogue: dict):
    path = f"products/{catalogue['id']}/links/"
    made = site.alice.json("POST", path, json={"days": 2, "note": "referee"})
    address = made["url"].replace(site.proxy.base_url, site.alice.base_url)
    page = requests.get(address, timeout=60)
    assert (page.status_code, page.headers["x-robots-tag"]) == (200, "noindex, nofollow")
    (listed,) = site.alice.json("GET", path)["results"]
    assert "url" not in listed
    assert made["url"].rpartition("/")[2] not in str(listed)
    assert _status(site.bob, "GET", path) == 403
    assert _status(site.alice, "DELETE", f"{path}{listed['id']}/") == 204
    assert requests.get(address, timeout=60).status_code == 404


def test_a_new_version_points_to_the_one_before(site: Site, catalogue: dict):
    path = f"products/{catalogue['id']}/"
    draft = site.alice.json("POST", f"{path}new_version/")
    assert (draft["previous_version"], draft["status"]) == (catalogue["id"], 0)
    assert site.alice.json("GET", f"products/{draft['id']}/versions/")["previous"]["id"] == catalogue["id"]
    assert site.bob.json("GET", f"{path}versions/") == {"previous": None, "newer": []}
    assert _status(site.bob, "POST", f"{path}new_version/") == 403
    assert _status(site.alice, "DELETE", f"products/{draft['id']}/") == 204


def test_a_release_can_be_taken_from_a_product(site: Site):
    release = site.admin.json("GET", "releases/")["results"]
    product = site.alice.json("POST", "products/", json={**DRAFT, "release": release[0]["id"] if release else None})
    assert site.alice.json("PATCH", f"products/{product['id']}/", json={"release": None})["release"] is None
    assert site.alice.json("PATCH", f"products/{product['id']}/", json={"release_year": 2026})["release_year"] == 2026


def test_only_administrators_touch_the_official_flag_on_any_write(site: Site):
    product = site.alice.json("POST", "products/", json=DRAFT)
    path = f"products/{product['id']}/"
    for method in ("PATCH", "PUT"):
        refused = site.alice.call(method, path, json={"official_product": True})
        assert (refused.status_code, next(iter(refused.json()))) == (403, "official_product")
    assert site.admin.json("PATCH", path, json={"official_product": True})["official_product"] is True
    for method, sent in (
        ("PATCH", {"json": {"description": "x"}}),
        ("PATCH", {"json": {"official_product": False}}),
        ("DELETE", {}),
    ):
        assert _status(site.alice, method, path, **sent) == 403
    form = {"product": product["id"], "role": 0}
    assert _status(site.alice, "POST", "product-files/", data=form, files={"file": ("a.csv", b"x")}) == 403
    assert site.alice.json("GET", path)["can_update"] is False


def test_people_learn_of_those_who_share_with_them(site: Site, catalogue: dict):
    names = {user["username"] for user in site.bob.json("GET", "users/")["results"]}
    assert {"alice", "bob"} <= names
    everybody = {user["username"] for user in site.admin.json("GET", "users/")["results"]}
    assert "admin" in everybody
    usage = site.alice.json("GET", "usage/")
    assert usage["used_bytes"] > 0
    assert usage["quota_bytes"] == 50_000_000_000
