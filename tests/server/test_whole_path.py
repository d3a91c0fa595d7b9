"""The main job over HTTP against a started server, on both databases: demo data, upload, query, share, download."""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import pyvo
import requests
import yaml
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from astropy.table import Table
from pzserver.sessions import TidySession

from server.demo.baselines import BASELINES, DEMO_BASELINE
from server.demo.challenge import DEMO_TEST_SET, DEMO_TRUTH
from server.demo.products import DEMO_RELEASE, DEMO_VALIDATION, DemoProduct, demo_products
from tests.server.api import Api
from tests.server.comparing import assert_same_rows
from tests.support.accounts import new_account
from tests.support.pypi_client import PypiClient
from tests.support.server import RunningServer, running_server
from tests.support.tools import Stilts
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.either_database(whole_file=True)]

SMALL = "name,RAJ2000,DEJ2000,zspec,e_z,Q\n" + "".join(
    f"obj{i},{10 + i / 100},{-5 + i / 50},{0.01 * i},0.0005,{i % 5}\n" for i in range(100)
)
MEANINGS = {"name": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z", "e_z": "z_err", "Q": "z_flag"}


@dataclass(frozen=True, slots=True)
class Site:
    """A running server with demo data, its first account, and a second user."""

    server: RunningServer
    admin: Api
    user: Api
    opened: ExitStack

    def tap(self, api: Api | None = None) -> pyvo.dal.TAPService:
        """Give the TAP service as one user, or as nobody."""
        session = self.opened.enter_context(TidySession())
        if api is not None:
            session.headers["Authorization"] = f"Bearer {api.token}"
        return pyvo.dal.TAPService(f"{self.server.base_url}/tap", session=session)

    def get(self, path: str, api: Api | None = None, **keywords: object) -> requests.Response:
        """Ask for an address as one user, or as nobody."""
        headers = {} if api is None else {"Authorization": f"Bearer {api.token}"}
        return requests.get(f"{self.server.base_url}{path}", headers=headers, timeout=60, **keywords)


@cache
def _demos() -> tuple[DemoProduct, ...]:
    return tuple(demo_products())


@pytest.fixture(scope="module")
def site(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    env = {"PHOTOZ_DEMO": "true", "PHOTOZ_JOB_WORKERS": "2"}
    if module_database_url:
        env["PHOTOZ_DATABASE_URL"] = module_database_url
    yield from _site(tmp_path_factory.mktemp("site") / "data", env)


def _site(data: Path, env: dict[str, str]) -> Iterator[Site]:
    with running_server(data, env=env) as server, ExitStack() as opened:
        assert server.account is not None
        token = new_account(server, "maria", url=env.get("PHOTOZ_DATABASE_URL"))
        yield Site(server, Api(server.base_url, server.account.token), Api(server.base_url, token), opened)


@pytest.fixture(scope="module")
def small(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A catalogue that the second user published for registered users."""
    path = tmp_path_factory.mktemp("small") / "small survey.csv"
    path.write_text(SMALL)
    return site.user.publish("Small survey", "redshift_catalog", path, MEANINGS)


def test_the_demo_data_are_there_and_hold_what_was_made(site: Site):
    tap = site.tap()
    listed = tap.search("SELECT display_name, table_name, row_count FROM photoz.products").to_table()
    expected = {demo.display_name: demo.table for demo in _demos()}
    others = {DEMO_VALIDATION, DEMO_TEST_SET, DEMO_BASELINE, f"{DEMO_BASELINE} (training results)"}
    assert set(listed["display_name"]) == {*expected, *others}  # the truth of the challenge is hidden
    for row in listed:
        if row["display_name"] in others:
            continue
        table = expected[row["display_name"]]
        assert row["row_count"] == table.num_rows
        counted = tap.search(f"SELECT COUNT(*) AS n FROM {row['table_name']}").to_table()
        assert counted["n"][0] == table.num_rows


def test_the_demo_challenge_has_a_board_of_baselines_and_its_truth_is_hidden(site: Site):
    def board() -> list[dict]:
        return site.get("/api/challenges/mock-2026/board/").json()["results"]

    wait_for(lambda: len(board()) == len(BASELINES), "the baselines were not scored")
    ranked = [row["method"] for row in board()]
    assert ranked[-1] == "N(z) of the training set"
    assert set(ranked) == {each.method for each in BASELINES}
    assert site.user.json("GET", f"products/?display_name={DEMO_TRUTH}")["count"] == 0
    assert site.get("/challenges/mock-2026").status_code == 200


def test_the_demo_data_are_filled_in_once(site: Site):
    assert site.server.printed.count("Filling in demo data") == 1


def test_guesses_are_right_for_the_demo_data(site: Site):
    expected = {demo.display_name: dict(demo.meanings) for demo in _demos()}
    aliases = {"ra": "RA", "dec": "Dec", "z": "z"}
    for product in site.admin.json("GET", "products/")["results"]:
        found = site.admin.json("GET", f"products/{product['id']}/inspection/")["found"]
        if product["display_name"] not in expected:
            continue
        wanted = {
            meaning: column for column, meaning in expected[product["display_name"]].items() if meaning in aliases
        }
        assert {key: found["meanings"][key] for key in wanted} == wanted


def test_a_catalogue_is_found_queried_and_read_by_pyvo(site: Site, small: dict):
    result = site.tap(site.user).search(f"SELECT * FROM {small['tap_table']}", maxrec=1000)
    assert_same_rows(result.to_table(), pd.read_csv(io.StringIO(SMALL)))
    assert result.fielddescs[1].ucd == "pos.eq.ra;meta.main"
    assert result.fielddescs[3].ucd == "src.redshift"


def test_a_cone_search_finds_what_astropy_finds(site: Site):
    demo = next(demo for demo in _demos() if demo.product_type == "object_catalog")
    names = {meaning: column for column, meaning in demo.meanings.items()}
    ra, dec = (demo.table[names[key]].to_numpy() for key in ("ra", "dec"))
    centre = SkyCoord(float(np.median(ra[:1000])), float(np.median(dec[:1000])), unit="deg")
    within = int((SkyCoord(ra, dec, unit="deg").separation(centre).deg < 0.1).sum())
    tap = site.tap()
    table = tap.search(f"SELECT table_name FROM photoz.products WHERE display_name = '{demo.display_name}'").to_table()[
        "table_name"
    ][0]
    point, circle = (
        f"POINT({names['ra']}, {names['dec']})",
        f"CIRCLE({float(centre.ra.deg)!r}, {float(centre.dec.deg)!r}, 0.1)",
    )
    for condition in (
        f"1 = CONTAINS({point}, {circle})",
        f"DISTANCE({point}, POINT({float(centre.ra.deg)!r}, {float(centre.dec.deg)!r})) < 0.1",
    ):
        counted = tap.search(f"SELECT COUNT(*) AS n FROM {table} WHERE {condition}").to_table()
        assert counted["n"][0] == within > 0


def test_stilts_reads_a_table_over_sync_tap(site: Site, stilts: Stilts, tmp_path: Path):
    table = (
        site.tap()
        .search("SELECT table_name, row_count FROM photoz.products WHERE product_type = 'redshift_catalog'")
        .to_table()[0]
    )
    result = tmp_path / "result.fits"
    stilts(
        "tapquery",
        f"tapurl={site.server.base_url}/tap",
        "sync=true",
        f"adql=SELECT * FROM {table['table_name']}",
        f"out={result}",
    )
    assert len(Table.read(result)) == table["row_count"]


@pytest.mark.parametrize("name", ["votable", "votable/td", "votable/b2", "csv", "parquet"])
def test_every_format_holds_the_same_rows(site: Site, small: dict, name: str):
    query = {"LANG": "ADQL", "QUERY": f"SELECT * FROM {small['tap_table']}", "RESPONSEFORMAT": name}
    answer = site.get("/tap/sync", site.user, params=query)
    assert answer.ok, answer.text
    content = io.BytesIO(answer.content)
    if name == "csv":
        found = pd.read_csv(content)
    elif name == "parquet":
        found = pd.read_parquet(content)
    else:
        found = parse_single_table(content).to_table()
    assert_same_rows(found, pd.read_csv(io.StringIO(SMALL)))


def test_post_and_get_give_the_same_and_maxrec_is_exact(site: Site, small: dict):
    query = {"lang": "adql", "Query": f"SELECT TOP 50 name FROM {small['tap_table']}", "MaxRec": "10", "format": "csv"}
    got = site.get("/tap/sync", site.user, params=query).text
    posted = requests.post(
        f"{site.server.base_url}/tap/sync",
        data=query,
        headers={"Authorization": f"Bearer {site.user.token}"},
        timeout=60,
    ).text
    assert got == posted
    assert len(got.splitlines()) == 11


def test_a_wrong_query_is_a_votable_that_says_where_and_what(site: Site, small: dict):
    query = {"LANG": "ADQL", "QUERY": f"SELECT zspek FROM {small['tap_table']}"}
    answer = site.get("/tap/sync", site.user, params=query)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/x-votable+xml")
    assert b"zspek" in answer.content
    assert b"zspec" in answer.content
    with pytest.raises(pyvo.dal.DALQueryError, match="zspek"):
        site.tap(site.user).search(query["QUERY"])


def test_a_registered_product_does_not_exist_for_nobody(site: Site, small: dict):
    with pytest.raises(pyvo.dal.DALQueryError, match="Unknown table"):
        site.tap().search(f"SELECT * FROM {small['tap_table']}")
    for query in (
        "SELECT internal_name AS x FROM photoz.products",
        "SELECT table_name AS x FROM tap_schema.tables",
        "SELECT internal_name AS x FROM photoz.product_files",
        "SELECT internal_name AS x FROM photoz.product_columns",
    ):
        assert not any("small_survey" in str(row["x"]) for row in site.tap().search(query))
    assert "small_survey" not in site.get("/tap/tables").text
    for path in ("/", "/products", "/products/user"):
        assert "Small survey" not in site.get(path).text
    assert "small_survey" in site.get("/tap/tables", site.user).text
    for path in (f"/product/{small['internal_name']}", f"/vospace/nodes/products/{small['internal_name']}"):
        assert site.get(path, allow_redirects=False).status_code in {303, 401, 404}


def test_the_main_file_comes_back_byte_for_byte_and_by_range(site: Site, small: dict):
    path = f"/api/products/{small['id']}/files/small%20survey.csv"
    whole = site.get(path, site.user)
    assert whole.content == SMALL.encode()
    assert whole.headers["etag"] == f'"{hashlib.sha256(SMALL.encode()).hexdigest()}"'
    headers = {"Authorization": f"Bearer {site.user.token}", "Range": "bytes=100-199"}
    part = requests.get(f"{site.server.base_url}{path}", headers=headers, timeout=60)
    assert (part.status_code, part.content) == (206, SMALL.encode()[100:200])
    assert site.get(path).status_code == 404


def test_the_zip_holds_the_file_and_its_description(site: Site, small: dict):
    answer = site.get(f"/api/products/{small['id']}/zip/", site.user)
    assert len(answer.content) == int(answer.headers["content-length"])
    folder = small["internal_name"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.read(f"{folder}/small survey.csv") == SMALL.encode()
        description = yaml.safe_load(archive.read(f"{folder}/product_metadata.yaml"))
    assert description["main_file"]["n_rows"] == 100
    assert {item["column_name"]: item["alias"] for item in description["associated_columns"]}["zspec"] == "z"


def test_vospace_lists_and_reads_published_files(site: Site, small: dict):
    folder = f"products/{small['internal_name']}"
    assert "small survey.csv" in requests.utils.unquote(site.get(f"/vospace/nodes/{folder}", site.user).text)
    assert site.get(f"/vospace/files/{folder}/small%20survey.csv", site.user).content == SMALL.encode()
    assert site.get(f"/vospace/files/{folder}/small%20survey.csv").status_code == 404


def test_a_mandatory_column_without_meaning_stops_publication(site: Site, tmp_path: Path):
    path = tmp_path / "half.csv"
    path.write_text(SMALL)
    product = site.user.upload("Half", "redshift_catalog", path)
    site.user.inspected(product["id"])
    site.user.json("PUT", f"products/{product['id']}/columns/", json={"RAJ2000": "ra"})
    answer = site.user.call("PATCH", f"products/{product['id']}/", data={"status": 1})
    assert (answer.status_code, answer.json()) == (406, "The column(s) was not filled in: Dec,z")
    assert site.user.json("GET", f"products/{product['id']}/")["status"] == 0
    site.user.json("DELETE", f"products/{product['id']}/")
    assert site.user.call("GET", f"products/{product['id']}/").status_code == 404


def test_other_columns_than_the_guessed_ones_can_be_the_position(site: Site, tmp_path: Path):
    path = tmp_path / "two.csv"
    rows = "".join(f"{i},{i / 2},{200 + i},{-i / 3},{i / 50}\n" for i in range(50))
    path.write_text("RA,DEC,alt_lon,alt_lat,z\n" + rows)
    product = site.user.publish(
        "Two positions", "redshift_catalog", path, {"alt_lon": "ra", "alt_lat": "dec", "z": "z"}
    )
    assert product["found"]["meanings"] == {"ra": "alt_lon", "dec": "alt_lat", "z": "z"}
    found = site.tap(site.user).search(
        f"SELECT RA FROM {product['tap_table']} WHERE 1=CONTAINS(POINT(alt_lon, alt_lat), CIRCLE(210, -3.3333, 0.01))"
    )
    assert [row["RA"] for row in found] == [10]


def test_a_file_that_is_no_table_is_told_in_a_sentence_and_can_be_replaced(site: Site, tmp_path: Path):
    wrong, right = tmp_path / "cat.fits", tmp_path / "cat.csv"
    wrong.write_text(SMALL)
    right.write_text(SMALL)
    product = site.user.upload("Wrong first", "redshift_catalog", wrong)
    found = site.user.inspected(product["id"])
    assert found["state"] == "failed"
    assert "cat.fits" in found["error"]
    main = site.user.json("GET", f"product-files/?product_id={product['id']}")["results"][0]
    site.user.json("DELETE", f"product-files/{main['id']}/")
    with right.open("rb") as file:
        site.user.json("PUT", f"products/{product['id']}/files/cat.csv?role=main", data=file)
    assert site.user.inspected(product["id"])["state"] == "done"


def test_the_limit_on_files_holds_while_bytes_arrive(site: Site):
    product = site.user.json("POST", "products/", json={"display_name": "Big", "product_type": 7})
    staging = site.server.data / "staging"
    before = set(staging.iterdir())

    def drops() -> Iterator[bytes]:
        for _ in range(250):
            yield b"x" * 1_000_000

    try:
        answer = site.user.call("PUT", f"products/{product['id']}/files/big.bin", data=drops())
        assert answer.status_code == 413
    except requests.ConnectionError:
        pass  # the server hung up before the client had sent everything, as it should
    wait_for(lambda: set(staging.iterdir()) <= before, "what had arrived was kept")
    assert site.user.json("GET", f"product-files/?product_id={product['id']}")["count"] == 0


@pytest.mark.parametrize("ours", [False, True], ids=["0.3.7", "ours"])
def test_the_tutorial_of_todays_library_runs_from_top_to_bottom(
    site: Site, todays_client: PypiClient, todays_notebooks: Path, tmp_path: Path, ours: bool
):
    demos = {demo.display_name: demo.table for demo in _demos()}
    products = site.user.json("GET", "products/")["results"]
    names = {each["display_name"]: each["internal_name"] for each in products}
    deep, fibre, grism = (names[f"Mock {name} Survey"] for name in ("Deep Slit", "Fibre", "Grism"))
    numbers = [name.partition("_")[0] for name in (deep, fibre, grism)]
    replacements = {
        "product_id = 30": f"product_id = {numbers[0]}",
        "get_product(30)": f"get_product({numbers[0]})",
        '"170_2dfgrs_final_data_release"': f'"{deep}", "{fibre}"',
        **{f"append_catalog({170 + i})": f"append_catalog({number})" for i, number in enumerate(numbers)},
        "set_redshift(178)": f"set_redshift({numbers[1]})",
        'name="dp1"': f'name="{DEMO_RELEASE}"',
        "'i_cModelMag_dered'": "'i_cModelMag'",
    }
    folder = Path(shutil.copytree(todays_notebooks, tmp_path / "notebooks"))
    script, address = Path(__file__).parent / "tutorial_notebook.py", f"{site.server.base_url}/api/"
    given = ("pzserver_tutorial.ipynb", address, site.user.token, json.dumps(replacements))
    found = todays_client.run(script, *given, folder=folder, ours=ours)
    assert (found["version"].split()[1] == "0.3.7") is not ours
    assert (found["cells"], found["failed"]) == (65, {})
    assert (found["crc"]["status"], found["tsm"]["status"]) == ("Successful", "Successful")
    matched = _nearest_arcsec(demos["Mock Fibre Survey"], demos["Mock LSST Object Catalogue"]) < 1
    assert found["rows"][1] == matched.sum()
    assert {"Z", "coord_ra", "i_cModelMag", "is_training_set"} <= set(found["training set"])
    run = site.user.json("GET", f"processes/{found['tsm']['id']}/")
    assert "'crossmatch.output_catalog_name' has no effect" in run["warnings"][0]
    assert [each["internal_name"] for each in run["provenance_inputs"]] == [fibre, names["Mock LSST Object Catalogue"]]
    made = site.user.json("GET", f"products/{found['crc']['output']['id']}/main_file_info/")
    assert (made["main_file"]["n_rows"], made["origin"]) == (found["rows"][0], "Combine Redshift Catalogs")
    assert all(name in found["shown"]["75"] for name in (deep, fibre))
    assert site.user.json("GET", "products/?display_name=example upload via lib")["count"] == 0
    training, objects, metadata = found["looped"]  # shown in a loop, and before the last line of a cell
    assert "Mock Training Set" in training
    assert "z_true` is the redshift of the simulation" in objects
    assert "columns_association" in metadata


def _nearest_arcsec(redshifts: pa.Table, objects: pa.Table) -> np.ndarray:
    """Return the distance of each redshift from its nearest object, by astropy."""
    sky = [
        SkyCoord(table[ra].to_numpy(), table[dec].to_numpy(), unit="deg")
        for table, ra, dec in ((redshifts, "TARGET_RA", "TARGET_DEC"), (objects, "coord_ra", "coord_dec"))
    ]
    return np.asarray(sky[0].match_to_catalog_sky(sky[1])[1].arcsec)
