"""The library pzserver 0.3.7 from PyPI, unmodified, does what its tutorial notebook does; every download breaks off."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.auth.service import AccountService
from tests.support.pypi_client import PypiClient
from tests.webui.api.conftest import Site

pytestmark = pytest.mark.slow

ROWS = 60
TABLE = {
    "objid": [float(i) for i in range(ROWS)],
    "RAdeg": [10 + i / 8 for i in range(ROWS)],
    "DEdeg": [-5 + i / 16 for i in range(ROWS)],
    "zsp": [i / 64 for i in range(ROWS)],
}
MODEL = b"".join(i.to_bytes(4, "little") for i in range(1_000_000))


@dataclass(frozen=True, slots=True)
class Notebook:
    """What the notebook said, and the folder in which it ran."""

    found: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def notebook(site: Site, todays_client: PypiClient, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    folder = tmp_path_factory.mktemp("notebook")
    script = Path(__file__).parent / "notebook.py"
    AccountService(site.database).add_user("hermit", None)
    return Notebook(todays_client.run(script, f"{site.proxy.base_url}/api/", site.alice.token, folder=folder), folder)


def test_the_vocabulary_is_listed(notebook: Notebook, site: Site):
    found = notebook.found["vocabulary"]
    assert found["types"][:2] == ["redshift_catalog", "training_set"]
    assert "alice" in found["users"]
    assert "hermit" not in found["users"]  # shares nothing with her, so she is not told of them
    known = {release["name"] for release in site.admin.json("GET", "releases/")["results"]}
    assert known >= {release["name"] for release in found["releases"]}


def test_products_are_listed_and_filtered(notebook: Notebook):
    found = notebook.found["listing"]
    tutorial = [f"Tutorial {name}" for name in ("bare", "csv", "fits", "hdf5", "pq", "vot")]
    for key in ("by type", "by two types", "by owner", "by name"):
        assert [name for name in found[key] if name.startswith("Tutorial")] == tutorial, key
    assert found["by search"] == ["Tutorial csv"]
    for key in ("by another owner", "by release", "official"):
        assert not set(found[key]) & set(tutorial), key
    assert found["by another owner"] == []
    assert "Invalid filter key" in found["wrong filter"]
    assert "release" in found["wrong filter"]


@pytest.mark.parametrize("name", ["csv", "fits", "hdf5", "pq"])
def test_a_product_is_read_as_it_was_uploaded(notebook: Notebook, name: str):
    assert notebook.found["reading"][name] == TABLE


def test_a_file_without_a_header_is_read_with_all_its_columns(notebook: Notebook):
    read = notebook.found["reading"]["bare"]
    assert list(read.values()) == list(TABLE.values())


def test_metadata_name_all_columns_and_those_with_a_meaning(notebook: Notebook):
    metadata = notebook.found["reading"]["metadata"]
    main = metadata["main_file"]
    assert (metadata["is_owner"], metadata["uploaded_by"], metadata["description"]) == (
        True,
        "alice",
        "**Tutorial csv**",
    )
    assert (main["name"], main["n_rows"], main["extension"], main["delimiter"]) == ("cat.csv", ROWS, ".csv", ",")
    assert main["columns"] == list(TABLE)
    assert main["columns_association"] == [
        {"column_name": "objid", "ucd": "meta.id;meta.main", "alias": "ID"},
        {"column_name": "RAdeg", "ucd": "pos.eq.ra;meta.main", "alias": "RA"},
        {"column_name": "DEdeg", "ucd": "pos.eq.dec;meta.main", "alias": "Dec"},
        {"column_name": "zsp", "ucd": "src.redshift", "alias": "z"},
    ]
    shown = notebook.found["reading"]["shown"]
    assert (shown["product_name"], shown["n_rows"], shown["n_columns"]) == ("Tutorial csv", "60", "4")
    assert notebook.found["reading"]["plot"] == "specz_catalog.png"


def test_a_zip_that_broke_off_is_resumed_and_whole(notebook: Notebook, site: Site):
    found = notebook.found["downloading"]
    assert "Done!" in found["said"]
    asked = site.proxy.ranges[f"/api/products/{found['model']}/download/file/"]
    assert asked == [None, "bytes=1048576-"]
    assert found["zip"].startswith(f"{found['model']}_tutorial_model_")
    with zipfile.ZipFile(notebook.folder / "zips" / found["zip"]) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["product_metadata.yaml", "model.bin"]
        assert archive.read("model.bin") == MODEL
        assert yaml.safe_load(archive.read("product_metadata.yaml"))["display_name"] == "Tutorial model"


def test_a_file_that_broke_off_is_resumed_and_whole(notebook: Notebook, site: Site):
    asked = site.proxy.ranges[f"/api/products/{notebook.found['downloading']['model']}/download/main-file/file/"]
    assert asked == [None, "bytes=1048576-"]
    for name, content in (("model.bin", MODEL), ("cat.vot", (notebook.folder / "cat.vot").read_bytes())):
        assert (notebook.folder / "files" / name).read_bytes() == content


def test_files_and_description_of_a_published_product_are_changed(notebook: Notebook):
    found = notebook.found["changing"]
    assert found["before"] == ["note.txt", "cat.vot"]
    assert found["after"] == ["cat.vot"]
    assert (found["about"], found["main"], found["description"]) == (["about.html"], "cat.csv", "changed")
    assert found["main file info"] == list(TABLE)


def test_a_deleted_product_is_not_found(notebook: Notebook):
    assert "product not found" in notebook.found["deleting"]


def test_there_are_no_pipelines_yet(notebook: Notebook):
    assert notebook.found["pipelines"]["display_name"] == "Training Set Maker"
