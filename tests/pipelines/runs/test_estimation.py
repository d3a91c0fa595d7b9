"""Estimations as UWS jobs: a training set and objects become a product of estimates with densities, and its model."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from core.database import utc_now
from products.lifecycle.inspector import Beside
from products.models import FileRole, Product, Visibility
from products.product_types import product_type_by_name
from products.provenance import Activity
from products.provenance.further_products import FurtherProduct
from products.schema import ProductRow
from products.service import NewProduct
from tests.pipelines.estimation.fake_rail import make_fake_rail
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
    model = _results_of(site, "Estimated")
    content = site.ask("GET", f"/api/products/{model['id']}/files/model.parquet").content
    assert hashlib.sha256(content).hexdigest() == report["model"]["sha256"]
    assert pq.read_table(io.BytesIO(content)).num_rows == 300
    sources = {published.training.internal_name, published.objects.internal_name, model["internal_name"]}
    assert _used(site, product) == sources
    assert _used(site, model) == {published.training.internal_name}
    model_table = site.json("GET", f"/api/products/{model['id']}/inspection")["tap_table"]
    assert site.rows(f"SELECT COUNT(*) AS n FROM {model_table}")["n"].tolist() == [300]
    for page, linked in ((product, model["internal_name"]), (model, published.training.internal_name)):
        assert linked in site.ask("GET", f"/product/{page['internal_name']}/provenance").text
    run = site.json("GET", "/api/processes")["results"][0]["id"]
    page = site.ask("GET", f"/runs/{run}").text
    for part in ("<dt>Objects trained on</dt><dd>300</dd>", "mag_err_u_lsst", f"/runs/{run}/pictures/nz.svg"):
        assert part in page
    assert site.ask("GET", f"/runs/{run}/pictures/nz.svg").status_code == 200


def _results_of(site: PipelineSite, name: str, who: str = "alice") -> dict[str, Any]:
    """Return the one published product of the training results of a run."""
    found = site.json("GET", "/api/products", who, params={"display_name": f"{name} (training results)"})["results"]
    (model,) = found
    assert (model["status"], model["product_type_internal_name"]) == (1, "training_results")
    return model


def _used(site: PipelineSite, product: Mapping[str, Any]) -> set[str]:
    told = site.json("GET", f"/api/products/{product['id']}/provenance")
    return {relation["prov:entity"].removeprefix("product:") for relation in told["used"].values()}


def test_training_results_are_the_model_of_another_run(site: PipelineSite, published: Published):
    make_fake_rail(site.app.services.settings.estimators_folder)
    objects = {"OBJECTS": published.objects.internal_name, "GRID": "0, 2.5, 126"}
    completed_run(
        site, ESTIMATE, NAME="Trained", INPUTS=str(published.training.id), ALGORITHM="rail_knn", **objects
    )  # fmt: skip
    model = _results_of(site, "Trained")
    job_id = completed_run(site, ESTIMATE, NAME="Again", INPUTS=str(model["id"]), **objects)
    report = site.json("GET", f"{ESTIMATE}/{job_id}/results/report")
    assert (report["algorithm"], report["trained"]) == ("rail_knn", 300)
    names = ("Trained", "Again")
    first, again = (site.json("GET", f"/api/products?display_name={name}")["results"][0] for name in names)
    tables = [site.json("GET", f"/api/products/{each['id']}/inspection")["tap_table"] for each in (first, again)]
    modes = [site.rows(f"SELECT zmode FROM {table} ORDER BY object_id")["zmode"].tolist() for table in tables]
    assert modes[0] == modes[1]
    assert _used(site, again) == {model["internal_name"], published.objects.internal_name}
    assert not site.json("GET", "/api/products", params={"display_name": "Again (training results)"})["count"]
    sent = {"PHASE": "RUN", "INPUTS": str(model["id"]), "OBJECTS": published.objects.internal_name}
    refused = site.ask("POST", ESTIMATE, data={**sent, "ALGORITHM": "knn"}).text
    assert "is one of rail_knn; choose that algorithm instead of knn" in refused


def test_a_model_that_this_server_did_not_write_is_never_loaded(site: PipelineSite, published: Published):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    new = NewProduct("Foreign", product_type_by_name("training_results").id)
    product = services.products.service.create(alice, new)
    with services.products.uploads.stage(alice, product.id, FileRole.MAIN) as staging:
        staging.write(b"\x80\x04cos\nsystem\n")
        stored = staging.finish()
    services.products.uploads.add_file(alice, product.id, FileRole.MAIN, "model.pkl", stored)
    services.products.uploads.publish(alice, product.id, seconds=60)
    sent = {"PHASE": "RUN", "INPUTS": str(product.id), "OBJECTS": str(published.objects.id)}
    refused = site.ask("POST", ESTIMATE, data={**sent, "ALGORITHM": "rail_knn"}).text
    assert "no model that this server has trained" in refused


def test_a_run_that_is_killed_at_its_end_leaves_no_training_results(site: PipelineSite, published: Published):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    main = services.products.service.create(alice, NewProduct("Killed", 4), made_by="Estimate Photo-z")
    now = utc_now()
    path = site.app.services.settings.staging_folder / "model.parquet"
    pq.write_table(sky(20, 3), path)
    further = FurtherProduct("training_results", " (training results)", "", path, Activity("t", "t", "1", now, now))
    before = _counts(site)

    def publish_and_die(add: Beside) -> None:
        with services.database.write() as session:
            add(session, session.get_one(ProductRow, main.id))
            session.flush()
            raise KeyboardInterrupt

    beside = services.products.further_products.beside(alice, further, path.parent)
    with pytest.raises(KeyboardInterrupt), beside as add:
        publish_and_die(add)
    assert _counts(site) == before
    services.products.job_products.discard(main.id)
    path.unlink()


def _counts(site: PipelineSite) -> tuple[int, int, int]:
    """Return the numbers of products, and of files of their rows and of their bytes."""
    settings = site.app.services.settings
    with site.app.services.database.read() as session:
        products = session.scalar(select(func.count()).select_from(ProductRow)) or 0
    folders = (settings.tables_folder, settings.files_folder)
    tables, files = (sum(path.is_file() for path in folder.rglob("*")) for folder in folders)
    return products, tables, files


def test_objects_that_others_may_not_read_make_private_estimates(site: PipelineSite, published: Published):
    completed_run(site, ESTIMATE, NAME="Hidden", INPUTS=str(published.training.id), OBJECTS=str(published.secret.id))
    assert site.json("GET", "/api/products?display_name=Hidden")["count"] == 1
    assert site.json("GET", "/api/products?display_name=Hidden", who="bob")["count"] == 0
    assert _results_of(site, "Hidden")["id"]
    others = site.json("GET", "/api/products", "bob", params={"display_name": "Hidden (training results)"})
    assert others["count"] == 0


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
