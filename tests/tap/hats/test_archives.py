"""Files of HATS catalogues in archives: which archives have one, and what is sent of it."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import ServiceBusyError, TooLargeError
from products.models import FileRole
from tap.hats.archive_members import catalogue_files
from tap.hats.archives import ArchivedCatalogues
from tap.hats.cuts import CutFiles

_CATALOGUE = {
    "hats.properties": b"obs_collection=x\n",
    "partition_info.csv": b"Norder,Npix\n0,4\n",
    "dataset/_common_metadata": b"PAR1",
    "dataset/Norder=0/Dir=0/Npix=4.parquet": b"PAR1 rows PAR1" * 1000,
}
_COLLECTION = {
    "collection.properties": b"hats_primary_table_url=cat\n",
    **{f"cat/{name}": content for name, content in _CATALOGUE.items()},
    **{f"margin/{name}": content for name, content in _CATALOGUE.items()},
    "notes.html": b"<script>alert(1)</script>",
}


def packed(path: Path, files: Mapping[str, bytes], root: str = "") -> Path:
    """Write a zip or a tar, by the ending of the path."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(root + name, content)
    else:
        with tarfile.open(path, "w") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(root + name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("root", ["", "survey/", "./a/b/"])
@pytest.mark.parametrize("files", [_CATALOGUE, _COLLECTION])
def test_the_files_are_those_below_the_root(tmp_path: Path, kind: str, root: str, files: Mapping[str, bytes]):
    found = catalogue_files(packed(tmp_path / f"a.{kind}", files, root))
    assert {name: file.size for name, file in found.items()} == {name: len(content) for name, content in files.items()}


@pytest.mark.parametrize(
    "files",
    [
        {"a.csv": b"x"},
        {"hats.properties": b""},
        {f"{root}/{name}": content for root in "ab" for name, content in _CATALOGUE.items()},
    ],
)
def test_what_is_not_one_catalogue_has_no_files(tmp_path: Path, files: Mapping[str, bytes]):
    assert catalogue_files(packed(tmp_path / "a.zip", files)) == {}


def test_what_is_no_archive_has_no_files(tmp_path: Path):
    path = tmp_path / "a.zip"
    for content in (b"", b"PK\x03\x04 damaged", b"text"):
        path.write_bytes(content)
        assert catalogue_files(path) == {}


def details(name: str = "a.zip") -> Any:
    """Give what is looked at of a product with a main file."""
    main = SimpleNamespace(role=FileRole.MAIN, name=name, stored_id="s1")
    return SimpleNamespace(files=(main,), product=SimpleNamespace(updated_at=datetime(2026, 1, 1, tzinfo=UTC)))


def archived(tmp_path: Path, kind: str = "zip", most_bytes: int = 10**6) -> ArchivedCatalogues:
    path = packed(tmp_path / f"stored.{kind}", {**_COLLECTION, "../outside.parquet": b"x"})
    cuts = CutFiles(tmp_path / "cuts", 10**6)
    return ArchivedCatalogues(lambda _: path, lambda name: name == "s1", cuts, most_bytes=most_bytes)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_files_have_their_bytes_and_harmless_media_types(tmp_path: Path, kind: str):
    catalogues = archived(tmp_path, kind)
    assert catalogues.has(details())
    assert not catalogues.has(details("a.csv"))
    for path, content in _COLLECTION.items():
        file = catalogues.file(details(), path)
        assert file is not None
        assert b"".join(file.read(0, file.size)) == content
        assert b"".join(file.read(3, 7)) == content[3:7]
        assert "html" not in file.media_type
    assert all(catalogues.has_source(path.name) for path in (tmp_path / "cuts").iterdir())
    assert not catalogues.has_source("s2~member-1")
    assert not catalogues.has_source("s1~catalog-0-4.parquet")


def test_an_archive_that_cannot_be_read_for_a_moment_is_read_again(tmp_path: Path):
    path = packed(tmp_path / "stored.zip", _COLLECTION)
    found = [tmp_path, tmp_path, path]  # a folder is no file that can be read
    catalogues = ArchivedCatalogues(
        lambda _: found.pop(0), lambda _: True, CutFiles(tmp_path / "cuts", 10**6), most_bytes=10**6
    )
    assert not catalogues.has(details())
    with pytest.raises(ServiceBusyError, match="Try again"):
        catalogues.file(details(), "collection.properties")
    assert catalogues.has(details())


def test_folders_are_listed_and_nothing_else_is_found(tmp_path: Path):
    catalogues = archived(tmp_path)
    top, folder = catalogues.file(details(), ""), catalogues.file(details(), "cat/dataset/Norder=0/Dir=0")
    assert top is not None
    assert {"collection.properties", "cat/", "margin/"} <= set(top.entries or ())
    assert folder is not None
    assert folder.entries == ("Npix=4.parquet",)
    for path in ("cat/none", "../stored.zip", "/etc/passwd", "cat/../../stored.zip"):
        assert catalogues.file(details(), path) is None
    found = catalogues.file(details(), "../outside.parquet")
    assert found is not None
    assert {path.parent for path in tmp_path.rglob("s1*")} == {tmp_path / "cuts"}


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path):
    catalogues = archived(tmp_path, most_bytes=1000)
    with pytest.raises(TooLargeError, match="14000 bytes"):
        catalogues.file(details(), "cat/dataset/Norder=0/Dir=0/Npix=4.parquet")
