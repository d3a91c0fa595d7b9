"""Estimations as UWS jobs: a training set and objects become a product of estimates with densities, and its model."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest

from products.models import Product, Visibility
from tests.pipelines.estimation.skies import sky
from tests.pipelines.runs.published import PipelineSite, completed_run, people, publish
from tests.server.application import running_application

pytestmark = pytest.mark.slow

ESTIMATE = "/pipelines/estimate"
_KNOWN = {"object_id": "id", "ra": "ra", "dec": "dec", "redshift": "z"}
_OBJECTS = {"object_id": "id", "ra": "ra", "dec": "dec"}


@dataclass(frozen=True, slots=True)
class Published:
    """What is published: a training set, and objects without redshifts, open and private."""

    training: Product
    objects: Product
    secret: Product


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineSite]:
    with running_application(tmp_path_factory.mktemp("estimations") / "data") as app:
        yield PipelineSite(app, people(app))


@pytest.fixture(scope="module")
def published(site: PipelineSite) -> Published:
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    objects = sky(40, 2).drop_columns("redshift").to_pandas()
    return Published(
        publish(services, alice, "Known", sky(300, 1).to_pandas(), kind="training_set", meanings=_KNOWN),
        publish(services, alice, "Faint", objects, kind="object_catalog", meanings=_OBJECTS),
        publish(services, alice, "Secret", objects, kind="object_catalog", meanings=_OBJECTS,
                visibility=Visibility.PRIVATE),
    )  # fmt: skip


def test_estimates_are_a_product_whose_densities_are_queried(site: PipelineSite, published: Published):
    job_id = completed_run(
        site, ESTIMATE, NAME="Estimated", INPUTS=str(published.training.id), OBJECTS=published.objects.internal_name,
        **{"KNN.NEIGHBOURS": "10", "GRID": "0, 2.5, 126"},
    )  # fmt: skip
    product = site.json("GET", "/api/products?display_name=Estimated")["results"][0]
    assert (product["status"], product["product_type_internal_name"]) == (1, "photoz_estimates")
    table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
    rows = site.rows(f"SELECT object_id, zmode, pz_mean(pz) AS mean, zmean, pz_odds(pz) AS odds FROM {table}")
    assert sorted(rows["object_id"]) == list(range(2000, 2040))
    assert (rows["mean"] - rows["zmean"]).abs().max() < 1e-3
    assert rows["odds"].between(0, 1 + 1e-6).all()
    report = site.json("GET", f"{ESTIMATE}/{job_id}/results/report")
    assert (report["trained"], report["estimated"], len(report["grid"])) == (300, 40, 126)
    model = site.ask("GET", f"/api/products/{product['id']}/files/model.parquet").content
    assert hashlib.sha256(model).hexdigest() == report["model"]["sha256"]
    assert pq.read_table(io.BytesIO(model)).num_rows == 300
    told = site.json("GET", f"/api/products/{product['id']}/provenance")
    used = {relation["prov:entity"] for relation in told["used"].values()}
    assert used == {f"product:{each.internal_name}" for each in (published.training, published.objects)}
    run = site.json("GET", "/api/processes")["results"][0]["id"]
    page = site.ask("GET", f"/runs/{run}").text
    for part in ("<dt>Objects trained on</dt><dd>300</dd>", "mag_err_u_lsst", f"/runs/{run}/pictures/nz.svg"):
        assert part in page
    assert site.ask("GET", f"/runs/{run}/pictures/nz.svg").status_code == 200


def test_objects_that_others_may_not_read_make_private_estimates(site: PipelineSite, published: Published):
    completed_run(site, ESTIMATE, NAME="Hidden", INPUTS=str(published.training.id), OBJECTS=str(published.secret.id))
    assert site.json("GET", "/api/products?display_name=Hidden")["count"] == 1
    assert site.json("GET", "/api/products?display_name=Hidden", who="bob")["count"] == 0


def test_what_is_missing_or_wrong_is_refused(site: PipelineSite, published: Published):
    sent = {"PHASE": "RUN", "INPUTS": str(published.training.id)}
    assert "Choose a table of objects" in site.ask("POST", ESTIMATE, data=sent).text
    sent |= {"OBJECTS": str(published.objects.id)}
    for name, value, words in (
        ("ALGORITHM", "guess", "algorithm: Input should be"),
        ("KNN.NEIGHBOURS", "0", "greater than or equal to 1"),
        ("FORMAT", "csv", "Estimates are written as Parquet, not as csv"),
    ):
        assert words in site.ask("POST", ESTIMATE, data={**sent, name: value}).text


def test_the_form_offers_the_algorithms(site: PipelineSite):
    page = site.ask("GET", "/run/estimate").text
    for part in ("Nearest neighbours", 'name="knn.neighbours"', "RAIL: FlexZBoost", "By errors of magnitudes"):
        assert part in page
