"""Files in parts over REST and on the page of step 2: resumed, refused early, cancelled, within the quota."""

import base64
import hashlib
from datetime import timedelta

import httpx2
import pytest

from core.database import utc_now
from core.errors import ConflictError, NotFoundError
from products.lifecycle.partial_uploads import NewUpload
from products.models import FileRole, InspectionState
from products.schema import ProductUploadRow
from products.service import NewProduct
from server.services import Services
from tests.webui.pages.conftest import TABLE, Publish, SignIn

_BIG = TABLE + b"".join(b"%d,10.%d,-5.5,0.4,B\n" % (n, n) for n in range(4, 700))
_ADDRESS = "/api/products/1/uploads"


@pytest.fixture
def draft(services: Services) -> int:
    """A draft of alice without files."""
    identity = services.accounts.service.identity_of_user("alice")
    return services.products.service.create(identity, NewProduct("VVDS sample", 1)).id


def started(client: httpx2.Client, data: bytes = _BIG, **changed: object) -> httpx2.Response:
    new = {"name": "vvds.csv", "role": "main", "size": len(data), "fingerprint": "7"}
    ends = {"first": base64.b64encode(data[:65536]).decode(), "last": base64.b64encode(data[-65536:]).decode()}
    return client.post(_ADDRESS, json={**new, **ends, **changed})


def test_parts_make_the_file_and_start_its_inspection(alice: httpx2.Client, draft: int, services: Services) -> None:
    begun = started(alice)
    assert (begun.status_code, begun.json()["received"], begun.json()["next_part"]) == (201, 0, len(_BIG))
    address = f"{_ADDRESS}/{begun.json()['id']}"
    for start, end in ((0, 1000), (1000, 5000)):
        sent = alice.patch(address, params={"offset": start}, content=_BIG[start:end]).json()
        assert (sent["received"], sent["file"]) == (end, None)
        assert alice.get(address).json()["received"] == end
    done = alice.patch(address, params={"offset": 5000}, content=_BIG[5000:]).json()
    assert (done["file"]["name"], done["file"]["size"]) == ("vvds.csv", len(_BIG))
    details = services.products.service.details(services.accounts.service.identity_of_user("alice"), draft)
    (file,) = details.files
    assert file.sha256 == hashlib.sha256(_BIG).hexdigest()
    assert details.product.inspection_state is InspectionState.RUNNING
    assert alice.get(_ADDRESS).json()["count"] == 0
    assert alice.get(address).status_code == 404


def test_what_a_broken_request_sent_is_kept_and_continued(alice: httpx2.Client, draft: int, services: Services) -> None:
    number = started(alice).json()["id"]
    identity, uploads = services.accounts.service.identity_of_user("alice"), services.products.partial_uploads
    part = uploads.append(identity, draft, number, 0)
    part.write(_BIG[:3000])
    with pytest.raises(ConflictError, match="Another request sends bytes"):
        uploads.append(identity, draft, number, 0)
    part.close()
    again = started(alice).json()
    assert (again["id"], again["received"]) == (number, 3000)
    assert "vvds.csv" in alice.get("/product/1_vvds_sample/files").text
    assert "choose the same file again" in alice.get("/product/1_vvds_sample/files").text
    wrong = alice.patch(f"{_ADDRESS}/{number}", params={"offset": 0}, content=_BIG)
    assert (wrong.status_code, "3000 bytes have arrived" in wrong.text) == (409, True)
    done = alice.patch(f"{_ADDRESS}/{number}", params={"offset": 3000}, content=_BIG[3000:]).json()
    assert done["file"]["size"] == len(_BIG)


@pytest.mark.parametrize("changed", [{"fingerprint": "8"}, {"size": len(_BIG) - 1}, {"first": "eHl6"}])
def test_another_file_of_the_name_begins_anew(alice: httpx2.Client, draft: int, changed: dict[str, object]) -> None:
    assert draft == 1
    number = started(alice).json()["id"]
    alice.patch(f"{_ADDRESS}/{number}", params={"offset": 0}, content=_BIG[:3000])
    again = started(alice, **changed).json()
    assert (again["id"] != number, again["received"]) == (True, 0)
    assert alice.get(_ADDRESS).json()["count"] == 1


