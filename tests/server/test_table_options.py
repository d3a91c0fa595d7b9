"""From a file as people have it to the values that queries, cone searches and pipelines give, over HTTP."""

import io
import json
from collections.abc import Iterator
from typing import Any

import astropy.units as u
import httpx
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table

from tests.pipelines.runs.published import PipelineSite, people, wait_for_run
from tests.server.application import running_application

LON, LAT = np.array([10.0, 150.1, 359.9, 200.25]), np.array([-70.0, 2.2, 45.0, -0.1])
PLACES = SkyCoord(LON, LAT, unit="deg")
Z = np.array([0.25, 0.5, 0.75, 1.0])
QUALITY = {"Q": [4] * 4, "survey_name": ["VVDS"] * 4}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineSite]:
    with running_application(tmp_path_factory.mktemp("options") / "data") as app:
        yield PipelineSite(app, people(app))


def inspected(site: PipelineSite, product: int) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = site.json("GET", f"/api/products/{product}/inspection/", params={"wait": 60})
        if found["state"] != "running":
            return found


def uploaded(site: PipelineSite, name: str, content: bytes) -> int:
    kinds = site.json("GET", "/api/product-types/", params={"name": "redshift_catalog"})["results"]
    product = int(
        site.json("POST", "/api/products/", json={"display_name": name, "product_type": kinds[0]["id"]})["id"]
    )
    assert site.ask("PUT", f"/api/products/{product}/files/{name}", params={"role": "main"}, content=content).is_success
    site.json("POST", f"/api/products/{product}/inspect/")
    found = inspected(site, product)
    assert found["state"] == "done", found["error"]
    return product


def described(site: PipelineSite, product: int, **meanings: str) -> httpx.Response:
    """Give meanings to columns (by default the guessed ones) and publish."""
    found = inspected(site, product)["found"]
    best: dict[str, str] = {}
    for guess in found["guesses"]:
        best.setdefault(guess["meaning"], guess["column"])
    chosen = meanings or {column: key for key, column in best.items()}
    site.json("PUT", f"/api/products/{product}/columns/", json=chosen)
    return site.ask("POST", f"/api/products/{product}/publish/")


def rows(site: PipelineSite, product: int) -> pd.DataFrame:
    table = inspected(site, product)["tap_table"]
    columns = site.json("GET", "/api/product-contents/", params={"product": product})["results"]
    names = {column["alias"]: column["column_name"] for column in columns if column["alias"]}
    query = f'SELECT "{names["RA"]}" AS ra, "{names["Dec"]}" AS dec, "{names["z"]}" AS z FROM {table} ORDER BY 3'
    return site.rows(query)


def csv(**columns: Any) -> bytes:
    return pd.DataFrame(columns).to_csv(index=False).encode()


def hours_in_fits() -> bytes:
    content = io.BytesIO()
    hdu = fits.BinTableHDU(Table({"RA": PLACES.ra.hourangle, "DEC": LAT * u.deg, "z": Z, **QUALITY}))
    hdu.header["TUNIT1"] = "h"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(content)
    return content.getvalue()


def old_frame_in_fits() -> bytes:
    there, content = PLACES.fk4, io.BytesIO()
    hdu = fits.BinTableHDU(Table({"RA": there.ra.deg, "DEC": there.dec.deg, "z": Z, **QUALITY}))
    hdu.header["RADESYS"], hdu.header["EQUINOX"] = "FK4", 1950.0
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(content)
    return content.getvalue()


def sexagesimal() -> bytes:
    texts = np.array([place.split() for place in PLACES.to_string("hmsdms", sep=":", precision=6)])
    return csv(ra=texts[:, 0], dec=texts[:, 1], z=Z)


def galactic() -> bytes:
    return csv(GLON=PLACES.galactic.l.deg, GLAT=PLACES.galactic.b.deg, z=Z)


def parts() -> bytes:
    ra, dec = PLACES.ra.hms, PLACES.dec.signed_dms
    sign = np.where(dec.sign < 0, "-", "+")
    return csv(
        RAh=ra.h.astype(int), RAm=ra.m.astype(int), RAs=ra.s, **{"DE-": sign}, DEd=dec.d.astype(int),
        DEm=dec.m.astype(int), DEs=dec.s, z=Z,
    )  # fmt: skip


