import hashlib

import pytest
from pzserver.connections.connection import Connection
from pzserver.errors import BrokenDownloadError, NotFoundError
from pzserver.files.downloads import download
from pzserver.products.files import FileList, ProductFile, download_all

from tests.clients.local_server import Answer, local_server

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def local():
    with local_server() as server:
        yield server


def fetch(local, path, **options):
    return download(Connection("t", local.url), f"{local.url}/file", path, **options)


def test_a_download_that_breaks_off_is_taken_up_by_ranges(local, tmp_path):
    local.answers["/file"] = Answer(CONTENT, breaks=3, etag=SHA256)

    path = fetch(local, tmp_path / "x", size=len(CONTENT), sha256=SHA256)

    assert path.read_bytes() == CONTENT
    first, *later = [request[2] for request in local.requests]
    starts = [int(header.removeprefix("bytes=").rstrip("-")) for header in later]
    assert first is None
    assert starts == sorted(set(starts))
    assert starts[0] > 400_000
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_what_an_earlier_run_left_is_completed(local, tmp_path):
    local.answers["/file"] = Answer(CONTENT, etag=SHA256)
    (tmp_path / "x.part").write_bytes(CONTENT[:1000])

    assert fetch(local, tmp_path / "x", sha256=SHA256).read_bytes() == CONTENT
    assert local.requests[-1][2] == "bytes=1000-"


def test_a_file_that_changed_meanwhile_is_read_from_its_beginning(local, tmp_path):
    local.answers["/file"] = Answer(CONTENT, etag="another")
    (tmp_path / "x.part").write_bytes(b"old bytes")

    assert fetch(local, tmp_path / "x", sha256=SHA256).read_bytes() == CONTENT


def test_wrong_bytes_are_never_renamed_into_place(local, tmp_path):
    local.answers["/file"] = Answer(CONTENT[::-1])

    with pytest.raises(BrokenDownloadError, match="SHA-256"):
        fetch(local, tmp_path / "x", size=len(CONTENT), sha256=SHA256)
    with pytest.raises(BrokenDownloadError, match="instead of 7"):
        fetch(local, tmp_path / "x", size=7)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_makes_no_progress_is_given_up(local, tmp_path):
    local.answers["/file"] = Answer(b"a", breaks=100, etag=SHA256)

    with pytest.raises(BrokenDownloadError, match="was interrupted 5 times"):
        fetch(local, tmp_path / "x", sha256=SHA256)


def test_a_refusal_is_told_in_the_words_of_the_server(local, tmp_path):
    with pytest.raises(NotFoundError, match=r"There is nothing\."):
        fetch(local, tmp_path / "x")


def test_a_file_that_is_there_already_is_not_sent_again(local, tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)

    fetch(local, tmp_path / "x", sha256=SHA256)

    assert local.requests == []


@pytest.mark.parametrize("is_moved", [False, True])
def test_queries_between_the_blocks_of_a_file_do_not_cut_it(local, is_moved):
    path = "/vospace/files/products/1_x/x"
    local.answers["/whole"] = Answer(CONTENT)
    local.answers[path] = Answer(b"", 307, location=f"{local.url}/whole") if is_moved else Answer(CONTENT)
    connection = Connection("t", local.url)
    blocks = ProductFile("x", "main", None, None, None, None, "/products/1_x/x", connection).blocks(1000)

    first = next(blocks)
    connection.session.close_streams()  # as each query does at its end

    assert first + b"".join(blocks) == CONTENT


def test_a_product_without_files_is_downloaded_with_its_description(local, tmp_path):
    local.answers["/vospace/files/products/1_x/product_metadata.yaml"] = Answer(b"id: 1")

    folder = download_all(Connection("t", local.url), "1_x", FileList([]), tmp_path, progress=False)

    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("product_metadata.yaml", b"id: 1")]


def test_progress_is_told_up_to_the_whole(local, tmp_path):
    local.answers["/file"] = Answer(CONTENT)
    reported = []

    fetch(local, tmp_path / "x", progress=lambda done, total: reported.append((done, total)))

    assert reported[-1] == (len(CONTENT), len(CONTENT))
