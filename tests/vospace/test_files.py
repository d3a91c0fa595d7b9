import base64
import hashlib
from urllib.parse import quote

import yaml

from products.download_counts import DownloadCounts
from products.models import Visibility
from tests.vospace.conftest import MAIN_BYTES, NOTES_BYTES, ODD_NAME


def test_a_file_comes_byte_for_byte_with_its_digest(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name
    path = f"/vospace/files/products/{name}/main.dat"

    answer, head = space.client.get(path), space.client.head(path)

    assert answer.content == MAIN_BYTES
    md5 = base64.b64encode(hashlib.md5(MAIN_BYTES).digest()).decode()
    for headers in (answer.headers, head.headers):
        assert headers["digest"] == f"md5={md5}"
        assert headers["content-length"] == str(len(MAIN_BYTES))
        assert headers["content-disposition"] == "attachment; filename=main.dat"
        assert headers["accept-ranges"] == "bytes"
        assert headers["last-modified"].endswith("GMT")
    assert head.content == b""
    assert space.client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_range_of_a_file_is_partial_content(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name
    path = f"/vospace/files/products/{name}/main.dat"

    part = space.client.get(path, headers={"Range": "bytes=100-199"})
    beyond = space.client.get(path, headers={"Range": f"bytes={len(MAIN_BYTES)}-"})

    assert (part.status_code, part.content) == (206, MAIN_BYTES[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(MAIN_BYTES)}"
    assert beyond.status_code == 416


def test_odd_names_are_found_when_they_are_quoted(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name

    assert space.client.get(f"/vospace/files/products/{name}/{quote(ODD_NAME)}").content == NOTES_BYTES


def test_the_description_is_yaml_whose_length_and_digest_hold(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name
    answer = space.client.get(f"/vospace/files/products/{name}/product_metadata.yaml")

    assert yaml.safe_load(answer.content)["display_name"] == "mine"
    assert int(answer.headers["content-length"]) == len(answer.content)
    part = space.client.get(str(answer.url), headers={"Range": "bytes=5-9"})
    assert part.content == answer.content[5:10]


def test_files_of_drafts_are_not_there_even_for_their_owner(space):
    name = space.product("draft", Visibility.PUBLIC, publish=False).internal_name
    answer = space.client.get(f"/vospace/files/products/{name}/main.dat", headers=space.as_("owner"))

    assert answer.status_code == 404


def test_files_of_products_count_as_downloads_when_their_last_byte_was_sent(space):
    product = space.product("counted", Visibility.PUBLIC)
    folder, last = f"/vospace/files/products/{product.internal_name}", len(MAIN_BYTES) - 1

    def count() -> int:
        return DownloadCounts(space.database).of([product.id]).get(product.id, 0)

    etag = space.client.head(f"{folder}/main.dat").headers["etag"]
    space.client.get(f"{folder}/main.dat", headers={"If-None-Match": etag})
    space.client.get(f"{folder}/main.dat", headers={"Range": f"bytes=0-{last - 1}"})
    space.client.get(f"{folder}/product_metadata.yaml")
    assert count() == 0
    space.client.get(f"{folder}/main.dat", headers={"Range": f"bytes={last}-"})
    assert count() == 1
    assert space.client.get(f"{folder}/main.dat").content == MAIN_BYTES
    space.client.get(f"{folder}/{quote(ODD_NAME)}")
    assert count() == 3
