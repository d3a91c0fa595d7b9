import re
from html import unescape

import httpx2
import pytest

from products.models import InspectionState, ProductStatus, Visibility
from server.services import Services
from tests.webui.pages.conftest import TABLE, Publish, SignIn

pytestmark = pytest.mark.slow

BASIC = {"display_name": "VVDS sample", "product_type": "1", "visibility": "registered", "description": "Text."}


def _fields(page: str, **chosen: str) -> dict[str, str]:
    """Fill in the form of columns: column name to key; the others on the page have no meaning."""
    numbers = dict(
        re.findall(r"<code>(\w+)</code>.*?name=\"meaning-(\d+)\"", page.partition("<tbody>")[2], re.DOTALL),
    )
    return {f"meaning-{number}": chosen.get(name, "") for name, number in numbers.items()}


def test_the_wizard_asks_for_a_sign_in(visitor: httpx2.Client):
    assert visitor.get("/product/new").headers["location"] == "/login?next=%2Fproduct%2Fnew"


def test_types_tell_what_they_need(alice: httpx2.Client):
    text = re.sub(r"<[^>]+>", "", alice.get("/product/new").text.partition("<main")[2])
    assert "Requires columns for RA, Dec, z." in text
    assert "Official product" not in text


def test_the_first_step_makes_a_draft(alice: httpx2.Client, services: Services):
    answer = alice.post("/product/new", data=BASIC)
    assert answer.headers["location"] == "/product/1_vvds_sample/files"
    product = services.products.service.get(services.accounts.service.identity_of_user("alice"), 1)
    assert (product.status, product.visibility) == (ProductStatus.REGISTERING, Visibility.REGISTERED)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"display_name": " "}, "display_name"),
        ({"product_type": ""}, "product_type"),
        ({"product_type": "99"}, "product_type"),
        ({"visibility": "all"}, "visibility"),
        ({"product_type": "2", "release": "77"}, "release"),
        ({"product_type": "4", "pz_code": "x" * 56}, "pz_code"),
    ],
)
def test_a_refused_first_step_keeps_what_was_entered(alice: httpx2.Client, changed: dict[str, str], field: str):
    answer = alice.post("/product/new", data={**BASIC, "description": "<kept>", **changed})
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert "&lt;kept&gt;" in answer.text


def test_fields_that_a_type_does_not_have_are_dropped(alice: httpx2.Client, services: Services):
    release = services.products.service.ensure_release("dp1", "DP1")
    alice.post("/product/new", data={**BASIC, "release": str(release.id), "pz_code": "BPZ"})
    product = services.products.service.get(services.accounts.service.identity_of_user("alice"), 1)
    assert (product.release, product.pz_code) == (None, None)


def test_only_administrators_begin_official_products(alice: httpx2.Client, sign_in: SignIn):
    assert alice.post("/product/new", data={**BASIC, "official_product": "1"}).status_code == 403
    assert sign_in("root").post("/product/new", data={**BASIC, "official_product": "1"}).status_code == 303


def test_a_draft_is_offered_to_be_continued_or_discarded(alice: httpx2.Client):
    alice.post("/product/new", data=BASIC)
    page = alice.get("/product/new").text
    assert 'href="/product/1_vvds_sample/files">Continue' in page
    assert 'action="/product/1_vvds_sample/delete"' in page
    alice.post("/product/1_vvds_sample/delete")
    assert "VVDS sample" not in alice.get("/product/new").text


def test_files_are_stored_and_the_main_one_is_read(alice: httpx2.Client, services: Services):
    alice.post("/product/new", data=BASIC)
    address = "/product/1_vvds_sample/files"
    sent = alice.post(address, data={"role": "main"}, files={"file": ("vvds.csv", TABLE)})
    assert sent.headers["location"] == address
    several = [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]
    assert alice.post(address, data={"role": "auxiliary"}, files=several).status_code == 303
    details = services.products.service.details(services.accounts.service.identity_of_user("alice"), 1)
    assert [file.name for file in details.files] == ["vvds.csv", "a.txt", "b.txt"]
    assert details.product.inspection_state is InspectionState.RUNNING
    page = alice.get(address).text
    assert 'data-inspection="/api/products/1/inspection"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert alice.post(f"{address}/{details.files[1].id}/remove").status_code == 303
    assert "a.txt" not in alice.get(address).text


