"""The library against the real server: a catalogue from upload to download."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
import qp
import yaml
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from astropy.table import Table
from astropy.units import Unit
from pzserver import AuthenticationError, InvalidValueError, NotFoundError, PzServer, RequiredColumnsError

from tests.products.readers.qp.samples import with_ancillary, write_ensemble
from tests.support.server import RunningServer, photoz_command, running_server

pytestmark = pytest.mark.slow

COLUMNS = {"RAJ2000": "RA", "DEJ2000": "Dec", "zspec": "z"}
ROWS = 500


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    if photoz_command() is None:
        pytest.skip("the command photoz is not installed beside this Python: pip install -e .")
    with running_server(tmp_path_factory.mktemp("client") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def server(running: RunningServer) -> Iterator[PzServer]:
    assert running.account is not None
    with PzServer(running.account.token, f"{running.base_url}/api/") as server:
        yield server


@pytest.fixture(scope="module")
def original() -> Table:
    random = np.random.default_rng(7)
    table = Table(
        {
            "objid": np.arange(ROWS),
            "RAJ2000": random.uniform(149.5, 150.5, ROWS),
            "DEJ2000": random.uniform(1.5, 2.5, ROWS),
            "zspec": random.uniform(0, 2, ROWS),
            "survey": [f"s{i % 3}" for i in range(ROWS)],
        }
    )
    table["RAJ2000"].unit = table["DEJ2000"].unit = "deg"
    return table


@pytest.fixture(scope="module")
def published(server: PzServer, original: Table, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("files")
    path, notes = folder / "cat.parquet", folder / "notes on it.txt"
    original.write(path)
    notes.write_text("all well\n")
    upload = server.upload(
        "My catalogue", "redshift_catalog", path, auxiliary_files=[notes], description="*mine*", columns=COLUMNS
    )
    assert upload.is_published
    return upload.product_id, path


def test_a_published_product_is_listed_and_described(server, published, capsys):
    number, path = published

    (listed,) = server.get_products_list({"product_type": "redshift_catalog", "product_name": ["my", "cata"]})
    metadata = server.get_product_metadata(listed["internal_name"])

    assert listed["id"] == number
    assert (metadata["display_name"], metadata["description"]) == ("My catalogue", "*mine*")
    assert metadata["main_file"]["size"] == path.stat().st_size
    aliases = {item["column_name"]: item["alias"] for item in metadata["main_file"]["associated_columns"]}
    assert {name: aliases[name] for name in COLUMNS} == COLUMNS
    assert {item["column_name"]: item["alias"] for item in metadata["main_file"]["columns_association"]} == COLUMNS
    assert server.display_products_list() is None
    assert "My catalogue" in capsys.readouterr().out
    assert server.get_products_list({"internal_name": "no' OR '1'='1"}) == []


def test_types_and_releases_come_in_their_order(server, capsys):
    names = [kind["name"] for kind in server.get_product_types()]

    assert names[:3] == ["redshift_catalog", "training_set", "training_results"]
    server.display_releases()
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("Name", "Release", "Description"))


@pytest.mark.parametrize("extension", ["parquet", "fits", "csv", "hdf5", "vot"])
def test_a_product_comes_back_with_the_values_of_the_original(server, original, tmp_path, extension):
    kinds = {"csv": "ascii.csv", "vot": "votable"}
    options = {"path": "data", "serialize_meta": True} if extension == "hdf5" else {}
    path = tmp_path / f"catalog.{extension}"
    original.write(path, format=kinds.get(extension, extension), **options)

    upload = server.upload(f"As {extension}", "redshift_catalog", path, columns=COLUMNS)
    table = server.get_product(upload.product_id)

    assert table.colnames == original.colnames
    for name in ("objid", "RAJ2000", "DEJ2000", "zspec"):
        np.testing.assert_array_equal(table[name], original[name])
    assert [str(value) for value in table["survey"]] == list(original["survey"])
    server.delete_product(upload.product_id)
    with pytest.raises(NotFoundError, match="no published product"):
        server.get_product(upload.product_id)


def test_the_guesses_of_the_server_can_be_taken(server, tmp_path):
    path = tmp_path / "plain.csv"
    random = np.random.default_rng(3)
    columns = {"ra": random.uniform(10, 20, 50), "dec": random.uniform(-5, 5, 50), "redshift": random.uniform(0, 1, 50)}
    Table(columns).write(path)

    upload = server.upload("guessed", "redshift_catalog", path, columns="guess")

    assert upload.is_published
    assert upload.columns == {"ra": "RA", "dec": "Dec", "redshift": "z"}
    server.delete_product(upload.product_id)


def test_a_layout_that_only_the_server_reads_comes_as_rows(server, tmp_path):
    path = tmp_path / "blocks.h5"
    with h5py.File(path, "w") as file:
        frame = file.create_group("meta")
        frame["n"] = np.array([[7]])
        file["data/z"] = np.array([0.5, 0.25])
        file["data/w"] = np.array([1.0, 2.0])

    upload = server.upload("blocks", "other", path)
    table = server.get_product(upload.product_id)

    assert table.colnames == server.get_product_metadata(upload.product_id)["main_file"]["columns"]
    server.delete_product(upload.product_id)


def test_a_cone_of_rows_is_that_of_astropy(server, original, published):
    positions = SkyCoord(original["RAJ2000"], original["DEJ2000"])
    inside = positions.separation(SkyCoord(150, 2, unit="deg")).deg < 0.2

    rows = server.get_rows(published[0], ["objid", "zspec"], (150, 2, 0.2))

    assert rows.colnames == ["objid", "zspec"]
    assert sorted(rows["objid"]) == list(original["objid"][inside])


def test_a_product_is_an_object_whose_rows_the_server_selects(server, original, published):
    product = server[np.int64(published[0])]
    assert server[product.internal_name].number == product.number == published[0]
    assert product.columns["zspec"].meaning == "z"
    assert "zspec" in repr(product.columns)
    assert product.meta["internal_name"] == product.internal_name
    near = product.to_pandas(["objid", "zspec"], where="zspec < 0.5")
    expected = original[original["zspec"] < 0.5]
    assert sorted(near["objid"]) == list(expected["objid"])
    table = product.to_table()
    assert (len(table), str(table["RAJ2000"].unit)) == (ROWS, "deg")
    assert len(product.to_arrow(limit=3)) == 3
    assert product.rows(limit=3).overflow
    assert not product.rows().overflow
    assert product.query("SELECT COUNT(*) AS n FROM {table}").to_arrow().to_pylist() == [{"n": ROWS}]
    cone = product.cone(SkyCoord(150, 2, unit="deg"), 0.2 * Unit("deg")).to_arrow()
    positions = SkyCoord(original["RAJ2000"], original["DEJ2000"])
    inside = positions.separation(SkyCoord(150, 2, unit="deg")).deg < 0.2
    assert sorted(cone["objid"].to_pylist()) == list(original["objid"][inside])
    with pytest.raises(KeyError, match="no column 'nothing'"):
        product.to_arrow(["nothing"])


def test_a_wrong_query_is_answered_with_the_place(server):
    with pytest.raises(ValueError, match="nowhere"):
        server.query("SELECT * FROM nowhere")


def test_a_product_is_downloaded_as_a_zip_or_as_files(server, published, tmp_path):
    number, path = published

    archive = zipfile.ZipFile(server.download_product(number, tmp_path))
    folder = server.download_product(number, tmp_path, unpacked=True)

    with archive:
        names = sorted(name.rpartition("/")[2] for name in archive.namelist())
        assert archive.read(f"{folder.name}/cat.parquet") == path.read_bytes()
    assert names == sorted(p.name for p in folder.iterdir())
    assert names == ["cat.parquet", "notes on it.txt", "product_metadata.yaml"]
    assert (folder / "cat.parquet").read_bytes() == path.read_bytes()
    assert yaml.safe_load((folder / "product_metadata.yaml").read_text())["display_name"] == "My catalogue"


def test_a_draft_is_described_and_saved_afterwards(server, tmp_path, capsys):
    path = tmp_path / "odd.csv"
    path.write_text("a,b,c\n150.1,2.2,0.3\n150.2,2.3,0.4\n")

    upload = server.upload("odd", "redshift_catalog", path)
    assert not upload.is_published
    assert "make_columns_association" in capsys.readouterr().out
    with pytest.raises(RequiredColumnsError, match="RA"):
        upload.save()
    upload.make_columns_association({"a": "RA", "b": "Dec", "c": "z"})
    upload.save()
    server.update_description(upload.product_id, "said later")

    assert upload.is_published
    assert server.get_product_metadata(upload.product_id)["description"] == "said later"
    server.delete_product(upload.product_id)


def test_files_of_a_product_are_added_and_removed(server, published, tmp_path):
    page = tmp_path / "about.md"
    page.write_text("# About\n")
    product = server.get_product_object(published[0])

    product.attach_description_file(page)
    (added,) = product.get_description_files()
    assert added["name"] == "about.md"
    product.remove_file(added["id"])
    assert product.get_description_files() == []
    with pytest.raises(NotFoundError, match="number 999999"):
        product.remove_file(999_999)
    assert [file["name"] for file in product.get_auxiliary_files()] == ["notes on it.txt"]


def test_people_are_listed_without_their_addresses(server, capsys):
    server.display_users()
    assert "admin" in capsys.readouterr().out
    assert all("email" not in person for person in server.get_users())


def test_what_cannot_be_uploaded_is_said_in_a_sentence(server, tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("a,b\n1,2\n")
    broken = tmp_path / "broken.fits"
    broken.write_bytes(b"SIMPLE  = no")

    with pytest.raises(FileNotFoundError, match="gone"):
        server.upload("x", "redshift_catalog", tmp_path / "gone.csv")
    with pytest.raises(ValueError, match=r"'specz' is not one of .*redshift_catalog"):
        server.upload("x", "specz", table)
    with pytest.raises(ValueError, match=r"broken\.fits|FITS"):
        server.upload("x", "redshift_catalog", broken)


def test_a_wrong_token_is_told_at_once(running):
    with pytest.raises(AuthenticationError):
        PzServer("pz-wrong", running.base_url)


def test_queries_leave_no_connections_behind(server: PzServer, running: RunningServer):
    for _ in range(4):
        server.query("SELECT TOP 1 table_name FROM tap_schema.tables")
    with pytest.raises(InvalidValueError):
        server.query("SELECT nonsense FROM tap_schema.tables")
    port = int(running.base_url.rpartition(":")[2])
    open_ones = [c for c in psutil.Process().net_connections("tcp") if c.raddr and c.raddr.port == port]
    assert len([c for c in open_ones if c.status == psutil.CONN_ESTABLISHED]) <= 1


def test_an_ensemble_comes_back_from_its_rows_and_from_its_file(server, running, tmp_path):
    path = write_ensemble(with_ancillary("interp"), tmp_path, "hdf5")
    upload = server.upload("My estimates", "photoz_estimates", path, columns="guess", visibility="public")
    sent, found = qp.read(str(path)), server.ensemble(upload.product_id)
    np.testing.assert_array_equal(found.ancil["object_id"], sent.ancil["object_id"])
    np.testing.assert_array_equal(found.objdata["yvals"], sent.objdata["yvals"])
    np.testing.assert_array_equal(found.metadata["xvals"], sent.metadata["xvals"])
    folder = server.download_product(upload.product_id, tmp_path, unpacked=True)
    np.testing.assert_array_equal(qp.read(str(folder / path.name)).objdata["yvals"], sent.objdata["yvals"])
    assert "z_median" in server.get_product(upload.product_id).colnames

    name = server.get_product_metadata(upload.product_id)["internal_name"]
    links = parse_single_table(f"{running.base_url}/datalink?ID={name}").to_table()
    (link,) = [row["access_url"] for row in links if row["local_semantics"] == "#density"]
    params = {param.name: param.value for param in parse_single_table(link).params}
    np.testing.assert_array_equal(params["pz_grid"], np.ravel(sent.metadata["xvals"]))
