"""Scripts of pzserver 0.3.7 with our library: keys, filters, tables that are shown, uploads, inputs of processes."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pzserver import InvalidValueError, NotFoundError, PzServer, RequiredColumnsException, SpeczCatalog, get_version
from pzserver.compat import deprecations

from core.database import Database
from products.service import ProductService
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

_COLUMNS = {"alpha": "RA", "delta": "Dec", "shift": "z"}
#: Keys of the public server's product, and of what belongs to it.
_PRODUCT_KEYS = {
    "id", "release", "release_name", "product_type", "product_type_name", "product_type_internal_name", "uploaded_by",
    "is_owner", "origin", "process_status", "process_id", "product_status", "can_delete", "can_update",
    "internal_name", "display_name", "official_product", "pz_code", "description", "created_at", "updated_at", "status",
    "release_year",
}  # fmt: skip
_FILE_KEYS = {"name", "type", "extension", "size", "n_rows", "is_directory", "columns", "columns_association"}
_RELEASE_KEYS = {
    "id", "name", "display_name", "description", "created_at", "indexing_column", "has_mag_hats", "has_flux_hats",
    "dereddening", "fluxes", "is_public", "access_groups",
}  # fmt: skip


@pytest.fixture(scope="module")
def published(
    ours: PzServer, library_server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, int]]:
    """A redshift catalogue, a model of a release, and a draft, by name."""
    folder = tmp_path_factory.mktemp("compat")
    database = Database(f"sqlite:///{library_server.data / 'photoz.sqlite'}")
    ProductService(database).ensure_release("compat1", "Compat One")
    database.close()
    (folder / "cat.csv").write_text("alpha,delta,shift\n10.5,-5.25,0.5\n10.75,-5.5,0.25\n")
    (folder / "model.pkl").write_bytes(b"model")
    redshifts = ours.upload("Compat redshifts", "redshift_catalog", folder / "cat.csv", columns=_COLUMNS)
    description = f"**<b>Bold</b>**\n{'long ' * 30}end"
    model = ours.upload("Compat model", "other", folder / "model.pkl", release="compat1", description=description)
    draft = ours.upload("Compat draft", "other", folder / "model.pkl", publish=False)
    numbers = {"redshifts": redshifts.product_id, "model": model.product_id, "draft": draft.product_id}
    yield numbers
    for number in numbers.values():
        ours.delete_product(number)


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What IPython was given to show."""
    shown: list[Any] = []
    package, module = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    module.display = shown.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown


@pytest.fixture
def _warned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecations, "_told", set())


def test_metadata_have_the_keys_of_todays_server(ours: PzServer, published: dict[str, int]):
    metadata = ours.get_product_metadata(str(published["redshifts"]))
    assert metadata.keys() >= _PRODUCT_KEYS | {"main_file"}
    assert metadata["main_file"].keys() >= _FILE_KEYS | {"delimiter", "has_header"}
    assert metadata["main_file"]["columns"] == list(_COLUMNS)
    assert {each["column_name"]: each["alias"] for each in metadata["main_file"]["columns_association"]} == _COLUMNS
    (listed,) = ours.get_products_list({"internal_name": metadata["internal_name"]})
    assert listed == {key: value for key, value in metadata.items() if key != "main_file"}
    assert isinstance(listed["product_type"], int)
    assert metadata["created_at"].endswith("Z")
    assert ours.get_releases()[0].keys() >= _RELEASE_KEYS
    assert ours.get_product_types()[0].keys() >= {"id", "name", "display_name", "order", "description", "created_at"}
    with pytest.raises(ValueError, match="product not found: there is no 'x'"):
        ours.get_product_metadata("x")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"release": "Compat One"}, {"model"}),
        ({"release": "compat1"}, {"model"}),
        ({"release__or": ["nothing", "Compat"]}, {"model"}),
        ({"release__isnull": False}, {"model"}),
        ({"release__isnull": True}, {"redshifts"}),
        ({"product_type": "Reference Redshift"}, {"redshifts"}),
        ({"product_type__or": ["other", "redshift_catalog"]}, {"redshifts", "model"}),
        ({"product_type__in": [1, np.int64(7)]}, {"redshifts", "model"}),
        ({"internal_name__in": ["{model}", "{redshifts}", "999_no"]}, {"redshifts", "model"}),
        ({"display_name__in": "Compat model, Compat draft"}, {"model"}),
        ({"search": "compat model"}, {"model"}),
        ({"status": 0}, {"draft"}),
        ({"status__in": [1]}, {"redshifts", "model"}),
        ({"product_name": ["comp", "mod"]}, {"model"}),
        ({"uploaded_by": "test_methods", "official_product": False}, {"redshifts", "model"}),
        ({"has_redshift": True}, {"redshifts"}),
        ({"rows__gte": 2}, {"redshifts"}),
    ],
)
def test_filters_are_those_of_rest(
    ours: PzServer, published: dict[str, int], filters: dict[str, object], found: set[str]
):
    names = {name: ours.get_product_metadata(number)["internal_name"] for name, number in published.items()}
    filters = {
        key: [each.format(**names) if isinstance(each, str) else each for each in value]
        if isinstance(value, list)
        else value
        for key, value in filters.items()
    }
    numbers = {each["id"] for each in ours.get_products_list(filters)}
    assert {name for name, number in published.items() if number in numbers} == found


