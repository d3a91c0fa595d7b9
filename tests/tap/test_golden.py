"""Golden queries over HTTP, on products and on HATS in place, against results of numpy, pandas and astropy.

All of them run in one process in ``tests/tap/metadata/survey_catalogues/test_golden_rows.py``.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
import requests
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky
from astropy.table import Table

from tests.server.api import Api
from tests.support.hats import write_hats
from tests.support.server import running_server
from tests.tap.golden import GOLDEN, Catalogues, make_catalogues

pytestmark = pytest.mark.slow

_OVER_HTTP = ("groups", "missing magnitudes", "a cone about the pole", "a cross-match by distance", "fluxes", "texts")


@dataclass(frozen=True)
class Site:
    """Where the catalogues are: the tables of objects and of spectra, as products and in HATS."""

    base_url: str
    catalogues: Catalogues
    tables: Mapping[str, tuple[str, str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("golden")
    made = make_catalogues()
    made.objects.to_parquet(folder / "objects.parquet", index=False)
    made.spectra.to_parquet(folder / "spectra.parquet", index=False)
    for name, frame in (("objects", made.objects), ("spectra", made.spectra)):
        write_hats(frame, folder / f"hats/{name}", most_rows=150, index=name == "objects")
    with running_server(folder / "data", env={"PHOTOZ_CATALOGUE_PLACES": json.dumps([str(folder)])}) as server:
        assert server.account is not None
        api = Api(server.base_url, server.account.token)
        here = {"ra": "ra", "dec": "dec"}
        objects = api.publish(
            "objects", "redshift_catalog", folder / "objects.parquet", here | {"z_phot": "z"}, visibility="public"
        )
        spectra = api.publish(
            "spectra", "redshift_catalog", folder / "spectra.parquet", here | {"z_spec": "z"}, visibility="public"
        )
        for name in ("objects", "spectra"):
            body = {"name": name, "url": f"{folder}/hats/{name}", "visibility": "public"}
            headers = {"Authorization": f"Bearer {server.account.token}"}
            answer = requests.post(f"{server.base_url}/api/catalogues", json=body, headers=headers, timeout=60)
            assert answer.status_code == 201, answer.text
        tables = {
            "products": (objects["tap_table"], spectra["tap_table"]),
            "hats": ("hats.objects", "hats.spectra"),
        }
        yield Site(server.base_url, made, tables)


def test_there_are_forty_of_them():
    assert len(GOLDEN) >= 40


@pytest.mark.parametrize("tables", ["products", "hats"])
@pytest.mark.parametrize("name", _OVER_HTTP)
def test_rows_are_those_of_an_independent_computation(site: Site, name: str, tables: str):
    query, compute = GOLDEN[name]
    objects, spectra = site.tables[tables]
    text = query.replace("{o}", objects).replace("{s}", spectra)
    answer = requests.post(
        f"{site.base_url}/tap/sync", data={"LANG": "ADQL", "QUERY": text, "FORMAT": "json"}, timeout=120
    )
    assert answer.ok, answer.text
    found, expected = json.loads(answer.text)["data"], compute(site.catalogues)
    assert len(found) == len(expected) > 0
    if "ORDER BY" not in query:
        found, expected = sorted(found), sorted(expected)
    for row, wanted in zip(found, expected, strict=True):
        for cell, value in zip(row, wanted, strict=True):
            if isinstance(value, float):
                assert cell == pytest.approx(value, rel=1e-9, abs=1e-12), name
            else:
                assert cell == value, name


@pytest.mark.parametrize("tables", ["products", "hats"])
def test_uploaded_positions_find_the_objects_near_them(site: Site, tables: str):
    few = site.catalogues.objects.iloc[::250]
    upload = io.BytesIO()
    Table({"ra": few.ra.to_numpy(), "dec": few.dec.to_numpy()}).write(upload, format="votable")
    near = "DISTANCE(u.ra, u.dec, o.ra, o.dec) < 0.3"
    query = f"SELECT o.id FROM TAP_UPLOAD.few AS u JOIN {site.tables[tables][0]} AS o ON {near} WHERE o.z_phot > 0.2"
    answer = requests.post(
        f"{site.base_url}/tap/sync",
        data={"LANG": "ADQL", "QUERY": query, "FORMAT": "json", "UPLOAD": "few,param:table"},
        files={"table": ("few.vot", upload.getvalue())},
        timeout=120,
    )
    assert answer.ok, answer.text
    _, rows, _, _ = search_around_sky(SkyCoord(few.ra, few.dec, unit="deg"), site.catalogues.places, 0.3 * u.deg)
    expected = sorted(
        site.catalogues.objects.id.to_numpy()[row] for row in rows if site.catalogues.objects.z_phot[row] > 0.2
    )
    assert sorted(row[0] for row in json.loads(answer.text)["data"]) == expected
    assert len(expected) > len(few)
