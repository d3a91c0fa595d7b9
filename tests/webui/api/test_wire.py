"""The wire contract of today's Photo-z Server, one request at a time, by plain HTTP.

The keys are those recorded from the public server (reference: its golden JSON); more keys than those may be there.
"""

import re

import pytest
import requests

from tests.server.api import Api
from tests.webui.api.conftest import ROWS, TABLE, Site

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
PRODUCT = {
    *("id", "release", "release_name", "product_type", "product_type_name", "product_type_internal_name"),
    *("uploaded_by", "is_owner", "origin", "process_status", "process_id", "product_status", "can_delete"),
    *("can_update", "internal_name", "display_name", "official_product", "pz_code", "description", "created_at"),
    *("updated_at", "status", "release_year"),
}
FILE = {
    *("id", "product", "file", "can_delete", "role_name", "role", "name", "type", "n_rows", "size", "extension"),
    *("is_directory", "created", "updated"),
}
MAIN_FILE = {
    *("name", "type", "extension", "size", "n_rows", "is_directory", "associated_columns", "delimiter", "has_header"),
    "columns",
}
FILTERS = {
    *("internal_name", "internal_name__in", "display_name", "display_name__in", "release", "release__in"),
    *("product_type", "product_type__in", "official_product", "official_product__in", "status", "status__in"),
    *("user", "user__in", "release__isnull", "uploaded_by", "uploaded_by__or", "product_type_name"),
    *("product_type_name__or", "release_name", "release_name__or", "product_name", "product_name__or"),
}
DRAFT = {"display_name": "Draft", "product_type": 7, "release": None, "official_product": False, "status": 0}


@pytest.fixture
def draft(site: Site) -> dict:
    """A product that alice just began, as the library begins it."""
    made: dict = site.alice.json("POST", "products/", json={**DRAFT, "pz_code": None, "description": None})
    return made


