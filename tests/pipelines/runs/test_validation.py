"""Validations as UWS jobs: published estimates and references become a product with metrics, figures and a report."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table
from lxml import etree

from products.models import Product, Visibility
from tests.pipelines.runs.published import PipelineSite, completed_run, people, publish, put_file
from tests.pipelines.validation.samples import OBJECTS, recipe_files
from tests.server.application import running_application

pytestmark = pytest.mark.slow

VALIDATION = "/pipelines/validate_estimates"


@dataclass(frozen=True, slots=True)
class Published:
    """What is published: estimates with densities, a table of point estimates, and references."""

    estimates: Product
    points: Product
    reference: Product
    secret: Product
    path: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineSite]:
    with running_application(tmp_path_factory.mktemp("validations") / "data") as app:
        yield PipelineSite(app, people(app))


@pytest.fixture(scope="module")
def published(site: PipelineSite, tmp_path_factory: pytest.TempPathFactory) -> Published:
    estimates, truth = recipe_files(tmp_path_factory.mktemp("recipe"))
    with h5py.File(truth) as file:
        reference = pd.DataFrame({name: values[:] for name, values in file["photometry"].items()})
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    points = pd.DataFrame({"object_id": reference["object_id"], "z_best": reference["redshift"] + 0.01})
    known, best = {"object_id": "id", "redshift": "z"}, {"object_id": "id", "z_best": "z"}
    return Published(
        publish(services, alice, "Recipe", pd.DataFrame(), kind="photoz_estimates", path=estimates,
                meanings={"object_id": "id", "loc": "z"}),
        publish(services, alice, "Points", points, kind="photoz_estimates", meanings=best),
        publish(services, alice, "Truth", reference, kind="training_set", meanings=known),
        publish(services, alice, "Secret truth", reference, kind="training_set", meanings=known,
                visibility=Visibility.PRIVATE),
        truth,
    )  # fmt: skip


def test_estimates_are_compared_in_a_product_with_tables_and_figures(site: PipelineSite, published: Published):
    job_id = completed_run(
        site, VALIDATION, NAME="Compared", INPUTS=[str(published.estimates.id), published.points.internal_name],
        OBJECTS=str(published.reference.id), GRID="0, 2.5, 301", BOOTSTRAP="20",
    )  # fmt: skip
    product = site.json("GET", "/api/products?display_name=Compared")["results"][0]
    assert (product["status"], product["product_type_internal_name"]) == (1, "validation_results")
    report = site.ask("GET", f"{VALIDATION}/{job_id}/results/report").json()
    recipe, points = report["estimates"]
    assert (recipe["objects"], recipe["form"], recipe["point"], points["form"]) == (OBJECTS, "interp", "loc", None)
    expected = {"cde_loss": -4.3119925, "pit_ks": 0.3673844, "pit_cvm": 20.631547, "sigma_mad": 0.0047412589}
    assert {name: recipe["metrics"][name] for name in expected} == pytest.approx(expected, rel=3e-6)
    assert recipe["errors"]["bias"] > 0
    table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
    rows = site.rows(f"SELECT estimates, objects, bias, cde_loss FROM {table} WHERE binned_by = 'all' ORDER BY objects")
    assert rows["bias"].tolist() == pytest.approx([1.57838e-04, np.median(0.01 / (1 + _truth(published)))], rel=1e-5)
    run = site.json("GET", "/api/processes")["results"][0]["id"]
    page = site.ask("GET", f"/runs/{run}")
    assert page.status_code == 200
    keys = ["pit", "qq", "bias-z_true", "sigma_iqr-magnitude", "outlier_rate-z_phot", "nz-1", "redshifts-2"]
    for key in keys:
        assert f'src="/runs/{run}/pictures/{key}.svg"' in page.text
        picture = site.ask("GET", f"/runs/{run}/pictures/{key}.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert etree.fromstring(picture.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert "not met" in page.text
    for name in ("pit.svg", "nz.parquet", "report.json", "provenance.json", "config.yaml"):
        assert site.ask("GET", f"/api/products/{product['id']}/files/{name}").status_code == 200
    ecsv = Table.read(_content(site, product, "metrics.ecsv").decode(), format="ascii.ecsv")
    votable = parse_single_table(io.BytesIO(_content(site, product, "metrics.vot"))).to_table()
    assert len(ecsv) == len(votable) > 10
    assert ecsv["sigma_mad"][0] == pytest.approx(0.0047412589, rel=3e-6)
    told = site.json("GET", f"/api/products/{product['id']}/provenance")
    used = {relation["prov:entity"] for relation in told["used"].values()}
    names = (published.estimates, published.points, published.reference)
    assert used == {f"product:{each.internal_name}" for each in names}


def test_a_reference_that_others_may_not_read_makes_a_private_result(site: PipelineSite, published: Published):
    completed_run(
        site,
        VALIDATION,
        NAME="Hidden",
        INPUTS=str(published.estimates.id),
        OBJECTS=str(published.secret.id),
        BOOTSTRAP="0",
    )
    assert site.json("GET", "/api/products?display_name=Hidden")["count"] == 1
    assert site.json("GET", "/api/products?display_name=Hidden", who="bob")["count"] == 0


def test_files_in_the_vospace_are_validated(site: PipelineSite, published: Published):
    address = put_file(site, "/home/alice/truth.hdf5", published.path.read_bytes())
    sent = {"INPUTS": str(published.estimates.id), "OBJECTS": address, "POINT": "mode", "GRID": "[0, 2.5, 301]"}
    job_id = completed_run(site, VALIDATION, NAME="From a file", **sent)
    report = site.ask("GET", f"{VALIDATION}/{job_id}/results/report").json()
    assert report["estimates"][0]["metrics"]["sigma_mad"] == pytest.approx(0.0046489048, rel=3e-6)


def test_a_run_without_a_reference_or_with_wrong_parameters_is_refused(site: PipelineSite, published: Published):
    sent = {"PHASE": "RUN", "INPUTS": str(published.estimates.id)}
    assert "Choose a reference" in site.ask("POST", VALIDATION, data=sent).text
    sent["OBJECTS"] = str(published.reference.id)
    for name, value, words in (("GRID", "[3, 0, 9]", "does not increase"), ("FORMAT", "hats", "has no positions")):
        assert words in site.ask("POST", VALIDATION, data={**sent, name: value}).text


def test_the_form_offers_estimates_and_references(site: PipelineSite, published: Published):
    site.app.client.cookies.clear()
    page = site.ask("GET", "/run/validate_estimates")
    assert page.status_code == 200
    assert "Objects are matched" in page.text
    assert published.estimates.display_name in page.text
    assert published.reference.display_name in page.text


def _truth(published: Published) -> np.ndarray:
    with h5py.File(published.path) as file:
        return np.asarray(file["photometry/redshift"][:])


def _content(site: PipelineSite, product: dict[str, object], name: str) -> bytes:
    return bytes(site.ask("GET", f"/api/products/{product['id']}/files/{name}").content)
