"""The pages of administrators."""

import httpx2
import pytest

from core.errors import AuthenticationError
from server.services import Services
from tests.webui.pages.conftest import PASSWORD, Publish, SignIn


@pytest.fixture
def root(sign_in: SignIn) -> httpx2.Client:
    return sign_in("root")


def test_administration_is_for_administrators(visitor: httpx2.Client, alice: httpx2.Client, root: httpx2.Client):
    for path in ("/admin", "/admin/users", "/admin/users/alice", "/admin/releases", "/admin/new-release", "/admin/log"):
        assert visitor.get(path).headers["location"].startswith("/login")
        assert alice.get(path).status_code == 403
        assert root.get(path).status_code == 200, path
    assert "/admin" not in alice.get("/").text
    assert 'href="/admin"' in root.get("/").text


def test_an_account_is_made_changed_and_closed(root: httpx2.Client, services: Services):
    fields = {"name": "carol", "password": "a long enough one", "email": "carol@example.org"}
    assert root.post("/admin/users", data={**fields, "password": "short"}).status_code == 400
    assert "short" not in root.post("/admin/users", data={**fields, "password": "short"}).text
    assert root.post("/admin/users", data=fields).headers["location"] == "/admin/users/carol"
    assert root.post("/admin/users", data=fields).status_code == 409
    carol = services.accounts.service.identity_of_password("carol", "a long enough one")
    token = services.accounts.service.issue_token(carol, "t").secret
    change = {"first_name": "Carol", "last_name": "<b>", "email": "", "quota": "2.5", "is_active": "1"}
    assert root.post("/admin/users/carol", data=change).status_code == 303
    page = root.get("/admin/users/carol").text
    assert "of 2.5 GB" in page
    assert "&lt;b&gt;" in page
    for quota in ("much", "inf", "nan", "-1", "1e30"):
        assert root.post("/admin/users/carol", data={**change, "quota": quota}).status_code == 400, quota
    assert root.post("/admin/users/carol/password", data={"password": "short"}).status_code == 400
    assert root.post("/admin/users/carol/password", data={"password": "quite another"}).status_code == 303
    assert services.accounts.service.identity_of_password("carol", "quite another").name == "carol"
    # Without the tick the account is closed, and its tokens count no more.
    root.post("/admin/users/carol", data={**change, "is_active": ""} | {"is_admin": "1"})
    del change["is_active"]
    root.post("/admin/users/carol", data=change)
    with pytest.raises(AuthenticationError):
        services.accounts.service.identity_of_token(token)
    log = root.get("/admin/log?kind=user&actor=root").text
    assert "set password" in log
    assert "carol@example.org" not in log
    assert "quite another" not in log


def test_all_access_of_an_account_ends_at_once(root: httpx2.Client, sign_in: SignIn, services: Services):
    alice, token = (
        sign_in("alice"),
        services.accounts.service.issue_token(services.accounts.service.identity_of_user("alice"), "t"),
    )
    assert alice.get("/tokens").status_code == 200
    root.post("/admin/users/alice/revoke")
    assert alice.get("/tokens").status_code == 303
    with pytest.raises(AuthenticationError):
        services.accounts.service.identity_of_token(token.secret)
    assert services.accounts.service.identity_of_password("alice", PASSWORD).name == "alice"


def test_an_administrator_remains(root: httpx2.Client):
    for fields in ({"is_active": "1"}, {"is_admin": "1"}):
        refused = root.post("/admin/users/root", data=fields)
        assert (refused.status_code, "last administrator" in refused.text) == (409, True)
    root.post("/admin/users/alice", data={"is_active": "1", "is_admin": "1"})
    assert root.post("/admin/users/root", data={"is_active": "1"}).status_code == 303
    assert root.get("/admin").status_code == 403