def test_an_unknown_filter_is_refused_with_those_that_there_are(ours: PzServer):
    with pytest.raises(ValueError, match=r"'colour' is not a filter; .*internal_name__in.* product_type__or.* search"):
        ours.get_products_list({"colour": "red"})


def test_tables_are_shown_whole_wherever_they_are_asked_for(
    ours: PzServer, published: dict[str, int], displayed: list[Any]
):
    for name in ("Compat model", "Compat redshifts"):
        assert ours.display_products_list({"display_name": name}) is None
    ours.display_product_types()
    ours.display_product_metadata(published["redshifts"])
    model, redshifts, types_, metadata = (shown._repr_html_() for shown in displayed)
    assert ">Compat model<" in model
    assert "&lt;b&gt;Bold&lt;/b&gt;" in model  # what an owner wrote is not part of the page
    assert f"\n{'long ' * 30}end" in model
    assert "None" not in redshifts
    assert "NaN" not in redshifts
    assert "redshift_catalog" in types_
    assert all(word in metadata for word in ("columns_association", "n_columns", "n_rows", "product_name", "0.00 MB"))
    frame = ours.display_product_metadata(published["redshifts"], show=False)
    assert frame is not None
    values = dict(zip(frame["key"], frame["value"], strict=True))
    assert (values["n_rows"], values["n_columns"], values["columns"]) == (2, 3, list(_COLUMNS))
    assert len(displayed) == 4