@pytest.mark.parametrize(
    ("role", "name", "content", "status", "sentence"),
    [
        ("main", "empty.csv", b"", 400, "The submitted file is empty."),
        ("main", "large.csv", b"x" * 20_001, 413, "larger"),
        ("main", "huge.csv", b"x" * 1_100_000, 413, "larger than the limit of 20 kB"),
        ("other", "x.csv", b"x", 400, "is not a role of files"),
        ("auxiliary", "", b"", 400, "Choose a file first."),
    ],
)
def test_a_refused_file_says_why(
    alice: httpx2.Client, services: Services, role: str, name: str, content: bytes, status: int, sentence: str
):
    alice.post("/product/new", data=BASIC)
    boundary = "b0undary"
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="role"\r\n\r\n{role}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        ).encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = alice.post("/product/1_vvds_sample/files", content=body, headers=headers)
    assert answer.status_code == status
    assert sentence in answer.text
    assert services.products.service.details(services.accounts.service.identity_of_user("alice"), 1).files == ()


def test_a_second_file_of_the_same_name_is_refused(alice: httpx2.Client):
    alice.post("/product/new", data=BASIC)
    for status in (303, 409):
        answer = alice.post("/product/1_vvds_sample/files", data={"role": "auxiliary"}, files={"file": ("a.txt", b"a")})
        assert answer.status_code == status
    assert "already has a file named" in answer.text


def test_files_in_vospace_are_taken_without_being_sent_again(alice: httpx2.Client, sign_in: SignIn, services: Services):
    alice.post("/new-folder", data={"name": "in"})
    alice.post("/files/in", files={"file": ("vvds.csv", TABLE)})
    alice.post("/new-folder", data={"name": "void"})
    alice.post("/files", files={"file": ("notes.txt", b"notes")})
    sign_in("bob").post("/files", files={"file": ("bobs.csv", TABLE)})
    alice.post("/product/new", data=BASIC)
    assert '<option value="notes.txt">' in alice.get("/product/1_vvds_sample/files").text
    address = "/product/1_vvds_sample/take"
    for path, status, sentence in (
        ("", 400, "Enter the name of one of your files"),
        ("void", 400, "has no files"),
        ("in/none.csv", 404, "in/none.csv"),
        ("../bob/bobs.csv", 400, "not a valid path"),
        ("vos://photoz.local~vospace/home/bob/bobs.csv", 404, "bobs.csv"),
        ("vos://elsewhere~vospace/x", 400, "not the URI of a node of this service"),
    ):
        answer = alice.post(address, data={"role": "main", "path": path})
        assert (answer.status_code, sentence in answer.text) == (status, True), path
    assert services.products.service.details(services.accounts.service.identity_of_user("alice"), 1).files == ()
    assert alice.post(address, data={"role": "main", "path": "in/vvds.csv"}).status_code == 303
    uri = "vos://photoz.local~vospace/home/alice/notes.txt"
    assert alice.post(address, data={"role": "auxiliary", "path": uri}).status_code == 303
    assert alice.post(address, data={"role": "auxiliary", "path": "in"}).status_code == 303
    details = services.products.service.details(services.accounts.service.identity_of_user("alice"), 1)
    assert [file.name for file in details.files] == ["vvds.csv", "notes.txt", "in.zip"]
    assert details.product.inspection_state is InspectionState.RUNNING