def ask(api: Api, path: str, **keywords: object) -> requests.Response:
    """Send what the library sends: GET with a content type and no body, the address exactly as it is."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    return api.call("GET", path, headers=headers, **keywords)


def test_the_index_answers_to_a_valid_token_alone(site: Site):
    assert {"users", "releases", "product-types", "products", "pipelines", "processes"} < set(
        ask(site.alice, "").json()
    )
    for headers, detail in (
        ({}, "Authentication credentials were not provided."),
        ({"Authorization": "Token 0123456789"}, "Invalid token."),
    ):
        answer = requests.get(f"{site.alice.base_url}/api/", headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["detail"]) == (401, detail)
        assert answer.headers["www-authenticate"].startswith("Bearer realm=")


def test_doubled_slashes_and_trailing_slashes_are_not_redirected(site: Site, catalogue: dict):
    for path in ("/products/?status=1", "products/?status=1", "products?status=1", "//products//?status=1"):
        answer = ask(site.alice, path, allow_redirects=False)
        assert answer.status_code == 200, path
        assert catalogue["id"] in [product["id"] for product in answer.json()["results"]], path


def test_a_product_has_all_its_keys(site: Site, catalogue: dict):
    product = ask(site.alice, f"products/{catalogue['id']}/").json()
    assert set(product) >= PRODUCT
    assert {key: product[key] for key in ("display_name", "internal_name", "product_type_name", "uploaded_by")} == {
        "display_name": "Test Redshift (v1.0) é",
        "internal_name": f"{catalogue['id']}_test_redshift_v10_é",
        "product_type_name": "Reference Redshift Catalog",
        "uploaded_by": "alice",
    }
    assert (product["origin"], product["product_status"], product["status"]) == ("Upload", "Published", 1)
    assert (product["release"], product["pz_code"], product["release_year"]) == (None, None, None)
    assert TIME.fullmatch(product["created_at"])
    assert (product["is_owner"], product["can_delete"], product["can_update"]) == (True, True, True)
    seen = ask(site.bob, f"products/{catalogue['id']}/").json()
    assert (seen["is_owner"], seen["can_delete"], seen["can_update"]) == (False, False, False)


def test_the_main_file_is_described_with_all_columns(site: Site, catalogue: dict):
    main = ask(site.alice, f"products/{catalogue['id']}/main_file_info/").json()["main_file"]
    assert set(main) >= MAIN_FILE
    assert (main["name"], main["type"], main["size"], main["n_rows"]) == ("cat.csv", "text/csv", len(TABLE), ROWS)
    assert (main["delimiter"], main["has_header"], main["is_directory"]) == (",", True, False)
    columns = {item["column_name"]: item["alias"] for item in main["associated_columns"]}
    assert columns == {"objid": "ID", "RAdeg": "RA", "DEdeg": "Dec", "zsp": "z", "name": None}
    assert list(columns) == main["columns"]


def test_a_product_without_a_main_file_describes_an_empty_one(site: Site, draft: dict):
    main = ask(site.alice, f"products/{draft['id']}/main_file_info/").json()["main_file"]
    assert (main["name"], main["n_rows"], main["is_directory"]) == (None, None, False)
    assert site.alice.call("POST", f"products/{draft['id']}/download/main-file/prepare/").status_code == 404


def test_options_name_every_filter(site: Site):
    answer = site.alice.json("OPTIONS", "products/")
    assert {item["name"] for item in answer["filter_classes"]} == FILTERS
    assert answer["ordering"] == ["id", "display_name", "product_type", "created_at"]
    assert "search" in answer


def test_a_list_without_a_page_is_whole_and_with_pages_is_cut(site: Site, catalogue: dict):
    for number in range(3):
        site.bob.json("POST", "products/", json={**DRAFT, "display_name": f"Page {number}"})
    whole = ask(site.bob, "products/?product_name=Page&ordering=id").json()
    assert (whole["count"], len(whole["results"])) == (3, 3)
    pages = [
        ask(site.bob, f"products/?product_name=Page&ordering=id&page_size=2&page={page}").json() for page in (1, 2)
    ]
    assert [product["id"] for page in pages for product in page["results"]] == [p["id"] for p in whole["results"]]
    assert {page["count"] for page in pages} == {3}
    past = ask(site.bob, "products/?product_name=Page&page_size=2&page=3")
    assert (past.status_code, past.json()["detail"]) == (404, "Invalid page.")


def test_a_table_of_150_columns_lists_them_all(site: Site, tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{i}" for i in range(150)) + "\n" + ",".join("1" * 150) + "\n")
    product = site.alice.upload("Wide", "other", path)
    site.alice.json("GET", f"products/{product['id']}/registry/")
    columns = ask(site.alice, f"product-contents/?product={product['id']}").json()
    assert (columns["count"], len(columns["results"])) == (150, 150)
    main = ask(site.alice, f"products/{product['id']}/main_file_info/").json()["main_file"]
    assert len(main["associated_columns"]) == 150


def test_filters_ask_for_exact_names_and_for_parts_of_words(site: Site, catalogue: dict):
    def found(query: str) -> bool:
        return catalogue["id"] in [product["id"] for product in ask(site.bob, f"/products/?{query}").json()["results"]]

    name = catalogue["internal_name"]
    for query in (
        f"internal_name={name}",
        f"status=1&internal_name__in=x, {name}",
        "product_type_name=redshift, reference",
        "product_type_name__or=nothing,redshift",
        "uploaded_by=ALI",
        "product_name=redshift (v1.0",
        "release__isnull=true",
        "status__in=0, 1, 3, 9",
        "official_product=False",
        "search=redshift,alice",
    ):
        assert found(query), query
    for query in (
        f"internal_name={name[:-1]}",
        "display_name=Test Redshift",
        "product_type_name=nothing,redshift",
        "release_name=dp1",
        "search=redshift,bob",
        "status=9",
        "official_product=true",
    ):
        assert not found(query), query
    for query, name in (("product_type=redshift", "product_type"), ("ordering=no_such_field", "ordering")):
        wrong = ask(site.bob, f"products/?{query}")
        assert (wrong.status_code, next(iter(wrong.json()))) == (400, name)


def test_vocabularies_are_found_by_name(site: Site):
    kind = ask(site.alice, "product-types/?name=training_set").json()
    assert (kind["count"], kind["results"][0]["id"]) == (1, 2)
    assert {"id", "name", "display_name", "order", "description", "created_at"} <= set(kind["results"][0])
    assert ask(site.alice, "product-types/2/").json()["name"] == "training_set"
    order = [kind["order"] for kind in ask(site.alice, "product-types/?ordering=order").json()["results"]]
    assert order == sorted(order)
    for path in ("releases/?name=none", "pipelines/?name=none", "processes/"):
        assert ask(site.alice, path).json() == {"count": 0, "next": None, "previous": None, "results": []}
    pipeline = ask(site.alice, "pipelines/?name=training_set_maker").json()["results"][0]
    assert (pipeline["id"], pipeline["output_product_type"], pipeline["product_types_accepted"]) == (1, 2, [1])
    assert pipeline["system_config"]["param"]["crossmatch"] == {"radius_arcsec": 1.0, "n_neighbors": 1}
    for path in ("pipelines/9/", "processes/1/", "releases/1/", "product-types/99/", "users/999/"):
        assert ask(site.alice, path).status_code == 404
    users = ask(site.alice, "users/").json()["results"]
    assert {"username", "first_name", "last_name", "display_name"} <= set(users[0])
    assert ask(site.alice, f"users/{users[0]['id']}/").json() == users[0]
    assert site.alice.json("POST", "logged_user/")["is_admin"] is False


def test_the_environment_is_told_to_everybody(site: Site):
    for path in ("/which_environment/", "/which_environment"):
        answer = requests.get(f"{site.alice.base_url}{path}", timeout=60).json()
        assert answer == {"enviroment_name": "Photo-z Server", "is_dev": False}


def test_files_are_listed_found_and_removed(site: Site, draft: dict):
    sent = []
    for role, name in ((2, "notes.txt"), (0, "model.pkl"), (1, "about.html")):
        form = {"product": draft["id"], "role": role, "type": "text/plain"}
        sent.append(site.alice.json("POST", "product-files/", data=form, files={"file": (name, b"content")}))
    assert all(set(file) >= FILE for file in sent)
    listed = ask(site.alice, f"product-files/?product_id={draft['id']}").json()
    assert (listed["count"], [file["id"] for file in listed["results"]]) == (3, [file["id"] for file in sent])
    by_role = ask(site.alice, f"product-files/?product_id={draft['id']}&ordering=role").json()["results"]
    assert [file["role_name"] for file in by_role] == ["Main", "Description", "Auxiliary"]
    first = sent[0]
    assert ask(site.alice, f"product-files/{first['id']}/").json() == first
    assert ask(site.alice, f"product-files/?id={first['id']}").json()["results"] == [first]
    assert ask(site.bob, f"product-files/{first['id']}/").status_code == 404
    assert ask(site.bob, f"product-files/?id={first['id']}").json()["results"] == []
    fetched = requests.get(first["file"].replace(site.proxy.base_url, site.alice.base_url), timeout=60)
    assert fetched.status_code == 404  # the draft is nobody else's
    assert site.alice.call("DELETE", f"product-files/{first['id']}/").status_code == 204
    assert ask(site.alice, f"product-files/{first['id']}/").status_code == 404
    for form, files in (({"product": draft["id"], "role": 7}, {"file": ("x", b"x")}), ({"product": draft["id"]}, None)):
        assert site.alice.call("POST", "product-files/", data=form, files=files).status_code == 400


def test_a_column_is_described_by_a_form_and_emptied_by_empty_strings(site: Site, draft: dict, tmp_path):
    form = {"product": draft["id"], "role": 0}
    site.alice.json("POST", "product-files/", data=form, files={"file": ("cat.csv", TABLE.encode())})
    registered = ask(site.alice, f"products/{draft['id']}/registry/")
    assert (registered.status_code, registered.json()["id"]) == (200, draft["id"])
    columns = ask(site.alice, f"product-contents/?product={draft['id']}").json()["results"]
    assert [item["order"] for item in columns] == list(range(5))
    path = f"product-contents/{columns[1]['id']}/"
    patched = site.alice.json("PATCH", path, data={"ucd": "pos.eq.ra;meta.main", "alias": "RA"})
    wanted = {"id": columns[1]["id"], "product": draft["id"], "column_name": "RAdeg", "order": 1}
    assert {**patched, **wanted, "ucd": "pos.eq.ra;meta.main", "alias": "RA"} == patched
    emptied = site.alice.json("PATCH", path, data={"ucd": "", "alias": ""})
    assert (emptied["ucd"], emptied["alias"]) == (None, None)
    assert site.alice.json("PATCH", path, json={"alias": None})["alias"] is None
    assert ask(site.alice, path).json() == emptied
    assert ask(site.bob, path).status_code == 404
    for wrong in ("product-contents/None/", "product-contents/999999/"):
        assert site.alice.call("PATCH", wrong, data={"alias": "x"}).status_code == 404
    assert ask(site.alice, "product-contents/?product=x").status_code == 400


def test_publication_without_mandatory_columns_is_refused_by_a_json_string(site: Site, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("a,b\n1,2\n")
    product = site.alice.upload("Incomplete", "redshift_catalog", path)
    site.alice.json("GET", f"products/{product['id']}/registry/")
    answer = site.alice.call("PATCH", f"products/{product['id']}/", data={"status": 1})
    assert (answer.status_code, answer.json()) == (406, "The column(s) was not filled in: Dec,RA,z")
    assert answer.headers["content-type"] == "application/json"


def test_a_column_of_stand_ins_is_no_redshift(site: Site, tmp_path):
    path = tmp_path / "stand_ins.csv"
    path.write_text("ra,dec,z,zphot\n" + "".join(f"{i},{i},{i / 100},-99\n" for i in range(40)))
    product = site.alice.upload("Stand-ins", "redshift_catalog", path)
    assert site.alice.inspected(product["id"])["state"] == "done"
    for column, status in (("zphot", 400), ("z", 200)):
        # The second column is not the one that was guessed, so that the rows are read anew before they are judged.
        site.alice.json("PUT", f"products/{product['id']}/columns/", json={"ra": "ra", "dec": "dec", column: "z"})
        answer = site.alice.call("PATCH", f"products/{product['id']}/", data={"status": 1})
        assert answer.status_code == status, answer.text
        if status == 400:
            assert "40 rows have a redshift outside -0.1 to 30." in answer.json()["detail"]
            assert ask(site.alice, f"products/{product['id']}/").json()["status"] == 0
    assert answer.json()["status"] == 1


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"display_name": ""}, 400, "display_name"),
        ({"product_type": 99}, 400, "product_type"),
        ({"product_type": 1, "release": 1}, 400, "release"),
        ({"product_type": 5, "pz_code": "X"}, 400, "pz_code"),
        ({"official_product": True}, 403, "official_product"),
    ],
)
def test_a_product_that_cannot_be_begun_names_the_field(site: Site, fields: dict, status: int, field: str):
    answer = site.alice.call("POST", "products/", json={**DRAFT, **fields})
    assert answer.status_code == status
    assert next(iter(answer.json())) == field
    assert "detail" in answer.json()


def test_a_description_is_changed_by_its_owner_alone(site: Site, draft: dict, catalogue: dict):
    for method in ("PATCH", "PUT"):
        changed = site.alice.json(method, f"products/{draft['id']}/", data={"description": method})
        assert changed["description"] == method
    refused = site.bob.call("PATCH", f"products/{catalogue['id']}/", data={"description": "x"})
    assert (refused.status_code, "detail" in refused.json()) == (403, True)
    assert site.bob.call("DELETE", f"products/{catalogue['id']}/").status_code == 403
    assert site.alice.call("DELETE", f"products/{draft['id']}/").status_code == 204
    assert ask(site.alice, f"products/{draft['id']}/").status_code == 404


def test_a_name_and_a_password_give_a_token(site: Site):
    given = requests.post(
        f"{site.alice.base_url}/api/obtain_token/", data={"username": "bob", "password": "a long password"}, timeout=60
    )
    assert ask(Api(site.alice.base_url, given.json()["token"]), "").status_code == 200
    wrong = requests.post(
        f"{site.alice.base_url}/api/obtain_token/", json={"username": "bob", "password": "wrong"}, timeout=60
    )
    assert (wrong.status_code, next(iter(wrong.json()))) == (400, "non_field_errors")
