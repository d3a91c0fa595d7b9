"""A further pipeline by its definition alone: checks, jobs, REST, pages and the command line support it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from core.errors import InvalidValueError
from pipelines.declarations import InputSlot
from pipelines.models import RunInputs, RunRequest
from products.models import Product
from server.cli.pipelines import pipeline_commands
from server.services import Services
from tests.pipelines.row_counter.pipeline import DEFINITIONS, RowCounter
from tests.pipelines.runs.published import (
    OBJECT_MEANINGS,
    PipelineSite,
    catalogue,
    objects,
    people,
    publish,
    put_file,
    wait_for_run,
)
from tests.server.application import running_application

COUNTER = "/pipelines/row_counter"


@dataclass(frozen=True, slots=True)
class Catalogues:
    """What is published."""

    vvds: Product
    objects: Product


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineSite]:
    folder = tmp_path_factory.mktemp("third") / "data"
    with running_application(folder, build=partial(Services, definitions=DEFINITIONS)) as app:
        yield PipelineSite(app, people(app))


@pytest.fixture(scope="module")
def catalogues(site: PipelineSite) -> Catalogues:
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    return Catalogues(
        publish(services, alice, "VVDS", catalogue("VVDS")),
        publish(services, alice, "Objects", objects(), kind="object_catalog", meanings=OBJECT_MEANINGS),
    )


def _ended(site: PipelineSite, job_id: str) -> str:
    alice = site.app.services.accounts.service.identity_of_user("alice")
    return wait_for_run(site.app.services, alice, job_id).phase.value


def _run(site: PipelineSite, **sent) -> tuple[str, str]:
    answer = site.ask("POST", COUNTER, data={"PHASE": "RUN", **sent})
    assert answer.status_code == 303, answer.text
    job_id = answer.headers["location"].rpartition("/")[2]
    return job_id, _ended(site, job_id)


def test_a_job_makes_a_published_product(site: PipelineSite, catalogues: Catalogues):
    inputs = [str(catalogues.objects.id), catalogues.vvds.internal_name]
    job_id, phase = _run(site, NAME="Counted", INPUTS=inputs, ORDER="rows", FORMAT="csv")
    assert phase == "COMPLETED", site.ask("GET", f"{COUNTER}/{job_id}/error").text
    product = site.json("GET", "/api/products?display_name=Counted")["results"][0]
    assert (product["status"], product["product_type_internal_name"]) == (1, "other")
    assert product["origin"] == "Row Counter"
    assert product["description"].startswith("Numbers of rows, by rows, of\n\n- Objects (`2_objects`)")
    rows = pd.read_csv(io.BytesIO(site.ask("GET", f"{COUNTER}/{job_id}/results/result").content))
    assert rows.to_dict("list") == {"catalogue": ["1_vvds", "2_objects"], "n_rows": [40, 60]}
    assert site.json("GET", f"{COUNTER}/{job_id}/results/report") == {"counts": {"1_vvds": 40, "2_objects": 60}}
    configuration = yaml.safe_load(site.ask("GET", f"{COUNTER}/{job_id}/results/configuration").text)
    assert [each["internal_name"] for each in configuration["inputs"]["catalogues"]] == ["2_objects", "1_vvds"]
    provenance = site.json("GET", f"/api/products/{product['id']}/provenance")
    assert {each["prov:entity"] for each in provenance["used"].values()} == {"product:1_vvds", "product:2_objects"}


def test_the_configuration_of_a_run_can_be_run_again(site: PipelineSite, catalogues: Catalogues):
    address = put_file(site, "/home/alice/few.csv", b"ra,dec,z\n1,2,0.1\n1,3,0.2\n")
    job_id, phase = _run(site, NAME="Of a file", INPUTS=[address, str(catalogues.vvds.id)])
    assert phase == "COMPLETED", site.ask("GET", f"{COUNTER}/{job_id}/error").text
    configuration = site.ask("GET", f"{COUNTER}/{job_id}/results/configuration").text
    again, phase = _run(site, NAME="Again", CONFIGURATION=configuration)
    assert phase == "COMPLETED", site.ask("GET", f"{COUNTER}/{again}/error").text
    results = [site.ask("GET", f"{COUNTER}/{job}/results/result").content for job in (job_id, again)]
    tables = [pq.read_table(io.BytesIO(content)).to_pydict() for content in results]
    assert tables[0] == tables[1] == {"catalogue": ["01_few", "1_vvds"], "n_rows": [2, 40]}


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"INPUTS": ""}, "Choose a catalogue: the inputs are missing."),
        ({"INPUTS": "1;2;{address}"}, "Row Counter takes at most 2 catalogues, not 3."),
        ({"INPUTS": "1", "OBJECTS": "2"}, "Row Counter takes no objects."),
        ({"INPUTS": "1", "RELEASE": "dp1"}, "Row Counter takes no release."),
        ({"INPUTS": "1", "LEAST_ROWS": "-1"}, "The parameters of Row Counter are not valid: least_rows: Input should"),
        ({"INPUTS": "1", "PARAM": "{radius: 1}"}, "there is no parameter 'radius'"),
    ],
)
def test_what_is_wrong_is_refused(site: PipelineSite, catalogues: Catalogues, sent: dict[str, str], sentence: str):
    address = put_file(site, "/home/alice/one.csv", b"ra,dec,z\n1,2,0.1\n") if "{address}" in sent["INPUTS"] else ""
    given = sent | {"INPUTS": sent["INPUTS"].replace("{address}", address), "PHASE": "RUN"}
    refused = site.ask("POST", COUNTER, data=given)
    assert (refused.status_code, sentence in refused.text) == (400, True), refused.text


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"LEAST_ROWS": "41"}, "1_vvds has 40 rows, and 41 are the least."),
        ({"FORMAT": "hats"}, "The result has no positions, which a HATS catalogue needs; choose another format."),
    ],
)
def test_a_fault_of_the_data_ends_the_job(
    site: PipelineSite, catalogues: Catalogues, sent: dict[str, str], sentence: str
):
    job_id, phase = _run(site, INPUTS=str(catalogues.vvds.id), **sent)
    assert phase == "ERROR"
    assert sentence in site.ask("GET", f"{COUNTER}/{job_id}/error").text


class _Paired(RowCounter):
    """Two catalogues at least, and objects or none; no release."""

    inputs = InputSlot("catalogue", ("redshift_catalog",), "catalogues", minimum=2)
    objects = InputSlot("object catalogue", ("object_catalog",), "objects", minimum=0, maximum=1)


def test_slots_say_how_many_inputs_there_may_be(site: PipelineSite, catalogues: Catalogues):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    other = publish(services, alice, "Other", catalogue("2DFGRS"))
    both = (str(catalogues.vvds.id), str(other.id))

    def check(*inputs: str, **asked: str) -> RunInputs:
        return services.pipelines.checker.check(alice, _Paired(), RunRequest(inputs=inputs, **asked)).inputs

    with pytest.raises(InvalidValueError, match="Row Counter takes at least 2 catalogues, not 1"):
        check(both[0])
    with pytest.raises(InvalidValueError, match="Row Counter takes no release"):
        check(*both, release="dp1")
    assert [each.name for each in check(*both).all] == ["1_vvds", other.internal_name]
    assert check(*both, objects=str(catalogues.objects.id)).all[2].name == "2_objects"


def test_rest_lists_and_runs_it(site: PipelineSite, catalogues: Catalogues):
    (listed,) = site.json("GET", "/api/pipelines?name=row_counter")["results"]
    assert (listed["id"], listed["display_name"], listed["output_product_type"]) == (90, "Row Counter", 7)
    assert listed["product_types_accepted"] == [1, 6]
    assert listed["system_config"]["param"] == {"least_rows": 0, "order": "name"}
    assert site.json("GET", "/api/pipelines/90") == listed
    assert site.json("GET", "/api/pipelines")["count"] == 5
    asked = {"display_name": "By REST", "inputs": [catalogues.vvds.id], "used_config": {"param": {"least_rows": 1}}}
    begun = site.json("POST", "/api/processes", json=asked | {"pipeline": "row_counter"})
    assert _ended(site, begun["job"].rpartition("/")[2]) == "COMPLETED"
    process = site.json("GET", f"/api/processes/{begun['id']}")
    assert (process["status"], process["pipeline_name"]) == ("Successful", "row_counter")
    assert process["used_config"]["param"] == {"least_rows": 1, "order": "name"}
    assert begun["id"] in [each["id"] for each in site.json("GET", "/api/processes?pipeline=counter")["results"]]
    report = site.json("GET", f"/api/processes/{begun['id']}/report")
    assert [each["title"] for each in report["pictures"]] == ["Sizes of catalogues"]


def test_the_form_runs_it_and_the_page_shows_its_report(site: PipelineSite, catalogues: Catalogues):
    assert "Counts the rows of catalogues." in site.ask("GET", "/pipelines").text
    form = site.ask("GET", "/run/row_counter").text
    for part in (
        "Catalogues <span",
        'type="checkbox" id="input-2"',
        "Sorted by",
        "Number of rows",
        'name="least_rows"',
    ):
        assert part in form
    for part in ('name="objects"', 'name="RULES"', 'value="specz"'):
        assert part not in form
    refused = site.ask("POST", "/run/row_counter", files={"inputs": (None, "1"), "least_rows": (None, "-1")})
    assert (refused.status_code, "least_rows: Input should be" in refused.text) == (400, True)
    sent = {"inputs": (None, str(catalogues.vvds.id)), "display_name": (None, "In a form")}
    address = site.ask("POST", "/run/row_counter", files=sent).headers["location"]
    alice = site.app.services.accounts.service.identity_of_user("alice")
    run = site.app.services.pipelines.service.get(alice, int(address.rpartition("/")[2]))
    assert _ended(site, run.job_id) == "COMPLETED"
    page = site.ask("GET", address).text
    for part in ("<dt>Rows of all</dt><dd>40</dd>", "Rows by catalogue", "Sizes of catalogues", "Counting 1_vvds"):
        assert part in page
    assert "Empty" not in page
    assert "<svg" in site.ask("GET", f"{address}/pictures/sizes.svg").text


def test_the_command_runs_it_on_files(tmp_path: Path):
    commands = pipeline_commands(DEFINITIONS)
    assert "row_counter" in CliRunner().invoke(commands, ["list"]).stdout
    assert "least_rows" in CliRunner().invoke(commands, ["parameters", "row_counter"]).stdout
    catalogue("VVDS", 7).to_csv(tmp_path / "vvds.csv", index=False)
    configuration = tmp_path / "config.yaml"
    configuration.write_text("inputs: {catalogues: [{path: vvds.csv}]}\noutput_name: counted\n")
    done = CliRunner().invoke(commands, ["run", "row_counter", str(configuration), "--base-dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "Counting vvds.csv" in done.stderr
    result = Path(done.stdout.strip())
    assert result == tmp_path / "outputs" / "counted.csv"
    assert pd.read_csv(result).to_dict("list") == {"catalogue": ["vvds.csv"], "n_rows": [7]}
    process = yaml.safe_load((result.parent / "process.yml").read_text())
    assert [each["path"] for each in process["inputs"]] == [str(tmp_path / "vvds.csv")]
    configuration.write_text("inputs: {catalogues: []}\nparam: {order: size}\n")
    wrong = CliRunner().invoke(commands, ["run", "row_counter", str(configuration)])
    assert "The configuration config.yaml is not valid: inputs.catalogues:" in str(wrong.exception)