def test_a_release_is_made_restricted_and_removed(root: httpx2.Client, alice: httpx2.Client, services: Services):
    root.post("/groups", data={"name": "insiders"})
    fields = {
        "name": "dp1",
        "display_name": "Data Preview 1",
        "indexing_column": "objectId",
        "has_fluxes": "1",
        "fluxes": "*cmodel: CModel\r\nauto\r\n-psf: PSF",
        "dereddening": "*sfd: SFD",
        "group:insiders": "1",
    }
    for wrong in ({"name": "a/b"}, {"name": "../x"}, {"display_name": " "}, {"fluxes": "a b c"}, {"fluxes": "a\na"}):
        assert root.post("/admin/new-release", data={**fields, **wrong}).status_code == 400, wrong
    assert root.post("/admin/new-release", data={**fields, "group:none": "1"}).status_code == 400
    assert root.post("/admin/new-release", data=fields).headers["location"] == "/admin/releases"
    assert root.post("/admin/new-release", data=fields).status_code == 409
    (release,) = root.get("/api/releases").json()["results"]
    assert release["fluxes"] == [
        {"name": "cmodel", "display_name": "CModel", "selected": True},
        {"name": "auto", "display_name": "auto"},
        {"name": "psf", "display_name": "PSF", "disabled": True},
    ]
    assert (release["has_mag_hats"], release["has_flux_hats"], len(release["access_groups"])) == (False, True, 1)
    assert alice.get("/api/releases").json()["count"] == 0
    assert "*cmodel: CModel\nauto: auto\n-psf: PSF</textarea>" in root.get("/admin/releases/dp1").text
    assert root.post("/groups/1/delete").status_code == 409
    opened = {key: value for key, value in fields.items() if key != "group:insiders"}
    root.post("/admin/releases/dp1", data=opened)
    assert alice.get("/api/releases").json()["count"] == 1
    new = {"display_name": "x", "product_type": "2", "release": "1", "visibility": "private"}
    name = alice.post("/product/new", data=new).headers["location"]
    assert root.post("/admin/releases/dp1/delete").status_code == 409
    alice.post(name.removesuffix("/files") + "/edit", data={**new, "release": ""})
    assert root.post("/admin/releases/dp1/delete").status_code == 303
    assert services.products.releases.all(services.accounts.service.identity_of_user("root")) == ()


def test_the_log_tells_what_was_done_to_a_product(root: httpx2.Client, alice: httpx2.Client, publish: Publish):
    product = publish("Catalogue <b>")
    address = f"/product/{product.internal_name}"
    alice.post(f"{address}/edit", data={"display_name": "New", "description": "<script>", "visibility": "public"})
    page = root.get(f"/admin/log?kind=product&number={product.id}").text
    for words in ("create", "add file", "publish", "change", "Catalogue &lt;b&gt; → New", "&lt;script&gt;"):
        assert words in page, words
    assert f"/admin/log?kind=product&amp;number={product.id}" in root.get(address).text
    assert root.get("/admin/log?kind=nonsense&number=x&page=0&actor=%00").status_code == 200


def test_words_order_and_use_of_a_type_are_changed(root: httpx2.Client, alice: httpx2.Client, publish: Publish):
    product = publish("Kept")
    usual = alice.get("/api/product-types/1").json()
    assert "Reference Redshift Catalog" in alice.get("/product/new").text
    fields = {"display_name": "Redshifts <b>", "description": "Measured ones.", "order": "50"}
    for wrong in ({"order": "many"}, {"order": "-1"}, {"order": "1001"}, {"order": ""}, {"display_name": "x" * 256},
                  {"display_name": "a\nb"}, {"description": "x" * 2001}):  # fmt: skip
        assert root.post("/admin/types/redshift_catalog", data={**fields, **wrong}).status_code == 400, wrong
    assert root.post("/admin/types/none", data=fields).status_code == 404
    assert alice.post("/admin/types/redshift_catalog", data=fields).status_code == 403
    assert alice.get("/api/product-types/1").json() == usual
    assert root.post("/admin/types/redshift_catalog", data=fields).headers["location"] == "/admin/types"
    assert "Redshifts &lt;b&gt;" in root.get("/admin/types").text
    kinds = alice.get("/api/product-types").json()["results"]
    assert kinds[-1] == usual | {"display_name": "Redshifts <b>", "description": "Measured ones.", "order": 50}
    # Products that there are show the new words, and are found by them.
    shown = alice.get(f"/api/products/{product.id}").json()
    assert (shown["product_type_name"], shown["product_type_internal_name"]) == ("Redshifts <b>", "redshift_catalog")
    found = {word: alice.get("/api/products", params={"product_type_name": word}).json()["count"]
             for word in ("redshifts <", "redshift_cat", "Reference")}  # fmt: skip
    assert found == {"redshifts <": 1, "redshift_cat": 1, "Reference": 0}
    facets = alice.get("/api/products/facets").json()
    assert "Redshifts <b>" in str(facets)
    # Its tick is gone: no new products of it are made, in the wizard or by scripts, not even as new versions.
    assert "Redshifts &lt;b&gt;" not in alice.get("/product/new").text
    new = {"display_name": "x", "product_type": "1", "visibility": "private"}
    refused = alice.post("/product/new", data=new)
    assert (refused.status_code, "choose another type" in refused.text) == (400, True)
    assert alice.post(f"/api/products/{product.id}/new_version").status_code == 400
    log = root.get("/admin/log?kind=type").text
    assert "change type" in log
    # Empty words bring the usual ones back.
    root.post(
        "/admin/types/redshift_catalog", data={"display_name": "", "description": "", "order": "1", "is_open": "1"}
    )
    assert alice.get("/api/product-types/1").json() == usual
    assert alice.post("/product/new", data=new).status_code == 303
