"""The same run again from its provenance, runs of folders, and requests that name what does not exist."""

import hashlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.outputs.hats import write_hats
from products.product_types import product_type_by_name
from tests.pipelines.runs.conftest import Catalogues
from tests.pipelines.runs.published import PipelineSite, catalogue, put_file, wait_for_run
from tests.vospace.client import node_xml

pytestmark = [pytest.mark.slow, pytest.mark.either_database(whole_file=True)]

COMBINE, TRAINING = "/pipelines/combine_redshift_dedup", "/pipelines/training_set_maker"


def _run(site: PipelineSite, address: str, **sent: Any) -> str:
    """Let a run complete; give its address."""
    answer = site.ask("POST", address, data=sent | {"FORMAT": "parquet", "PHASE": "RUN"})
    assert answer.status_code == 303, answer.text
    job_id = answer.headers["location"].rpartition("/")[2]
    alice = site.app.services.accounts.service.identity_of_user("alice")
    assert wait_for_run(site.app.services, alice, job_id).phase.value == "COMPLETED"
    return f"{address}/{job_id}/results"


def _table(site: PipelineSite, results: str) -> pa.Table:
    return pq.read_table(io.BytesIO(site.ask("GET", f"{results}/result").content))


def _activity(site: PipelineSite, results: str) -> Any:
    (activity,) = site.ask("GET", f"{results}/provenance").json()["activity"].values()
    return activity


def test_a_combination_can_be_made_again_from_its_provenance(site: PipelineSite, catalogues: Catalogues):
    names = f"{catalogues.vvds.internal_name};{catalogues.dfgrs.internal_name}"
    first = _run(site, COMBINE, INPUTS=names, combine_type="concatenate_and_mark_duplicates", NAME="First")
    activity = _activity(site, first)
    param = activity["pz:configuration"]["param"]
    assert (param["crossmatch_radius_arcsec"], param["delta_z_threshold"]) == (0.5, 0.001)
    assert activity["pz:software"]["photoz-server"] == version("photoz-server")
    assert {"python", "numpy", "scipy", "pyarrow", "astropy", "cdshealpix"} <= activity["pz:software"].keys()
    rules = site.ask("GET", f"{first}/rules").content
    entities = site.ask("GET", f"{first}/provenance").json()["entity"].values()
    digests = {each["prov:label"]: each.get("pz:sha256") for each in entities}
    assert digests["flags_translation.yaml"] == hashlib.sha256(rules).hexdigest()
    # What the provenance has, and nothing else, gives the same rows.
    configuration = yaml.safe_dump(activity["pz:configuration"])
    again = _run(site, COMBINE, CONFIGURATION=configuration, RULES=rules.decode(), NAME="Again")
    assert _table(site, again).equals(_table(site, first))
    assert _activity(site, again)["pz:configuration"] == activity["pz:configuration"]
    numbers = {each["display_name"]: each["id"] for each in site.json("GET", "/api/processes?page_size=50")["results"]}
    page = site.ask("GET", f"/runs/compare?first={numbers['First']}&second={numbers['Again']}").text
    assert "Rows in the result" in page
    for number in (numbers["First"], numbers["Again"]):
        assert f'src="/runs/{number}/pictures/sky.svg"' in page
    refused = site.ask("POST", COMBINE, data={"CONFIGURATION": configuration, "PHASE": "RUN"})
    assert refused.status_code == 400
    assert "send its text as RULES" in refused.text


def test_a_training_set_can_be_made_again_with_the_seed_that_was_drawn(site: PipelineSite, catalogues: Catalogues):
    given = {"INPUTS": str(catalogues.vvds.id), "OBJECTS": str(catalogues.objects.id), "FLUX_TYPE": "cModel"}
    first = _run(site, TRAINING, **given, NAME="Drawn")
    configuration = _activity(site, first)["pz:configuration"]
    assert isinstance(configuration["param"]["random_seed"], int)
    assert configuration["param"]["photometry"]["bands"] == ["r"]
    again = _run(site, TRAINING, CONFIGURATION=yaml.safe_dump(configuration), NAME="Drawn again")
    assert _table(site, again).equals(_table(site, first))
    report = site.ask("GET", f"{again}/report").json()
    assert report["warnings"] == site.ask("GET", f"{first}/report").json()["warnings"]
    assert any("Magnitudes are not dereddened" in warning for warning in report["warnings"])
    listed = site.json("GET", "/api/processes?page_size=50")["results"]
    process = next(each for each in listed if each["display_name"] == "Drawn again")
    assert site.json("GET", f"/api/processes/{process['id']}")["warnings"] == report["warnings"]


