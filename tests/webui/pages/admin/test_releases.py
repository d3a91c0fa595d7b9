"""A release without a folder of catalogues: which product serves as its object catalogue, and the choice of one."""

import httpx2

from products.product_types import product_type_by_name
from products.service import ProductChanges
from server.services import Services
from tests.webui.pages.conftest import Publish, SignIn

FIELDS = {"name": "dp1", "display_name": "Data Preview 1", "indexing_column": "objectId"}


def test_a_product_serves_as_the_objects_of_a_release(sign_in: SignIn, services: Services, publish: Publish):
    root, alice = sign_in("root"), services.accounts.service.identity_of_user("alice")
    root.post("/admin/new-release", data=FIELDS)
    (release,) = services.products.releases.all(services.accounts.service.identity_of_user("root"))
    assert "This release has no object catalogue" in root.get("/admin/releases/dp1").text

    def published(name: str) -> str:
        product = publish(name, kind=product_type_by_name("object_catalog").id)
        services.products.service.change(alice, product.id, ProductChanges(release=release.release.id))
        return product.internal_name

    first = published("Objects, first run")
    page = root.get("/admin/releases/dp1").text
    assert f'href="/product/{first}"' in page
    assert "serves as the object catalogue of this release." in page

    second = published("Objects, second run")
    page = root.get("/admin/releases/dp1").text
    assert page.count('type="radio"') == 2
    assert 'action="/admin/releases/dp1/objects"' in page
    _refuses_others(root)
    assert (
        root.post("/admin/releases/dp1/objects", data={"product": first}).headers["location"] == "/admin/releases/dp1"
    )
    page = root.get("/admin/releases/dp1").text
    assert "it is its newest official one" in page
    assert first in page
    assert second not in page


def _refuses_others(root: httpx2.Client) -> None:
    for product in ("", "1_none"):
        answer = root.post("/admin/releases/dp1/objects", data={"product": product})
        assert answer.status_code == 400
        assert "Choose one of the products" in answer.text