def radians() -> bytes:
    return csv(ra_rad=PLACES.ra.rad, dec_rad=PLACES.dec.rad, z=Z)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hours.fits", hours_in_fits()),
        ("b1950.fits", old_frame_in_fits()),
        ("sexagesimal.csv", sexagesimal()),
        ("galactic.csv", galactic()),
        ("parts.csv", parts()),
        ("radians.csv", radians()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_positions_of_any_form_are_published_in_icrs_degrees(site: PipelineSite, name: str, content: bytes) -> None:
    product = uploaded(site, name, content)
    published = described(site, product)
    assert published.status_code == 200, published.text
    assert any("ICRS degrees" in warning for warning in published.json()["warnings"])
    found = rows(site, product)
    assert found["z"].tolist() == Z.tolist()
    there = SkyCoord(found["ra"].to_numpy(), found["dec"].to_numpy(), unit="deg")
    assert there.separation(PLACES).max() < 1 * u.uas
    table = inspected(site, product)["tap_table"]
    cone = {"RA": LON[1], "DEC": LAT[1], "SR": 0.001}
    answer = site.ask("GET", f"/conesearch/{table}", params=cone)
    assert len(Table.read(io.BytesIO(answer.content), format="votable")) == 1
    raw = site.ask("GET", f"/api/products/{product}/files/{name}")
    assert raw.content == content


def test_a_column_that_is_no_position_is_refused_with_what_to_choose(site: PipelineSite) -> None:
    product = uploaded(site, "hours.fits", hours_in_fits())
    refused = described(site, product, RA="ra", DEC="dec", z="z")
    assert refused.status_code == 400
    assert "'ra_icrs' and 'dec_icrs'" in refused.json()["detail"]
    options = {"position": "as given"}
    assert site.ask("PUT", f"/api/products/{product}/table-options/", json=options).status_code == 202
    assert inspected(site, product)["options"]["position"] == "as given"
    published = described(site, product, RA="ra", DEC="dec", z="z")
    assert published.status_code == 200, published.text
    columns = site.json("GET", "/api/product-contents/", params={"product": product})["results"]
    assert [(column["column_name"], column["unit"]) for column in columns][:2] == [("RA", "deg"), ("DEC", "deg")]


def test_what_nobody_told_is_asked_before_publication(site: PipelineSite) -> None:
    random = np.random.default_rng(1)
    hours, dec = random.uniform(0, 23.9, 100), random.uniform(-80, 80, 100)
    product = uploaded(site, "untold.csv", csv(ra=hours, dec=dec, z=np.arange(100) / 100))
    asked = described(site, product, ra="ra", dec="dec", z="z")
    assert asked.status_code == 400
    assert "hours" in asked.json()["detail"]
    position = {"columns": ["ra", "dec"], "units": ["hourangle", "deg"]}
    answer = site.ask("PUT", f"/api/products/{product}/table-options/", json={"position": position})
    assert answer.status_code == 202, answer.text
    assert described(site, product).status_code == 200
    np.testing.assert_allclose(rows(site, product)["ra"], hours * 15, rtol=1e-14)


def test_missing_values_are_proposed_then_accepted(site: PipelineSite) -> None:
    z = np.where(np.arange(100) % 4, -99.0, np.arange(100) / 100)
    content = csv(ra=np.linspace(10, 11, 100), dec=np.linspace(0, 1, 100), z_spec=z, zphot=np.arange(100) / 100)
    product = uploaded(site, "stand_ins.csv", content)
    proposed = inspected(site, product)["found"]["missing_values"]
    assert [(item["column"], item["value"], item["rows"]) for item in proposed] == [("z_spec", -99, 75)]
    refused = described(site, product)
    assert refused.status_code == 400
    assert "-99 seems to mean that there is no value" in refused.json()["detail"]
    site.json("PUT", f"/api/products/{product}/table-options/", json={"missing_values": {"z_spec": [-99]}})
    published = described(site, product)
    assert published.status_code == 200, published.text
    assert "75 rows have no redshift." in published.json()["warnings"]
    assert rows(site, product)["z"].isna().sum() == 75
    again = site.ask("PUT", f"/api/products/{product}/table-options/", json={})
    assert (again.status_code, "new version" in again.text) == (409, True)


def test_another_table_of_the_file_can_be_chosen(site: PipelineSite) -> None:
    content = io.BytesIO()
    first = fits.BinTableHDU(Table({"TARGETID": [1, 2, 3, 4], "Z": Z}), name="REDSHIFTS")
    second = fits.BinTableHDU(Table({"TARGETID": [1, 2, 3, 4], "RA": LON, "DEC": LAT}), name="FIBERMAP")
    fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(content)
    product = uploaded(site, "two.fits", content.getvalue())
    assert [table["name"] for table in inspected(site, product)["found"]["tables"]] == ["REDSHIFTS", "FIBERMAP"]
    site.json("PUT", f"/api/products/{product}/table-options/", json={"table": "REDSHIFTS+FIBERMAP"})
    assert described(site, product).status_code == 200
    assert rows(site, product)["ra"].tolist() == LON.tolist()
    unknown = site.ask("PUT", f"/api/products/{product}/table-options/", json={"table": "x"})
    assert unknown.status_code == 409


def test_options_belong_to_those_who_may_change_the_product(site: PipelineSite) -> None:
    product = uploaded(site, "mine.csv", csv(ra=LON, dec=LAT, z=Z))
    path = f"/api/products/{product}/table-options/"
    assert site.ask("GET", path).json() == {"table": None, "missing_values": {}, "position": None}
    for who, read in (("bob", 404), (None, 401)):
        assert site.ask("PUT", path, who, json={"position": "as given"}).status_code == 404
        assert site.ask("GET", path, who).status_code == read
    for wrong in ({"colour": 1}, {"missing_values": {"x": [1]}}, {"position": {"columns": ["ra", "nothing"]}}):
        refused = site.ask("PUT", path, json=wrong)
        assert refused.status_code == 400, refused.text


def test_a_pipeline_reads_the_derived_positions(site: PipelineSite) -> None:
    catalogues = []
    for name, content in (("one.fits", hours_in_fits()), ("two.fits", old_frame_in_fits())):
        product = uploaded(site, name, content)
        published = described(site, product, ra_icrs="ra", dec_icrs="dec", z="z", Q="z_flag", survey_name="survey")
        assert published.status_code == 200, published.text
        catalogues.append(product)
    form = {"NAME": "Both", "INPUTS": [str(each) for each in catalogues], "PHASE": "RUN"}
    form["PARAM"] = json.dumps({"combine_type": "concatenate"})
    answer = site.ask("POST", "/pipelines/combine_redshift_dedup", data=form)
    assert answer.status_code == 303, answer.text
    alice = site.app.services.accounts.service.identity_of_user("alice")
    job = wait_for_run(site.app.services, alice, answer.headers["location"].rpartition("/")[2])
    assert job.phase.value == "COMPLETED", job.error
    made = site.json("GET", "/api/products/", params={"display_name": "Both"})["results"][0]
    table = inspected(site, made["id"])["tap_table"]
    found = site.rows(f"SELECT ra, dec FROM {table} ORDER BY z")
    there = SkyCoord(found["ra"].to_numpy(), found["dec"].to_numpy(), unit="deg")
    assert there.separation(PLACES[np.repeat(np.arange(4), 2)]).max() < 1 * u.mas
    assert len(found) == 8


def test_the_reason_why_a_file_is_no_table_stays_visible(site: PipelineSite) -> None:
    kinds = site.json("GET", "/api/product-types/", params={"name": "training_results"})["results"]
    body = {"display_name": "A model", "product_type": kinds[0]["id"]}
    product = int(site.json("POST", "/api/products/", json=body)["id"])
    content = bytes(range(256)) * 20
    assert site.ask("PUT", f"/api/products/{product}/files/model.pkl?role=main", content=content).is_success
    site.json("POST", f"/api/products/{product}/inspect/")
    assert inspected(site, product)["state"] == "not_a_table"
    published = site.ask("POST", f"/api/products/{product}/publish/")
    assert published.status_code == 200, published.text
    said = published.json()["warnings"][0]
    assert said.startswith("The main file is not read as a table.")
    page = site.app.client.get(f"/product/{published.json()['internal_name']}", headers=_browser(site))
    assert "Notes on the data" in page.text
    assert "is not read as a table" in page.text


def _browser(site: PipelineSite) -> dict[str, str]:
    return {"Authorization": f"Bearer {site.tokens['alice']}", "Accept": "text/html"}
