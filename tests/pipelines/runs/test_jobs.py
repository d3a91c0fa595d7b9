"""Pipelines as UWS jobs, from published inputs to a product that can be queried."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from sqlalchemy import update

from core.auth.models import Identity
from core.auth.schema import UserRow
from pipelines.definitions import COMBINE as COMBINE_PIPELINE
from pipelines.models import RunRequest
from products.models import ProductStatus, Visibility
from products.service import ProductChanges
from tests.pipelines.runs.conftest import Catalogues
from tests.pipelines.runs.published import (
    PipelineSite,
    catalogue,
    ended_run,
    never_queued,
    objects,
    publish,
    put_file,
    table_bytes,
    wait_for_run,
)
from tests.vospace.client import node_xml
from uws import Phase

pytestmark = [pytest.mark.slow, pytest.mark.either_database]

RULES = """
translation_rules:
  VVDS:
    z_flag_translation: {1: 1, 2: 2, 3: 3, 4: 4}
    instrument_type_translation: {default: s}
"""
COMBINE, TRAINING = "/pipelines/combine_redshift_dedup", "/pipelines/training_set_maker"


def test_catalogues_are_combined_into_a_product_that_can_be_queried(site: PipelineSite, catalogues: Catalogues):
    sent = {
        "NAME": "Both surveys",
        "INPUTS": [catalogues.vvds.internal_name, str(catalogues.dfgrs.id)],
        "combine_type": "concatenate_and_mark_duplicates",
        "PHASE": "RUN",
    }
    job_id, phase = ended_run(site, COMBINE, data=sent)
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
    assert used - {f"api:products/{product['id']}/provenance/input-3"} == {  # the third are the rules
        f"product:{each.internal_name}" for each in (catalogues.vvds, catalogues.dfgrs)
    }
    parameters = {e["voprov:name"]: e["voprov:value"] for e in told["entity"].values() if "voprov:value" in e}
    assert parameters["param.combine_type"] == "concatenate_and_mark_duplicates"
    activity = told["activity"][f"api:products/{product['id']}/provenance/activity"]
    assert activity["voprov:job"] == job_id
    assert catalogues.vvds.internal_name not in str(activity) + str(parameters)


def test_a_training_set_is_made_with_a_product_of_objects(site: PipelineSite, catalogues: Catalogues):
    sent = {
        "display_name": "Training",
        "inputs": [f"vos://photoz.local/products/{catalogues.vvds.internal_name}"],
        "objects": str(catalogues.objects.id),
        "flux_type": "cModel",
        "crossmatch": {"radius_arcsec": 1.0, "n_neighbors": 1},
        "random_seed": 7,
        "output_format": "votable",
        "phase": "RUN",
    }
    job_id, phase = ended_run(site, TRAINING, json=sent)
    assert phase == "COMPLETED", site.ask("GET", f"{TRAINING}/{job_id}/error").text
    product = site.json("GET", "/api/products?display_name=Training")["results"][0]
    table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
    rows = site.rows(f"SELECT * FROM {table}")
    assert len(rows) == 40
    assert (rows["objectId"] - 9_000_000_000_000_000_001).tolist() == (rows["r_cModelFlux"] - 1000).astype(int).tolist()
    # AB magnitude of a flux in nJy.
    assert rows["mag_r"].to_list() == pytest.approx((31.4 - 2.5 * np.log10(rows["r_cModelFlux"])).to_list(), abs=1e-3)
    assert site.ask("GET", f"{TRAINING}/{job_id}/results/report").json()["rows"] == 40


@pytest.mark.parametrize("output_format", ["csv", "fits", "hdf5", "hats", "votable", "parquet"])
def test_every_format_is_published_with_all_that_columns_mean(
    site: PipelineSite, catalogues: Catalogues, output_format: str
):
    name = f"As {output_format}"
    sent = {"NAME": name, "INPUTS": str(catalogues.vvds.id), "FORMAT": output_format, "PHASE": "RUN"}
    assert ended_run(site, COMBINE, data=sent)[1] == "COMPLETED"
    product = site.json("GET", f"/api/products?display_name={name}")["results"][0]
    info = site.json("GET", f"/api/products/{product['id']}/main_file_info")["main_file"]
    described = {each["alias"]: each["column_name"] for each in info["associated_columns"] if each["alias"]}
    assert described == {
        "ID": "CRD_ID", "RA": "ra", "Dec": "dec", "z": "z", "z_err": "z_err", "z_flag": "z_flag_homogenized",
        "survey": "survey",
    }  # fmt: skip
    table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
    assert site.rows(f"SELECT COUNT(*) AS n FROM {table} WHERE z > 0.2")["n"][0] == 29
    if output_format != "hats":
        again = {"INPUTS": str(product["id"]), "NAME": f"{name} again", "PHASE": "RUN"}
        assert ended_run(site, COMBINE, data=again)[1] == "COMPLETED"


def test_columns_of_a_result_on_disk_keep_their_types_in_every_format(site: PipelineSite, catalogues: Catalogues):
    found = []
    for output_format in ("parquet", "csv"):
        sent = {"NAME": f"Disk {output_format}", "INPUTS": [str(catalogues.vvds.id), str(catalogues.dfgrs.id)]}
        assert ended_run(site, COMBINE, data={**sent, "FORMAT": output_format, "PHASE": "RUN"})[1] == "COMPLETED"
        product = site.json("GET", f"/api/products?display_name=Disk {output_format}")["results"][0]
        table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
        described = f"SELECT column_name, datatype, arraysize FROM TAP_SCHEMA.columns WHERE table_name = '{table}'"
        found.append(site.rows(f"{described} ORDER BY column_name").to_csv())
    assert found[0] == found[1]


def test_a_hats_result_is_a_zip_that_can_be_combined_again(site: PipelineSite, catalogues: Catalogues):
    sent = {"NAME": "Tiled", "INPUTS": str(catalogues.vvds.id), "FORMAT": "hats", "PHASE": "RUN"}
    job_id, _ = ended_run(site, COMBINE, data=sent)
    main = site.ask("GET", f"{COMBINE}/{job_id}/results/result")
    with zipfile.ZipFile(io.BytesIO(main.content)) as archive:
        assert "tiled/catalog/hats.properties" in archive.namelist()
    product = site.json("GET", "/api/products?display_name=Tiled")["results"][0]
    again = {"NAME": "Tiled again", "INPUTS": str(product["id"]), "PHASE": "RUN"}
    assert ended_run(site, COMBINE, data=again)[1] == "COMPLETED"


def test_a_job_is_set_up_first_and_run_later(site: PipelineSite, catalogues: Catalogues):
    created = site.ask("POST", COMBINE, data={"combine_type": "concatenate"})
    job = created.headers["location"].removeprefix("http://testserver")
    assert site.ask("GET", f"{job}/phase").text == "PENDING"
    refused = site.ask("POST", f"{job}/phase", data={"PHASE": "RUN"})
    assert (refused.status_code, "the inputs are missing" in refused.text) == (400, True)
    assert site.ask("POST", f"{job}/parameters", data={"INPUTS": str(catalogues.vvds.id)}).status_code == 303
    files = {"RULES": ("rules.yaml", RULES.encode())}
    assert site.ask("POST", f"{job}/parameters", data={"NAME": "Later"}, files=files).status_code == 303
    assert site.ask("POST", f"{job}/phase", data={"PHASE": "RUN"}).status_code == 303
    assert site.ask("POST", f"{job}/phase", data={"PHASE": "RUN"}).status_code == 403
    alice = site.app.services.accounts.service.identity_of_user("alice")
    assert wait_for_run(site.app.services, alice, job.rpartition("/")[2]).phase.value == "COMPLETED"
    product = site.json("GET", "/api/products?display_name=Later")["results"][0]
    assert {each["name"] for each in site.json("GET", f"/api/product-files?product={product['id']}")["results"]} == {
        "later.parquet", "config.yaml", "flags_translation.yaml", "pipeline.log", "provenance.json", "report.json",
    }  # fmt: skip


def test_todays_configuration_file_is_taken_as_it_is(site: PipelineSite, catalogues: Catalogues):
    name = catalogues.vvds.internal_name
    columns = {"id": "name", "ra": "RAJ2000", "dec": "DEJ2000", "z": "zspec", "z_flag": "Q", "survey": "survey_name"}
    document = {
        "executor": {"name": "local", "args": {"n_workers": 2}},
        "inputs": {"specz": [{"path": "/x/y.parquet", "internal_name": name, "columns": {**columns, "z_err": None}}]},
        "output_root_dir": ".", "output_dir": "o", "output_name": "crd", "output_format": "csv",
        "param": {"combine_type": "concatenate", "z_flag_homogenized_value_to_cut": 3.0},
    }  # fmt: skip
    files = {"CONFIGURATION": ("config.yaml", yaml.safe_dump(document).encode())}
    job_id, phase = ended_run(site, COMBINE, data={"NAME": "From a file", "PHASE": "RUN"}, files=files)
    assert phase == "COMPLETED"
    rows = pd.read_csv(io.BytesIO(site.ask("GET", f"{COMBINE}/{job_id}/results/result").content))
    assert set(rows["z_flag_homogenized"]) == {3.0, 4.0}


def test_what_is_private_stays_so(site: PipelineSite, catalogues: Catalogues):
    sent = {"INPUTS": catalogues.secret.internal_name, "PHASE": "RUN"}
    refused = site.ask("POST", COMBINE, data=sent)
    missing = site.ask("POST", COMBINE, data=sent | {"INPUTS": "987654_nothing"})
    assert (refused.status_code, missing.status_code) == (400, 400)
    assert refused.text.replace(catalogues.secret.internal_name, "N") == missing.text.replace("987654_nothing", "N")
    assert site.ask("POST", COMBINE, "reading", data=sent).status_code == 403
    assert site.ask("POST", COMBINE, None, data=sent).status_code == 401
    both = {"INPUTS": f"{catalogues.secret.id};{catalogues.vvds.id}", "NAME": "Half secret", "VISIBILITY": "public"}
    answer = site.ask("POST", COMBINE, "bob", data=both | {"PHASE": "RUN"})
    begun = site.json("GET", "/api/products?display_name=Half secret", "bob")["results"][0]
    opened = site.json("PATCH", f"/api/products/{begun['id']}", "bob", json={"visibility": "registered"})
    assert catalogues.secret.internal_name in opened["warnings"][0]
    site.json("PATCH", f"/api/products/{begun['id']}", "bob", json={"visibility": begun["visibility"]})
    bob = site.app.services.accounts.service.identity_of_user("bob")
    assert (
        wait_for_run(site.app.services, bob, answer.headers["location"].rpartition("/")[2]).phase.value == "COMPLETED"
    )
    product = site.json("GET", "/api/products?display_name=Half secret", "bob")["results"][0]
    assert product["visibility"] == "private"
    assert site.ask("GET", f"/api/products/{product['id']}").status_code == 404
    assert site.ask("GET", answer.headers["location"].removeprefix("http://testserver")).status_code == 404
    _expect_warnings(site, catalogues, product)


def _expect_warnings(site: PipelineSite, catalogues: Catalogues, product: dict) -> None:
    """Expect that bob learns what others will know of his secret catalogue, before and while he shares its result."""
    secret, open_one = catalogues.secret.internal_name, catalogues.vvds.internal_name
    for page in ("share", "edit"):
        shown = site.ask("GET", f"/product/{product['internal_name']}/{page}", "bob").text
        assert f"<li>Registered users may not read {secret}.</li>" in shown
        assert f"or have a link, may not read {secret}, {open_one}.</li>" in shown
    address = f"/api/products/{product['id']}"
    (warning,) = site.json("PUT", f"{address}/co-owners/alice", "bob")["warnings"]
    assert f"made of: {secret}. They see the names" in warning
    shown = site.ask("GET", f"/product/{product['internal_name']}/share").text
    assert "Registered users may not read 1 that you may not read either." in shown
    assert (
        f"The co-owner alice may not read {secret}.</li>"
        in site.ask("GET", f"/product/{product['internal_name']}/share", "bob").text
    )
    linked = site.json("POST", f"{address}/links", "bob", json={"days": 1})["warnings"]
    assert f"{secret}, {open_one}" in linked[0]
    assert site.json("PATCH", address, "bob", json={"visibility": "private"})["warnings"] == []
    assert secret in site.json("PATCH", address, "bob", json={"visibility": "registered"})["warnings"][0]
    run = site.json("GET", address, "bob")["process_id"]
    assert secret in site.json("GET", f"/api/processes/{run}", "bob")["warnings"][0]
    assert "They see the names of these inputs" in site.ask("GET", f"/runs/{run}", "bob").text
    site.ask("DELETE", f"{address}/co-owners/alice", "bob")
    assert "They see the names of these inputs" not in site.ask("GET", f"/runs/{run}").text
    assert site.json("GET", f"/api/processes/{run}")["warnings"] == []
    # Lineage tells readers nothing of the secret catalogue, and search for it finds nothing.
    lineage = (f"{address}/provenance", f"{address}/provenance?RESPONSEFORMAT=votable", f"/datalink?ID={product['id']}")
    for path in (*lineage, f"/api/processes/{run}", f"/api/processes?upload={product['id']}"):
        told = site.ask("GET", path).text
        assert secret not in told, path
        assert secret in site.ask("GET", path, "bob").text, path


def test_a_run_loses_inputs_that_its_owner_may_not_read_any_more(site: PipelineSite, catalogues: Catalogues):
    services = site.app.services
    alice, bob = (services.accounts.service.identity_of_user(name) for name in ("alice", "bob"))
    shared = publish(services, bob, "Shared for a while", catalogue("VVDS"))
    run = never_queued(site).submit(alice, COMBINE_PIPELINE, RunRequest(inputs=(str(shared.id),), display_name="Lost"))
    services.products.service.change(bob, shared.id, ProductChanges(visibility=Visibility.PRIVATE))
    services.jobs.sweep()
    ended = wait_for_run(services, alice, run.job_id)
    assert ended.phase.value == "ERROR"
    assert "that you may read" in (ended.error or "")
    product = site.json("GET", "/api/products?display_name=Lost")["results"][0]
    assert (product["product_status"], product["process_status"]) == ("Failed", "Failed")


def test_a_result_that_does_not_fit_into_the_quota_fails_with_a_sentence(site: PipelineSite, catalogues: Catalogues):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    used = services.products.versions.usage(alice).used
    with services.database.write() as session:
        session.execute(update(UserRow).where(UserRow.id == alice.user_id).values(quota_bytes=used + 100))
    try:
        sent = {"NAME": "Too large", "INPUTS": [catalogues.vvds.internal_name, str(catalogues.dfgrs.id)]}
        job_id, phase = ended_run(site, COMBINE, data=sent | {"PHASE": "RUN"})
    finally:
        with services.database.write() as session:
            session.execute(update(UserRow).where(UserRow.id == alice.user_id).values(quota_bytes=None))
    assert phase == "ERROR"
    assert "The quota has no space for" in site.ask("GET", f"{COMBINE}/{job_id}/error").text
    product = site.json("GET", "/api/products?display_name=Too large")["results"][0]
    assert product["product_status"] == "Failed"
    assert services.products.versions.usage(alice).used == used


def test_an_aborted_run_fails_its_product(site: PipelineSite, catalogues: Catalogues):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    request = RunRequest(inputs=(str(catalogues.vvds.id),), display_name="Aborted")
    run = services.pipelines.service.submit(alice, COMBINE_PIPELINE, request)
    stopped = services.pipelines.service.stop(alice, run.id)
    if stopped.phase is not Phase.COMPLETED:  # a quick worker may have been quicker
        assert stopped.phase is Phase.ABORTED
        product = services.products.service.get(alice, run.product_id)
        assert product.status is ProductStatus.FAILED
        assert product.inspection_error == "The run was aborted."


def _provenance(site: PipelineSite, product: int, who: str) -> str:
    return site.ask("GET", f"/api/products/{product}/provenance", who).text


def test_files_in_vospace_are_combined_as_products_are(site: PipelineSite, catalogues: Catalogues, tmp_path: Path):
    formats = ("csv", "fits", "hdf5", "parquet", "vot")
    frame = catalogue("VVDS").rename(columns={"Q": "z_flag"})
    addresses = [put_file(site, f"/home/alice/vvds.{kind}", table_bytes(frame, kind, tmp_path)) for kind in formats]
    link = node_xml("vos://photoz.local~vospace/home/alice/newest", "LinkNode", target=addresses[0])
    assert site.ask("PUT", "/vospace/nodes/home/alice/newest", content=link).status_code == 201
    inputs = [
        "vos://photoz.local/home/alice/newest",
        *reversed(addresses),
        f"vos://photoz.local~vospace/products/{catalogues.vvds.internal_name}/table.csv",
    ]
    sent = {"NAME": "Of files", "VISIBILITY": "public", "inputs": inputs, "PHASE": "RUN"}
    job_id, phase = ended_run(site, COMBINE, json=sent)
    assert phase == "COMPLETED", site.ask("GET", f"{COMBINE}/{job_id}/error").text
    product = site.json("GET", "/api/products?display_name=Of files")["results"][0]
    assert product["visibility"] == "private"
    table = site.json("GET", f"/api/products/{product['id']}/inspection")["tap_table"]
    rows = site.rows(f"SELECT * FROM {table}")
    assert set(rows["source"]) == {f"0{n}_vvds" for n in range(1, 6)} | {catalogues.vvds.internal_name}
    kept = ["id", "ra", "dec", "z", "z_flag", "survey", "z_flag_homogenized"]
    expected = rows[rows["source"] == catalogues.vvds.internal_name][kept].sort_values("id").reset_index(drop=True)
    for number in range(1, 6):
        found = rows[rows["source"] == f"0{number}_vvds"]
        pd.testing.assert_frame_equal(found[kept].sort_values("id").reset_index(drop=True), expected)
        assert set(found["CRD_ID"].str.partition("_")[0]) == {f"CRD0{number}"}
    attached = site.ask("GET", f"{COMBINE}/{job_id}/results/provenance").json()["entity"]
    for address in addresses:
        content = site.ask("GET", "/vospace/files" + address.partition("~vospace")[2]).content
        (entity,) = (each for each in attached.values() if each.get("pz:address") == address)
        assert entity["pz:sha256"] == hashlib.sha256(content).hexdigest()
    configuration = site.ask("GET", f"{COMBINE}/{job_id}/results/configuration").text
    again = {"NAME": "Of files again", "CONFIGURATION": configuration, "PHASE": "RUN"}
    again["RULES"] = site.ask("GET", f"{COMBINE}/{job_id}/results/rules").text
    job_again, phase = ended_run(site, COMBINE, data=again)
    assert phase == "COMPLETED", site.ask("GET", f"{COMBINE}/{job_again}/error").text
    assert site.ask("PATCH", f"/api/products/{product['id']}", json={"visibility": "registered"}).status_code == 200
    own, others = (_provenance(site, product["id"], who) for who in ("alice", "bob"))
    assert all(address in own for address in addresses)
    assert "/home/alice" not in others
    assert others.count("that you may not read") == len(addresses)


def test_objects_may_be_a_file_in_vospace(site: PipelineSite, catalogues: Catalogues, tmp_path: Path):
    address = put_file(site, "/home/alice/objects.fits", table_bytes(objects(), "fits", tmp_path))
    asked = {"inputs": [str(catalogues.vvds.id)], "flux_type": "cModel", "random_seed": 7, "phase": "RUN"}
    found = []
    for number, chosen in enumerate((str(catalogues.objects.id), address)):
        job_id, phase = ended_run(site, TRAINING, json=asked | {"objects": chosen, "display_name": f"Objects {number}"})
        assert phase == "COMPLETED", site.ask("GET", f"{TRAINING}/{job_id}/error").text
        found.append(pq.read_table(io.BytesIO(site.ask("GET", f"{TRAINING}/{job_id}/results/result").content)))
    assert found[0].column_names == found[1].column_names
    pd.testing.assert_frame_equal(found[0].to_pandas(), found[1].to_pandas())
    form = {"inputs": (None, str(catalogues.vvds.id)), "objects_file": (None, address)}
    assert site.ask("POST", "/run/training_set_maker", files=form).status_code == 303
    both = site.ask("POST", "/run/training_set_maker", files=form | {"objects": (None, "product:1")})
    assert (both.status_code, "listed object catalogue or enter a file, not both" in both.text) == (400, True)


def test_a_result_of_files_that_all_registered_users_read_is_for_them(site: PipelineSite, alice: Identity):
    content = catalogue("VVDS").to_csv(index=False).encode()
    address = put_file(site, "/home/bob/for_all.csv", content, "bob", read_by="registered")
    page = site.ask("GET", "/run/combine_redshift_dedup").text
    assert "vos://photoz.local~vospace/home/alice/catalogue.parquet" in page
    form = {"display_name": (None, "Of all"), "files": (None, f" {address} ; ")}
    shown = site.ask("POST", "/run/combine_redshift_dedup", files=form).headers["location"]
    run = site.app.services.pipelines.service.get(alice, int(shown.rpartition("/")[2]))
    assert wait_for_run(site.app.services, alice, run.job_id).phase is Phase.COMPLETED
    assert f"<code>{address}</code>" in site.ask("GET", shown).text
    product = site.json("GET", "/api/products?display_name=Of all", "bob")["results"][0]
    assert product["visibility"] == "registered"
    assert address in _provenance(site, product["id"], "bob")


def test_a_file_that_is_gone_when_its_run_begins_is_told(site: PipelineSite, catalogues: Catalogues):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    address = put_file(site, "/home/alice/short_lived.csv", catalogue("VVDS").to_csv(index=False).encode())
    run = never_queued(site).submit(alice, COMBINE_PIPELINE, RunRequest(inputs=(address,)))
    assert services.products.service.get(alice, run.product_id).display_name == "Combine Redshift Catalogs"
    assert site.ask("DELETE", "/vospace/nodes/home/alice/short_lived.csv").status_code == 204
    services.jobs.sweep()
    ended = wait_for_run(services, alice, run.job_id)
    assert ended.phase.value == "ERROR"
    assert f"There is no file '{address}' that you may read" in (ended.error or "")