def test_a_wrong_file_is_refused_before_it_is_sent(alice: httpx2.Client, draft: int) -> None:
    assert draft == 1
    for changed, status, said in (
        ({"name": "vvds.fits"}, 422, "vvds.fits is not a FITS file"),
        ({"size": 30_000}, 413, "larger than the limit"),
        ({"size": 0}, 400, "empty"),
        ({"size": "x"}, 400, "size of the file"),
        ({"name": ""}, 400, "name of the file"),
        ({"role": "x"}, 400, "not a role"),
        ({"first": "?"}, 400, "not base64"),
    ):
        refused = started(alice, **changed)
        assert (refused.status_code, said in refused.text) == (status, True), (changed, refused.text)
    assert alice.get(_ADDRESS).json()["count"] == 0


def test_the_first_bytes_are_checked_when_they_arrive(alice: httpx2.Client, draft: int) -> None:
    assert draft == 1
    number = started(alice, name="vvds.fits", first="", last="").json()["id"]
    refused = alice.patch(f"{_ADDRESS}/{number}", params={"offset": 0}, content=_BIG)
    assert (refused.status_code, "vvds.fits is not a FITS file" in refused.text) == (422, True)
    assert alice.get(_ADDRESS).json()["count"] == 0


def test_more_bytes_than_announced_are_refused(alice: httpx2.Client, draft: int) -> None:
    assert draft == 1
    number = started(alice, size=len(_BIG) - 5).json()["id"]
    assert alice.patch(f"{_ADDRESS}/{number}", params={"offset": 0}, content=_BIG).status_code == 413


def test_uploads_are_discarded_over_rest_and_on_the_page(
    alice: httpx2.Client, sign_in: SignIn, draft: int, services: Services
) -> None:
    assert draft == 1
    first = started(alice).json()["id"]
    second = started(alice, name="notes.txt", role="auxiliary").json()["id"]
    assert alice.get(_ADDRESS).json()["count"] == 2
    assert sign_in("bob").delete(f"{_ADDRESS}/{first}").status_code in {403, 404}
    assert alice.delete(f"{_ADDRESS}/{first}").status_code == 204
    page = f"/product/1_vvds_sample/uploads/{second}/discard"
    assert alice.post(page).headers["location"] == "/product/1_vvds_sample/files"
    assert alice.get(_ADDRESS).json()["count"] == 0
    assert list((services.settings.data / "staging").glob("*.part")) == []


def test_uploads_count_in_the_quota_from_their_start(alice: httpx2.Client, draft: int, services: Services) -> None:
    assert draft == 1
    with services.database.write() as session:
        from core.auth.schema import UserRow

        session.query(UserRow).filter_by(name="alice").one().quota_bytes = len(_BIG) + 10
    assert started(alice).status_code == 201
    refused = started(alice, name="notes.txt", role="auxiliary")
    assert (refused.status_code, "quota" in refused.text) == (413, True)
    whole = alice.post("/api/product-files", data={"product": 1, "role": 2}, files={"file": ("notes.txt", bytes(100))})
    assert (whole.status_code, "quota" in whole.text) == (413, True)
    assert started(alice).status_code == 201  # the same file is continued


def test_housekeeping_keeps_uploads_for_a_week(alice: httpx2.Client, draft: int, services: Services) -> None:
    number = started(alice).json()["id"]
    alice.patch(f"{_ADDRESS}/{number}", params={"offset": 0}, content=_BIG[:3000])
    services.products.housekeeping.sweep(older_than=-1)
    assert alice.get(f"{_ADDRESS}/{number}").json()["received"] == 3000
    with services.database.write() as session:
        session.get_one(ProductUploadRow, number).updated_at = utc_now() - timedelta(days=8)
    services.products.housekeeping.sweep(older_than=-1)
    assert alice.get(f"{_ADDRESS}/{number}").status_code == 404
    identity = services.accounts.service.identity_of_user("alice")
    begun = services.products.partial_uploads.start(identity, draft, NewUpload(FileRole.MAIN, "a.csv", 3))
    with services.database.read() as session:
        services.store.abandon(session.get_one(ProductUploadRow, begun.id).staged_id)
    with pytest.raises(NotFoundError, match="start it again"):
        services.products.partial_uploads.append(identity, draft, begun.id, 0)
    assert services.products.partial_uploads.unfinished(identity, draft) == ()


def test_files_are_added_to_a_published_product_in_parts(alice: httpx2.Client, publish: Publish) -> None:
    product = publish()
    page = alice.get(f"/product/{product.internal_name}/edit").text
    assert page.count(f'data-uploads="/api/products/{product.id}/uploads"') == 2
    assert started(alice).status_code == 409  # the main file stays
    number = started(alice, b"notes", name="notes.txt", role="auxiliary").json()["id"]
    done = alice.patch(f"{_ADDRESS}/{number}", params={"offset": 0}, content=b"notes").json()
    assert (done["file"]["name"], done["file"]["role"]) == ("notes.txt", 2)
