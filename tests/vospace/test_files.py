import base64
import hashlib
from urllib.parse import quote

import pytest
import yaml

from products.files.download_counts import DownloadCounts
from products.models import Visibility
from tests.vospace.client import VOSpaceClient
from tests.vospace.conftest import MAIN_BYTES, NOTES_BYTES, ODD_NAME
from vospace.handlers.files import is_inert
from vospace.transfers.signed_urls import Direction

pytestmark = pytest.mark.either_database


def test_a_file_comes_byte_for_byte_with_its_digest(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name
    path = f"/vospace/files/products/{name}/main.dat"

    answer, head = space.client.get(path), space.client.head(path)

    assert answer.content == MAIN_BYTES
    md5 = base64.b64encode(hashlib.md5(MAIN_BYTES).digest()).decode()
    for headers in (answer.headers, head.headers):
        assert headers["digest"] == f"md5={md5}"
        assert headers["content-length"] == str(len(MAIN_BYTES))
        assert headers["content-disposition"] == 'inline; filename="main.dat"'
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


def test_an_archive_counts_once_for_each_product_in_it(space):
    products = [space.product(f"p{number}", Visibility.PUBLIC) for number in range(2)]
    paths = [("products", product.internal_name) for product in products]
    whole, first = (
        space.vospace.signed_urls.address(space.owner, Direction.ZIP, tuple(part)) for part in (paths, paths[:1])
    )
    tar = f"/vospace/archives/tar/products/{products[0].internal_name}"

    def counts() -> list[int]:
        found = DownloadCounts(space.database).of([product.id for product in products])
        return [found.get(product.id, 0) for product in products]

    space.client.head(whole)
    assert counts() == [0, 0]
    for address, expected in ((whole, [1, 1]), (first, [2, 1]), (tar, [3, 1])):
        assert space.client.get(address).status_code == 200
        assert counts() == expected


RUN_BY_BROWSERS = (
    "text/html", "TEXT/HTML; charset=utf-8", " text/html", "application/xhtml+xml", "image/svg+xml", "application/xml",
    "text/xml", "application/rss+xml", "application/x-votable+xml", "text/xsl", "application/javascript",
    "text/ecmascript", "application/pdf", "application/x-shockwave-flash", "application/java-archive",
    "multipart/x-mixed-replace", "message/rfc822", "text/plain, text/html", "text/plain\ttext/html", "text", "",
)  # fmt: skip
SHOWN = (
    "text/plain", "text/plain; charset=utf-8", "text/csv", "application/json", "application/fits", "image/png",
    "application/octet-stream", "application/vnd.apache.parquet", "application/x-hdf5", "video/mp4",
)  # fmt: skip


@pytest.mark.parametrize(
    "media_type", ["text/javascript", "Application/X-JavaScript;v=1", "text/css", "text/plain, text/jscript"]
)
def test_pages_of_the_site_cannot_load_scripts_and_styles_of_people(space, media_type):
    owner = VOSpaceClient(space.client, space.tokens["owner"])
    owner.put("/home/owner/f", b"alert(1)", headers={"Content-Type": media_type})
    for method in ("GET", "HEAD"):
        answer = owner.ask(method, "files/home/owner/f")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert owner.properties("/home/owner/f")["type"] == media_type


def test_it_is_known_what_browsers_run():
    assert [media_type for media_type in RUN_BY_BROWSERS if is_inert(media_type)] == []
    assert [media_type for media_type in SHOWN if not is_inert(media_type)] == []


@pytest.mark.parametrize(
    ("name", "media_type", "disposition"),
    [
        ("x", "text/plain", 'inline; filename="x"'),
        ("a b.fits", "application/fits", 'inline; filename="a b.fits"'),
        ("page.txt", "text/html", 'attachment; filename="page.txt"'),
        ("drawing.png", "image/svg+xml", 'attachment; filename="drawing.png"'),
        ('a";b\u00e9.csv', "text/csv", "inline; filename=\"a__b_.csv\"; filename*=UTF-8''a%22%3Bb%C3%A9.csv"),
    ],
)
def test_bytes_of_people_are_shown_and_never_run(space, name, media_type, disposition):
    owner = VOSpaceClient(space.client, space.tokens["owner"])
    path, content = ("home", "owner", name), b"<script>alert(document.domain)</script>"
    assert owner.put("/".join(("", *path)), content, headers={"Content-Type": media_type}).status_code == 201
    signed = space.vospace.signed_urls.address(space.owner, Direction.GET, (path,))
    for method, address in (("GET", None), ("HEAD", None), ("GET", signed), ("HEAD", signed)):
        answer = owner.ask(method, address or f"files{quote('/'.join(('', *path)))}")
        assert answer.headers["content-disposition"] == disposition
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["content-length"] == str(len(content))
