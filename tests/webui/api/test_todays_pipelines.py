"""The library pzserver 0.3.7 from PyPI, unmodified, runs both pipelines; the REST API that it speaks, in detail."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from core.database import Database
from products.service import ProductService
from tests.pipelines.runs.published import MEANINGS, catalogue
from tests.server.api import Api
from tests.support.accounts import new_account
from tests.support.pypi_client import PypiClient
from tests.support.server import running_server
from webui.api.openapi.operations import OPERATIONS

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Pipelines:
    """A server with catalogues and a release, and what the library said."""

    api: Api
    stranger: Api
    vvds: dict[str, Any]
    found: dict[str, Any]


@pytest.fixture(scope="module")
def pipelines(
    todays_client: PypiClient, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipelines]:
    folder = tmp_path_factory.mktemp("pipelines")
    data, env = folder / "data", {"PHOTOZ_DATASETS": str(shared_data / "training_set_maker")}
    with running_server(data, env=env) as server:
        assert server.account is not None
        database = Database(f"sqlite:///{data / 'photoz.sqlite'}")
        ProductService(database).ensure_release("dr2", "Small Dataset")
        database.close()
        stranger = Api(server.base_url, new_account(server, "maria"))
        api = Api(server.base_url, server.account.token)
        published = []
        for number, survey in enumerate(("VVDS", "2DFGRS")):
            path = folder / f"{survey}.csv"
            catalogue(survey, shift_arcsec=0.3 * number).to_csv(path, index=False)
            published.append(api.publish(survey, "redshift_catalog", path, MEANINGS))
        path = shared_data / "training_set_maker" / "specz.parquet"
        specz = api.publish("Redshifts", "redshift_catalog", path, {"ra": "ra", "dec": "dec", "z": "z", "id": "id"})
        other = api.json("POST", "products/", json={"display_name": "Model", "product_type": api.type_id("other")})
        script = Path(__file__).parent / "pipelines_notebook.py"
        numbers = [str(published[0]["id"]), published[1]["internal_name"], str(specz["id"]), str(other["id"])]
        found = todays_client.run(script, f"{server.base_url}/api/", api.token, "dr2", *numbers, folder=folder)
        yield Pipelines(api, stranger, published[0], found)


def test_catalogues_are_combined_by_rules_that_are_sent_along(pipelines: Pipelines):
    found = pipelines.found["combining"]
    assert (found["status"], found["rows"], found["flags"]) == ("Successful", 40, [4.0])
    assert found["before"]["combine_type"] == "concatenate"
    assert {"CRD_ID", "ra", "dec", "z", "tie_result", "z_flag_homogenized"} <= set(found["columns"])
    metadata = found["metadata"]
    assert (metadata["origin"], metadata["process_status"]) == ("Combine Redshift Catalogs", "Successful")
    associated = {each["alias"]: each["column_name"] for each in metadata["main_file"]["columns_association"]}
    assert associated["ID"] == "CRD_ID"
    assert associated["z_flag"] == "z_flag_homogenized"


def test_a_training_set_is_made_with_a_release(pipelines: Pipelines):
    found = pipelines.found["training"]
    assert found["status"] == "Successful"
    assert {"ra_specz", "z", "_dist_arcsec", "is_training_set"} <= set(found["columns"])
    assert 0 < found["training"] < 40


def test_what_is_wrong_is_told(pipelines: Pipelines):
    found = pipelines.found["failing"]
    assert "not of the expected type" in found["type"]
    assert "combine_type" in found["parameter"]
    assert "stir" in found["parameter"]
    assert found["stopped"] in {"Stopped", "Successful"}


def test_runs_are_listed_with_all_their_keys(pipelines: Pipelines):
    listed = pipelines.api.json("GET", "processes/?pipeline=Combine&page_size=1&page=1")
    assert (listed["count"], len(listed["results"])) == (2, 1)
    (training,) = pipelines.api.json("GET", "processes/?pipeline=training&status=Successful")["results"]
    assert {
        "id", "release", "release_name", "pipeline_name", "pipeline_version", "owned_by", "is_owner",
        "provenance_inputs", "used_config", "display_name", "created_at", "started_at", "ended_at",
        "orchestration_process_id", "status", "path", "comment", "pipeline", "upload", "inputs",
    } <= set(training)  # fmt: skip
    assert (training["release_name"], training["pipeline"], training["comment"]) == ("Small Dataset", 1, None)
    assert [each["display_name"] for each in training["provenance_inputs"]] == ["Redshifts"]
    assert pipelines.api.json("GET", f"processes/{training['id']}/") == training | {"warnings": []}
    assert pipelines.api.call("GET", "processes/?page=7&page_size=5").status_code == 404
    assert pipelines.api.call("GET", "processes/?upload=x").status_code == 400


def test_a_run_tells_its_log_its_report_and_its_configuration(pipelines: Pipelines):
    (run,) = pipelines.api.json(
        "GET", "processes/?search=&upload=" + str(pipelines.found["combining"]["metadata"]["id"])
    )["results"]
    assert (
        "Finding duplicates among 80 rows"
        in pipelines.api.json("GET", f"processes/{run['id']}/logs/")["pipeline"]["content"]
    )
    assert pipelines.api.json("GET", f"processes/{run['id']}/report/")["rows_in"] == 80
    config = pipelines.api.json("GET", f"products/{run['upload']}/process_config/")["config"]
    assert config["combine_type"] == "concatenate_and_remove_duplicates"
    for path, address in (
        ("/api/processes", "processes"),
        ("/api/processes/{number}", f"processes/{run['id']}"),
        ("/api/processes/{number}/logs", f"processes/{run['id']}/logs"),
        ("/api/processes/{number}/report", f"processes/{run['id']}/report"),
        ("/api/products/{product_id}/process_config", f"products/{run['upload']}/process_config"),
    ):
        answer = pipelines.api.call("GET", address)
        TypeAdapter(OPERATIONS["get", path].model).validate_json(answer.content, strict=True)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"inputs": []}, "inputs", "empty"),
        ({"inputs": None}, "inputs", "empty"),
        ({"pipeline": 99}, "pipeline", "Invalid pk"),
        ({"pipeline": None}, "pipeline", "required"),
        ({"inputs": [987654]}, "inputs", "There is no product '987654'"),
        ({"used_config": "{"}, "detail", "YAML"),
        ({"used_config": {"param": {"stir": 1}}}, "stir", "there is no parameter 'stir'"),
        ({"release": 5}, "release", "takes no release"),
        ({"output_format": "xls"}, "output_format", "no output format 'xls'"),
        ({"display_name": ""}, "display_name", "required"),
        ({"visibility": "everybody"}, "visibility", "everybody"),
        ({"flags_translation_file": "a: 1"}, "detail", "are not valid"),
        ({"visibilty": "private"}, "visibilty", "There is no field 'visibilty'"),
    ],
)
def test_wrong_requests_are_refused_in_words(pipelines: Pipelines, body: dict[str, Any], field: str, words: str):
    whole = {"display_name": "wrong", "pipeline": 2, "inputs": [pipelines.vvds["id"]]}
    before = pipelines.api.json("GET", "processes/")["count"]
    answer = pipelines.api.call("POST", "processes/", json=whole | body)
    assert answer.status_code == 400, answer.text
    assert words in str(answer.json()[field])
    assert pipelines.api.json("GET", "processes/")["count"] == before


def test_a_stranger_reads_what_is_open_and_stops_nothing(pipelines: Pipelines):
    run = pipelines.api.json("GET", "processes/?pipeline=training")["results"][0]
    assert pipelines.stranger.json("GET", f"processes/{run['id']}/")["is_owner"] is False
    assert pipelines.stranger.call("GET", f"processes/{run['id']}/stop/").status_code == 403
    pipelines.api.json("PATCH", f"products/{run['upload']}/", json={"visibility": "private"})
    for path in ("", "logs/", "report/", "stop/"):
        answer = pipelines.stranger.call("GET", f"processes/{run['id']}/{path}")
        missing = pipelines.stranger.call("GET", f"processes/987654/{path}")
        assert (answer.status_code, missing.status_code) == (404, 404)
        assert answer.text.replace(str(run["id"]), "N") == missing.text.replace("987654", "N")