def test_tables_are_printed_where_there_is_no_ipython(
    ours: PzServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    ours.display_users()
    assert "Username" in capsys.readouterr().out


@pytest.mark.usefixtures("_warned_again")
def test_names_with_a_newer_way_warn_once(ours: PzServer, published: dict[str, int], tmp_path: Path):
    with pytest.warns(DeprecationWarning, match="pzserver.__version__") as caught:
        assert get_version() == get_version()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    metadata, rows = ours.get_product_metadata(published["redshifts"]), pd.DataFrame({"alpha": [1.0]})
    with pytest.warns(DeprecationWarning, match="transform_df"):
        catalog = ours.transform_df(rows, metadata)
    assert isinstance(catalog, SpeczCatalog)
    assert catalog.columns == metadata["main_file"]["columns_association"]
    with pytest.warns(DeprecationWarning, match=r"PzServer\.api"):
        saved = ours.api.download_main_file(published["model"], tmp_path / "new" / "folder")
    assert Path(saved["message"]).read_bytes() == b"model"


def test_a_text_without_a_header_has_its_columns_counted_from_zero(ours: PzServer, tmp_path: Path):
    path = tmp_path / "bare.csv"
    path.write_text("1,10.5,-5.25,0.5\n2,10.75,-5.5,0.25\n3,11.5,-5.75,0.125\n")
    upload = ours.upload("Bare", "redshift_catalog", path)
    upload.make_columns_association({"1": "RA", "2": "Dec"})
    assert upload.check_required_columns() == {"success": False, "message": "Required columns NOT filled: ['z']"}
    with pytest.raises(RequiredColumnsException, match="z"):
        upload.save()
    upload.make_columns_association({"3": "z"})
    upload.save()
    assert upload.columns == {"0": None, "1": "RA", "2": "Dec", "3": "z"}
    assert ours.get_product(upload.product_id)["3"].tolist() == [0.5, 0.25, 0.125]
    ours.delete_product(upload.product_id)


def test_uploads_and_products_have_what_scripts_call(ours: PzServer, published: dict[str, int], tmp_path: Path):
    notes = tmp_path / "notes.txt"
    notes.write_text("how it was made")
    upload = ours.upload("Attached", "other", notes)
    upload.add_auxiliary_file(notes)
    assert upload.system_columns["z_err"] == ("z_err", "stat.error;src.redshift")
    assert upload.check_required_columns()["success"]
    upload.save()  # it is published already
    name = ours.get_product_metadata(upload.product_id)["internal_name"]
    product = ours.get_product_object(name)
    product.attach_auxiliary_file(notes)
    assert [each["name"] for each in product.get_auxiliary_files()] == ["notes_2.txt", "notes_3.txt"]
    assert len(upload.files_id) == 3
    assert product.main_file["name"] == "notes.txt"
    with pytest.raises(InvalidValueError, match="Cannot remove main file"):
        product.remove_file(np.int64(product.main_file["id"]))
    draft = ours.get_product_metadata(published["draft"])["internal_name"]
    assert ours.get_product_object(draft).attributes["product_status"] == "Registering"
    ours.delete_product(upload.product_id)
    with pytest.raises(NotFoundError):
        ours.get_product_object(name)


def test_inputs_of_a_wrong_type_are_refused_at_once(ours: PzServer, published: dict[str, int]):
    process = ours.combine_redshift_catalogs("x")
    with pytest.raises(InvalidValueError, match=r"not of the expected type: .*_compat_model' is of type Other"):
        process.append_catalog(published["model"])
    assert (process.inputs, process.input_catalogs) == ([], [])
    number = published["redshifts"]
    for each in (np.int64(number), str(number), ours.get_product_metadata(number)["internal_name"]):
        process.append_catalog(each)
    assert process.inputs == [published["redshifts"]]
    assert process.input_catalogs[0].keys() == {"name", "internal_name", "id"}
    with pytest.raises(InvalidValueError, match="expected type"):
        ours.training_set_maker("x").set_redshift(published["model"])


def test_attributes_of_processes_are_those_of_todays_library(
    ours: PzServer, published: dict[str, int], capsys: pytest.CaptureFixture[str]
):
    maker = ours.training_set_maker("x")
    assert maker.pipeline.parameters["crossmatch"]["radius_arcsec"] == 1.0
    assert (maker.pipeline.pipeline_id, maker.pipeline.output_product_type["name"]) == (1, "training_set")
    assert maker.available_product_types() == ["redshift_catalog"]
    with pytest.warns(UserWarning, match="'duplicate_criteria' has no effect"):
        maker.set_config({"duplicate_criteria": "closest", "output_format": "csv"})
    assert maker.used_config["param"]["duplicate_criteria"] == "closest"
    assert (maker.process_config, maker.used_config["output_format"]) == ({"output_format": "csv"}, "csv")
    maker.set_redshift(published["redshifts"])
    maker.set_release(name="compat1")
    assert (maker.redshift or {})["id"] == published["redshifts"]
    assert (maker.release or {})["display_name"] == "Compat One"
    assert (maker.process, maker.output, maker.stop()) == (None, None, "No process is running")
    maker.summary()
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("Training Set Maker: x", "Inputs: Compat redshifts", "Release: Compat One"))
    with pytest.raises(ValueError, match="no object catalogue of the release Compat One"):
        maker.run()