@pytest.mark.parametrize(
    ("address", "sent", "words"),
    [
        (COMBINE, {"combin_type": "x"}, "There is no parameter COMBIN_TYPE; did you mean COMBINE_TYPE?"),
        (COMBINE, {"CROSSMATCH_RADIUS": "2"}, "did you mean CROSSMATCH_RADIUS_ARCSEC?"),
        (TRAINING, {"radius": "2"}, "There is no parameter RADIUS; did you mean"),
        (COMBINE, {"PARAM": '{"combin_type": "x"}'}, "no parameter 'combin_type' (did you mean combine_type?)"),
        (TRAINING, {"dereddening": "csfd"}, "choose 'sfd' (by the column ebv) or 'none'"),
        (TRAINING, {"RULES": "translation_rules: {}"}, "Training Set Maker takes no rules"),
        (COMBINE, {"COLUMNS": '{"1_vvds": {"zerr": "Q"}}'}, "a column for 'zerr'; did you mean z_err?"),
        (TRAINING, {"COLUMNS": '{"4_objects": {"z": "r_cModelFlux"}}'}, "columns are read for id, ra, dec."),
        (TRAINING, {"use_absolute_lsdb_path": "true"}, "for configuration files with paths"),
    ],
)
def test_what_has_no_effect_is_refused_before_the_job_is_queued(
    site: PipelineSite, catalogues: Catalogues, address: str, sent: dict[str, str], words: str
):
    inputs = {"INPUTS": str(catalogues.vvds.id)}
    if address == TRAINING:
        inputs["OBJECTS"] = str(catalogues.objects.id)
    answer = site.ask("POST", address, data=inputs | sent | {"PHASE": "RUN"})
    assert answer.status_code == 400
    assert words in answer.text


def test_parameters_of_uws_are_taken_in_any_case_and_unknown_ones_are_refused_later_too(
    site: PipelineSite, catalogues: Catalogues
):
    standard = {"runid": "mine", "ExecutionDuration": "60", "wait": "1", "responseformat": "votable", "Inputs": "1"}
    made = site.ask("POST", COMBINE, data=standard)
    assert made.status_code == 303, made.text
    job = f"{COMBINE}/{made.headers['location'].rpartition('/')[2]}"
    assert site.ask("GET", f"{job}/executionduration").text == "60"
    changed = site.ask("POST", f"{job}/parameters", data={"delta_z_treshold": "0.1"})
    assert (changed.status_code, "did you mean DELTA_Z_THRESHOLD?" in changed.text) == (400, True)
    assert site.ask("POST", f"{job}/parameters", data={"delta_z_threshold": "0.1"}).status_code == 303


def _put_hats(site: PipelineSite, folder: Path, name: str) -> tuple[str, dict[str, str]]:
    """Put a HATS catalogue into alice's home as clients do, file by file; give its address and checksums."""
    frame = catalogue("VVDS").rename(columns={"Q": "z_flag"})
    ends = ("RAJ2000", "DEJ2000")
    write_hats(pa.Table.from_pandas(frame, preserve_index=False), folder / name, ends, rows_in_file=20)
    address, checksums = f"vos://{site.app.services.settings.authority}~vospace/home/alice/{name}", {}
    for path in [folder / name, *sorted((folder / name).rglob("*"))]:
        below = path.relative_to(folder).as_posix()
        if path.is_dir():
            node = node_xml(f"{address.rpartition('/')[0]}/{below}")
            assert site.ask("PUT", f"/vospace/nodes/home/alice/{below}", content=node).status_code == 201
        else:
            put_file(site, f"/home/alice/{below}", path.read_bytes())
            checksums[below] = hashlib.sha256(path.read_bytes()).hexdigest()
    return address, checksums


def test_a_hats_catalogue_in_a_folder_is_an_input_and_becomes_a_product(
    site: PipelineSite, catalogues: Catalogues, tmp_path: Path
):
    address, checksums = _put_hats(site, tmp_path, "mini")
    results = _run(site, COMBINE, INPUTS=f"{address};{catalogues.vvds.internal_name}", NAME="Of a folder")
    rows = _table(site, results).to_pandas()
    kept = ["id", "ra", "dec", "z", "survey"]
    found, expected = (
        rows[rows["source"] == source][kept].sort_values("id").reset_index(drop=True)
        for source in ("01_mini", catalogues.vvds.internal_name)
    )
    assert len(expected) == 40
    assert found.equals(expected)
    entities = site.ask("GET", f"{results}/provenance").json()["entity"].values()
    (entity,) = (each for each in entities if each.get("pz:address") == address)
    listed = "".join(f"{checksums[name]}  {name}\n" for name in sorted(checksums))
    assert entity["pz:sha256"] == hashlib.sha256(listed.encode()).hexdigest()

    kind = product_type_by_name("redshift_catalog").id
    product = site.json("POST", "/api/products/", json={"display_name": "Mini", "product_type": kind})
    file = site.json("POST", f"/api/products/{product['id']}/files", json={"uri": address, "role": "main"})
    assert file["name"] == "mini.zip"
    site.json("POST", f"/api/products/{product['id']}/inspect/")
    inspected = site.json("GET", f"/api/products/{product['id']}/inspection/?wait=60")
    assert (inspected["state"], inspected["found"]["rows"]) == ("done", 40), inspected


@pytest.mark.parametrize(
    ("name", "made", "words"),
    [
        ("void", True, "The folder '/home/alice/void' has no files that you may read."),
        ("nothing", False, "There is no file 'vos://photoz.local~vospace/home/alice/nothing' that you may read."),
    ],
)
def test_a_folder_without_files_is_refused(site: PipelineSite, name: str, made: bool, words: str):
    address = f"vos://photoz.local~vospace/home/alice/{name}"
    if made:
        assert site.ask("PUT", f"/vospace/nodes/home/alice/{name}", content=node_xml(address)).status_code == 201
    refused = site.ask("POST", COMBINE, data={"INPUTS": address, "PHASE": "RUN"})
    assert (refused.status_code, words in refused.text) == (400, True), refused.text
