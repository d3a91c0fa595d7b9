"""HATS catalogues of a running server, opened by hats and LSDB, with the answers of TAP beside them."""

import io
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import make_archive
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import requests
from astropy.io.votable import parse_single_table
from lxml import html
from pzserver import PzServer
from pzserver.tables.nested import nested_catalog

from tests.tap.small_site import DEC, RA, SmallSite, small_site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("lsdb") is None, reason="the extra 'dask' is not installed"),
    # aiohttp's sessions in fsspec and LSDB's hints about the catalogue are not ours.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    limits = {"PHOTOZ_HATS_PARTITION_ROWS": "300", "PHOTOZ_HATS_MARGIN_ARCSEC": "300"}
    with small_site(tmp_path_factory.mktemp("hats"), env=limits) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def lsdb() -> Iterator[ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LSDB sets a deprecated option of pandas
        module = import_module("lsdb")
        import dask

        with dask.config.set(scheduler="synchronous"):
            yield module


@pytest.fixture(scope="module")
def options(site: SmallSite) -> dict[str, Any]:
    assert site.server.account is not None
    return {"client_kwargs": {"headers": {"Authorization": f"Bearer {site.server.account.token}"}}}


def address(site: SmallSite, table: str) -> str:
    return site.url(f"hats/{table.partition('.')[2].removeprefix('p')}")


def tap(site: SmallSite, query: str) -> Any:
    answer = requests.get(site.url("tap/sync"), {"LANG": "ADQL", "QUERY": query}, timeout=60)
    assert answer.status_code == 200, answer.text
    return parse_single_table(io.BytesIO(answer.content)).to_table()


def test_open_catalog_reads_no_rows_and_compute_reads_all(site: SmallSite, lsdb: ModuleType):
    catalog = lsdb.open_catalog(address(site, site.numbered))
    assert catalog.margin is not None
    assert len(catalog) == len(RA)
    assert len(catalog.get_healpix_pixels()) > 12
    assert not (site.server.data / "hats").exists()  # where partitions are once they were read
    rows = catalog.compute()
    assert sorted(rows["num"]) == list(range(len(RA)))
    order = rows["num"].to_numpy()
    np.testing.assert_array_equal(rows["RAJ2000"].to_numpy(), RA[order])
    np.testing.assert_array_equal(rows["DEJ2000"].to_numpy(), DEC[order])


def test_the_collection_is_valid(site: SmallSite):
    validation = import_module("hats.io.validation")
    assert validation.is_valid_catalog(import_module("upath").UPath(address(site, site.numbered)), strict=True)


def test_private_products_need_a_token(site: SmallSite, lsdb: ModuleType, options: dict[str, Any]):
    url = address(site, site.private)
    with pytest.raises(FileNotFoundError):
        lsdb.open_catalog(url)
    assert requests.get(f"{url}/catalog/hats.properties", timeout=60).status_code == 404
    rows = lsdb.open_catalog(url, columns=["z"], storage_options=options).compute()
    np.testing.assert_allclose(np.sort(rows["z"]), np.arange(40) / 50)


def test_the_library_opens_a_private_product_with_its_token(site: SmallSite):
    assert site.server.account is not None
    name = address(site, site.private).rpartition("/")[2]
    with PzServer(token=site.server.account.token, host=site.url("")) as server:
        rows = server[name].lsdb(["z"]).compute()
    np.testing.assert_allclose(np.sort(rows["z"]), np.arange(40) / 50)


def test_columns_of_arrays_are_nested_when_partitions_are_computed(lsdb: ModuleType):
    kinds = (pa.list_(pa.float32()), pa.list_(pa.float32(), 3), pa.large_list(pa.float32()))
    values = np.arange(30, dtype=np.float32).reshape(10, 3)
    arrays = [pa.array(values.tolist(), kind) for kind in kinds]
    positions = {"id": range(10), "ra": np.arange(10.0), "dec": np.arange(10.0)}
    frame = pa.table(positions | dict(zip("abc", arrays, strict=True))).to_pandas(types_mapper=pd.ArrowDtype)
    catalog = nested_catalog(lsdb.from_dataframe(frame, ra_column="ra", dec_column="dec"))
    assert all(str(catalog.dtypes[name]) == "nested<value: [float]>" for name in "abc")
    rows = catalog.compute(progress_bar=False).sort_values("id")
    for name in "abc":
        np.testing.assert_array_equal(rows[name].nest.to_flat()["value"].to_numpy(), values.ravel())


@pytest.mark.parametrize("is_public", [True, False], ids=["public", "private"])
def test_the_line_of_the_product_page_opens_it(site: SmallSite, monkeypatch: pytest.MonkeyPatch, is_public: bool):
    assert site.server.account is not None
    token = site.server.account.token
    name = address(site, site.nameless if is_public else site.private).rpartition("/")[2]
    page = requests.get(site.url(f"product/{name}"), headers={"Authorization": f"Bearer {token}"}, timeout=60)
    (line,) = html.fromstring(page.text).xpath("//pre[@id='copy-lsdb']")
    text = line.text_content()
    assert ("PZSERVER_TOKEN" in text) is not is_public
    assert token not in text
    monkeypatch.setenv("PZSERVER_TOKEN", token)
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 - what users do
    assert len(names["catalog"]) == 40


@pytest.mark.parametrize(
    ("ra", "dec", "radius"), [(0.0, 0.0, 1.0), (0, 90, 3), (123, -90, 5), (359.9, 0.2, 0.5), (45, 0, 4), (200, 41.8, 9)]
)
def test_a_cone_has_the_rows_of_tap(site: SmallSite, lsdb: ModuleType, ra: float, dec: float, radius: float):
    cone = lsdb.ConeSearch(ra, dec, radius * 3600)
    rows = lsdb.open_catalog(address(site, site.numbered), columns=["num"], search_filter=cone).compute()
    found = tap(
        site,
        f"SELECT num FROM {site.numbered} WHERE DISTANCE(POINT(RAJ2000, DEJ2000), POINT({ra}, {dec})) <= {radius}",
    )
    assert len(found)
    assert sorted(rows["num"]) == sorted(found["num"])


def test_a_crossmatch_finds_the_pairs_of_tap_across_edges(site: SmallSite, lsdb: ModuleType):
    catalog = lsdb.open_catalog(address(site, site.numbered), columns=["num"])
    pairs = catalog.crossmatch(catalog, n_neighbors=2000, radius_arcsec=250, suffixes=("_a", "_b")).compute()
    joined = tap(
        site,
        f"SELECT a.num AS a, b.num AS b FROM {site.numbered} AS a JOIN {site.numbered} AS b "
        f"ON DISTANCE(POINT(a.RAJ2000, a.DEJ2000), POINT(b.RAJ2000, b.DEJ2000)) <= {250 / 3600}",
    )
    expected = set(zip(joined["a"].tolist(), joined["b"].tolist(), strict=True))
    assert set(zip(pairs["num_a"].tolist(), pairs["num_b"].tolist(), strict=True)) == expected
    assert len(expected) > len(RA) + 100


def test_an_uploaded_collection_is_opened_as_it_is(site: SmallSite, lsdb: ModuleType, tmp_path: Path):
    order = np.arange(len(RA))
    frame = pd.DataFrame({"num": order, "ra": RA, "dec": DEC, "z": (order % 100) / 50})
    options = {"catalog_name": "survey", "lowest_order": 1, "highest_order": 2, "partition_rows": 500}
    made = lsdb.from_dataframe(frame, ra_column="ra", dec_column="dec", margin_threshold=60, **options)
    made.write_catalog(tmp_path / "survey", catalog_name="survey", as_collection=True)
    archive = Path(make_archive(str(tmp_path / "survey"), "zip", tmp_path, "survey"))
    meanings = {"num": "id", "ra": "ra", "dec": "dec", "z": "z"}
    found = site.owner.publish("Survey", "redshift_catalog", archive, meanings, visibility="public")

    catalog = lsdb.open_catalog(address(site, found["tap_table"]))

    assert catalog.get_healpix_pixels() == made.get_healpix_pixels()
    assert catalog.margin is not None
    rows = catalog.compute().sort_values("num")
    for name in ("num", "ra", "dec", "z"):
        np.testing.assert_array_equal(rows[name], frame[name])
    assert tap(site, f"SELECT COUNT(*) AS n FROM {found['tap_table']}")["n"][0] == len(RA)
    assert "collection.properties" in requests.get(address(site, found["tap_table"]), timeout=60).text


def test_margins_hold_all_rows_around_a_partition(site: SmallSite):
    catalog = import_module("hats").read_hats(import_module("upath").UPath(f"{address(site, site.numbered)}/margin"))
    assert catalog.catalog_info.margin_threshold == 300


def test_files_have_ranges_lengths_and_validators(site: SmallSite):
    url = f"{address(site, site.numbered)}/catalog/dataset/"
    listing = requests.get(url, timeout=60)
    assert "_common_metadata" in listing.text
    for _ in range(3):
        name = next(part for part in listing.text.split('"') if part.startswith("/hats/") and "Norder=" in part)
        listing = requests.get(site.url(name.lstrip("/")), timeout=60)
    partition = site.url(name.lstrip("/"))
    whole = requests.get(partition, timeout=60)
    head = requests.head(partition, timeout=60)
    assert int(head.headers["Content-Length"]) == len(whole.content)
    part = requests.get(partition, headers={"Range": "bytes=-8"}, timeout=60)
    assert (part.status_code, part.content) == (206, whole.content[-8:])
    same = requests.get(partition, headers={"If-None-Match": head.headers["ETag"]}, timeout=60)
    assert same.status_code == 304