def test_guesses_are_filled_in_with_their_reasons(alice: httpx2.Client, register: Publish):
    page = alice.get(f"/product/{register().internal_name}/columns").text
    for name, key in (("RAJ2000", "ra"), ("DEJ2000", "dec"), ("zspec", "z")):
        rows = page.partition("<tbody>")[2]
        row = rows[rows.index(f"<code>{name}</code>") :].partition("</tr>")[0]
        assert f'<option value="{key}" selected>' in row
        assert f"Guessed: name {name}" in row
        assert re.search(r"\(\d+\s%\)", unescape(row))


def test_columns_are_described_and_the_product_is_published(
    alice: httpx2.Client, register: Publish, services: Services
):
    address = f"/product/{register().internal_name}"
    page = alice.get(f"{address}/columns").text
    fields = _fields(page, RAJ2000="ra", DEJ2000="dec", zspec="z")
    free = re.search(r"<code>flag</code>.*?name=\"(alias-\d+)\"", page.partition("<tbody>")[2], re.DOTALL)
    assert free is not None
    fields[free.group(1)] = "quality"
    assert alice.post(f"{address}/columns", data=fields).headers["location"] == f"{address}/review"
    columns = services.products.column_meanings.columns(services.accounts.service.identity_of_user("alice"), 1)
    assert {item.column.name: item.alias for item in columns} == {
        "objid": None, "RAJ2000": "RA", "DEJ2000": "Dec", "zspec": "z", "flag": "quality",
    }  # fmt: skip
    review = alice.get(f"{address}/review").text
    assert "FINISH" in review
    assert "1 row has no redshift." in review
    assert alice.post(f"{address}/publish").headers["location"] == address
    assert "Published" in alice.get(address).text
    assert alice.get(f"{address}/review").headers["location"] == address
    assert alice.get(f"{address}/files").headers["location"] == f"{address}/edit"


def test_a_meaning_given_twice_is_refused_and_shown(alice: httpx2.Client, register: Publish):
    address = f"/product/{register().internal_name}/columns"
    answer = alice.post(address, data=_fields(alice.get(address).text, RAJ2000="z", zspec="z"))
    assert answer.status_code == 400
    assert "cannot both have the meaning z" in answer.text
    assert answer.text.count("Another column has this meaning too.") == 2


def test_missing_mandatory_columns_are_named(alice: httpx2.Client, register: Publish):
    address = f"/product/{register().internal_name}"
    answer = alice.post(f"{address}/columns", data=_fields(alice.get(f"{address}/columns").text, RAJ2000="ra"))
    assert answer.status_code == 400
    assert "Choose a column for each of: Dec, z." in answer.text
    refused = alice.post(f"{address}/publish")
    assert refused.status_code == 406
    assert "Products of type Reference Redshift Catalog need columns with the meanings Dec, z." in refused.text


def test_other_positions_than_guessed_are_prepared_by_a_job(alice: httpx2.Client, register: Publish):
    table = b"ra,dec,lon,lat,z\n1,2,10,20,0.3\n3,4,30,40,0.5\n"
    address = f"/product/{register(table=table).internal_name}"
    page = alice.get(f"{address}/columns").text
    alice.post(f"{address}/columns", data=_fields(page, lon="ra", lat="dec", z="z"))
    assert alice.post(f"{address}/publish").headers["location"] == f"{address}/review"
    page = alice.get(f"{address}/review").text
    assert "Preparing the rows" in page
    assert "FINISH</button>" not in page


def test_what_is_no_table_is_kept_and_published(alice: httpx2.Client, register: Publish):
    product = register("Trained model", table=b"\x80\x04 model", file_name="model.pkl", kind=5)
    address = f"/product/{product.internal_name}"
    files = alice.get(f"{address}/files").text
    assert "The file is stored as it is" in files
    assert f'href="{address}/review"' in files
    assert "no columns to describe" in alice.get(f"{address}/columns").text
    assert alice.post(f"{address}/publish").headers["location"] == address
    assert "model.pkl" in alice.get(address).text
