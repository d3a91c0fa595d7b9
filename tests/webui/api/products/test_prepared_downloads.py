"""Downloads by links, as today's client asks for them, by plain HTTP."""

import hashlib
import re
import zipfile
from io import BytesIO

import pytest
import requests
import yaml
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from tests.server.api import Api
from tests.webui.api.conftest import TABLE, Site

pytestmark = pytest.mark.slow

ARCHIVE = {
    *("id", "task_id", "status", "filename", "size", "checksum", "source_signature", "created_at", "updated_at"),
    *("download_url", "expired_time"),
}
ZIP, MAIN_FILE = "download", "download/main-file"


class _Late(TimestampSigner):
    """Signs as if sixteen minutes had passed."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() - 960


def prepare(api: Api, product: dict, scope: str) -> dict:
    """Ask as the library does: a POST that says JSON and has no body."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    answer = api.call("POST", f"products/{product['id']}/{scope}/prepare/", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    return found


def fetch(api: Api, link: dict, **headers: str) -> requests.Response:
    """Fetch a link, past the proxy that breaks downloads off."""
    path = re.sub("^http://[^/]+", api.base_url, link["download_url"])
    return requests.get(path, headers={"Authorization": f"Token {api.token}", **headers}, timeout=60)


@pytest.fixture(scope="module")
def accented(site: Site, catalogue: dict, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A product whose main file has a name beyond ASCII, with blanks."""
    path = tmp_path_factory.mktemp("accented") / "catálogo dos céus.dat"
    path.write_bytes(bytes(range(256)) * 40)
    product = site.alice.upload("Modèle", "training_results", path)
    site.alice.json("GET", f"products/{product['id']}/registry/")
    site.alice.json("PATCH", f"products/{product['id']}/", data={"status": 1})
    return product


@pytest.mark.parametrize("scope", [ZIP, MAIN_FILE])
def test_a_download_is_ready_at_once(site: Site, catalogue: dict, scope: str):
    link = prepare(site.bob, catalogue, scope)
    assert set(link) == ARCHIVE
    assert link["status"] == "ready"
    again = site.bob.json("GET", f"products/{catalogue['id']}/{scope}/status/")
    assert (again["status"], again["source_signature"]) == ("ready", link["source_signature"])
    answer = fetch(site.bob, link)
    assert (answer.status_code, len(answer.content)) == (200, link["size"])
    assert link["checksum"] == again["checksum"] == hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["content-length"] == str(link["size"])
    assert answer.headers["accept-ranges"] == "bytes"


def test_the_zip_has_the_files_at_its_root_behind_their_description(site: Site, catalogue: dict):
    link = prepare(site.bob, catalogue, ZIP)
    assert re.fullmatch(rf"{catalogue['internal_name']}_[0-9a-f]{{32}}\.zip", link["filename"])
    with zipfile.ZipFile(BytesIO(fetch(site.bob, link).content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["product_metadata.yaml", "cat.csv"]
        assert archive.read("cat.csv") == TABLE.encode()
        assert yaml.safe_load(archive.read("product_metadata.yaml"))["internal_name"] == catalogue["internal_name"]


def test_the_main_file_is_what_was_sent(site: Site, catalogue: dict):
    link = prepare(site.bob, catalogue, MAIN_FILE)
    answer = fetch(site.bob, link)
    assert answer.content == TABLE.encode()
    assert link["checksum"] == hashlib.sha256(TABLE.encode()).hexdigest()
    assert answer.headers["content-disposition"] == "attachment; filename=cat.csv"


@pytest.mark.parametrize("scope", [ZIP, MAIN_FILE])
def test_ranges_of_two_links_are_parts_of_one_whole(site: Site, catalogue: dict, scope: str):
    whole = fetch(site.bob, prepare(site.bob, catalogue, scope)).content
    for start in (1, 100, len(whole) - 1):
        part = fetch(site.bob, prepare(site.bob, catalogue, scope), Range=f"bytes={start}-")
        assert (part.status_code, part.content) == (206, whole[start:])
        assert part.headers["content-range"] == f"bytes {start}-{len(whole) - 1}/{len(whole)}"
    beyond = fetch(site.bob, prepare(site.bob, catalogue, scope), Range=f"bytes={len(whole)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def test_a_link_holds_for_its_product_scope_and_user_alone(site: Site, catalogue: dict, accented: dict):
    link = prepare(site.bob, catalogue, ZIP)
    assert fetch(site.alice, link).status_code == 403
    bare = re.sub("^http://[^/]+", site.bob.base_url, link["download_url"])
    assert requests.get(bare, timeout=60).status_code == 401
    for wrong in (
        link["download_url"].replace("/download/", "/download/main-file/"),
        link["download_url"].replace(f"/{catalogue['id']}/", f"/{accented['id']}/"),
        re.sub("token=.{5}", "token=AAAAA", link["download_url"]),
    ):
        answer = fetch(site.bob, {"download_url": wrong})
        assert (answer.status_code, answer.json()["detail"]) == (403, "Invalid download token.")
    missing = fetch(site.bob, {"download_url": link["download_url"].partition("?")[0]})
    assert (missing.status_code, missing.json()["detail"]) == (403, "Missing download token.")


def test_a_link_ends_after_fifteen_minutes(site: Site, catalogue: dict):
    key = (site.data / "secret-key").read_text()
    link = prepare(site.bob, catalogue, ZIP)
    said = URLSafeTimedSerializer(key, salt="photoz.download").loads(link["download_url"].partition("token=")[2])
    late = URLSafeTimedSerializer(key, salt="photoz.download", signer=_Late).dumps(said)
    answer = fetch(site.bob, {"download_url": re.sub("token=.*", f"token={late}", link["download_url"])})
    assert (answer.status_code, answer.json()["detail"]) == (403, "Download token has expired.")


def test_the_access_rule_is_asked_again_when_a_link_is_fetched(site: Site, accented: dict):
    link = prepare(site.bob, accented, MAIN_FILE)
    site.alice.json("PATCH", f"products/{accented['id']}/", json={"visibility": "private"})
    assert fetch(site.bob, link).status_code == 404
    assert site.bob.call("POST", f"products/{accented['id']}/download/prepare/").status_code == 404
    site.alice.json("PATCH", f"products/{accented['id']}/", json={"visibility": "registered"})
    assert fetch(site.bob, link).status_code == 200


def test_what_was_changed_meanwhile_is_not_joined_to_what_was_downloaded_before(site: Site, accented: dict):
    link = prepare(site.bob, accented, ZIP)
    site.alice.json("PATCH", f"products/{accented['id']}/", data={"description": "changed meanwhile"})
    resumed = fetch(site.bob, link, Range="bytes=100-")
    assert (resumed.status_code, "changed" in resumed.json()["detail"]) == (409, True)
    assert fetch(site.bob, link).status_code == 200


def test_names_beyond_ascii_have_a_plain_form_first(site: Site, accented: dict):
    header = fetch(site.bob, prepare(site.bob, accented, MAIN_FILE)).headers["content-disposition"]
    plain, _, full = header.partition("; filename*=")
    assert plain == "attachment; filename=cat_logo_dos_c_us.dat"
    assert requests.utils.unquote(full) == "UTF-8''catálogo dos céus.dat"


def test_older_clients_fetch_without_a_link(site: Site, catalogue: dict, accented: dict):
    archive = site.bob.call("GET", f"products/{catalogue['id']}/download/")
    assert archive.headers["deprecation"] == "true"
    assert archive.headers["link"] == f'</api/products/{catalogue["id"]}/download/prepare/>; rel="successor-version"'
    with zipfile.ZipFile(BytesIO(archive.content)) as read:
        assert read.read("cat.csv") == TABLE.encode()
    main = site.bob.call("GET", f"products/{accented['id']}/download_main_file/")
    assert main.content == bytes(range(256)) * 40
    assert main.headers["content-disposition"].partition("filename=")[2] == "cat_logo_dos_c_us.dat"
    assert requests.get(f"{site.bob.base_url}/api/products/{catalogue['id']}/download/", timeout=60).status_code == 401
