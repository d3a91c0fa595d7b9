"""Pipelines as UWS jobs, from published inputs to a product that can be queried."""

import io

import pyarrow.parquet as pq

from tests.pipelines.runs.conftest import Catalogues
from tests.pipelines.runs.published import PipelineSite, wait_for_run

COMBINE, TRAINING = "/pipelines/combine_redshift_dedup", "/pipelines/training_set_maker"


def _run(site: PipelineSite, address: str, **sent) -> tuple[str, str]:
    """Let a run go to its end; give its id and phase."""
    answer = site.ask("POST", address, **sent)
    assert answer.status_code == 303, answer.text
    job_id = answer.headers["location"].rpartition("/")[2]
    alice = site.app.services.accounts.identity_of_user("alice")
    return job_id, wait_for_run(site.app.services, alice, job_id).phase.value


def test_catalogues_are_combined_into_a_product_that_can_be_queried(site: PipelineSite, catalogues: Catalogues):
    sent = {
        "NAME": "Both surveys",
        "INPUTS": [catalogues.vvds.internal_name, str(catalogues.dfgrs.id)],
        "combine_type": "concatenate_and_mark_duplicates",
        "PHASE": "RUN",
    }
    job_id, phase = _run(site, COMBINE, data=sent)
    assert phase == "COMPLETED", site.ask("GET", f"{COMBINE}/{job_id}/error").text
    product = site.json("GET", "/api/products?display_name=Both surveys")["results"][0]
    assert (product["status"], product["product_type_internal_name"]) == (1, "redshift_catalog")
    assert product["origin"] == "Combine Redshift Catalogs"
    table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
    rows = site.rows(f"SELECT survey, tie_result, z, z_flag_homogenized FROM {table}")
    assert len(rows) == 80
    assert set(rows["survey"]) == {"VVDS", "2DFGRS"}
    assert (rows["tie_result"] == 0).sum() == 40
    main = site.ask("GET", f"{COMBINE}/{job_id}/results/result")
    assert pq.read_table(io.BytesIO(main.content)).num_rows == 80
    report = site.ask("GET", f"{COMBINE}/{job_id}/results/report").json()
    assert (report["rows_in"], report["ties"]["duplicate"]) == (80, 40)
    told = site.json("GET", f"/api/products/{product['id']}/provenance")
    used = {relation["prov:entity"] for relation in told["used"].values()}
    assert used == {f"product:{each.internal_name}" for each in (catalogues.vvds, catalogues.dfgrs)}
    parameters = {e["voprov:name"]: e["voprov:value"] for e in told["entity"].values() if "voprov:value" in e}
    assert parameters["param.combine_type"] == "concatenate_and_mark_duplicates"
    activity = told["activity"][f"api:products/{product['id']}/provenance/activity"]
    assert activity["voprov:job"] == job_id
    assert catalogues.vvds.internal_name not in str(activity) + str(parameters)
