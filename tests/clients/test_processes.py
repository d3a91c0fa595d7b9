"""The library runs each pipeline on the real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pzserver import FailedRunError, InvalidValueError, NotFoundError, PzServer

from tests.pipelines.runs.published import catalogue, objects
from tests.support.server import running_server

pytestmark = pytest.mark.slow

_COLUMNS = {"name": "ID", "RAJ2000": "RA", "DEJ2000": "Dec", "zspec": "z", "Q": "z_flag", "survey_name": "survey"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PzServer]:
    folder = tmp_path_factory.mktemp("processes")
    with running_server(folder / "data") as running:
        assert running.account is not None
        with PzServer(running.account.token, running.base_url) as server:
            for number, name in enumerate(("First", "Second")):
                path = folder / f"{name}.csv"
                catalogue("VVDS", shift_arcsec=0.3 * number).to_csv(path, index=False)
                server.upload(name, "redshift_catalog", path, columns=_COLUMNS)
            objects().to_csv(folder / "objects.csv", index=False)
            places = {"objectId": "ID", "coord_ra": "RA", "coord_dec": "Dec"}
            server.upload("Objects", "object_catalog", folder / "objects.csv", columns=places)
            unheard = catalogue("UNHEARD")
            unheard.to_csv(folder / "unheard.csv", index=False)
            server.upload("Unheard", "redshift_catalog", folder / "unheard.csv", columns=_COLUMNS)
            yield server


def test_catalogues_are_combined(server: PzServer, capsys: pytest.CaptureFixture[str]):
    process = server.combine_redshift_catalogs("Combined")
    process.append_catalog(_id=1)
    process.append_catalog(internal_name="2_second")
    process.set_config({"combine_type": "concatenate_and_remove_duplicates", "output_format": "csv"})
    process.summary()
    assert "Inputs: First, Second" in capsys.readouterr().out
    assert process.check_status() == "The process has not been started"
    product = server.run_and_wait(process, 120)
    assert (product["display_name"], process.check_status()) == ("Combined", "Successful")
    assert len(server.get_product(product["id"])) == 40
    assert process.report()["ties"]["duplicate"] == 40
    assert "Finding duplicates" in process.log()


def test_a_training_set_is_made(server: PzServer):
    process = server.training_set_maker("Training")
    process.set_redshift(internal_name="1_first")
    process.set_objects(internal_name="3_objects")
    process.set_config({"flux_type": "cModel", "random_seed": 1})
    process.run()
    reported: list[float] = []
    product = process.wait(120, lambda fraction, _message: reported.append(fraction))
    table = server.get_product(product["id"])
    assert len(table) == 40
    assert {"mag_r", "is_training_set"} <= set(table.colnames)


def test_estimates_are_validated(server: PzServer, tmp_path: Path):
    known = catalogue("VVDS")
    path = tmp_path / "estimates.csv"
    known.assign(z_best=known["zspec"] + 0.01 * (1 + known["zspec"]))[["name", "z_best"]].to_csv(path, index=False)
    upload = server.upload(
        "Estimates", "photoz_estimates", path, columns={"name": "ID", "z_best": "z"}, pz_code="shifted"
    )
    process = server.validate_estimates("Validated")
    process.append_estimates(_id=upload.product_id)
    process.set_reference(internal_name="1_first")
    process.set_config({"bootstrap": 0})
    result = server.run_and_wait(process, 120)
    (found,) = process.report()["estimates"]
    assert (found["objects"], found["metrics"]["bias"]) == (len(known), pytest.approx(0.01))
    metrics = server.get_product(result["id"]).to_pandas()
    assert metrics["bias"][0] == pytest.approx(0.01)


def test_rules_are_sent_along(server: PzServer, tmp_path: Path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "translation_rules: {UNHEARD: {z_flag_translation: {default: 2}, instrument_type_translation: {default: g}}}"
    )
    process = server.combine_redshift_catalogs("With rules")
    process.append_catalog(internal_name="4_unheard")
    process.set_flags_translation(rules)
    table = server.get_product(server.run_and_wait(process, 120)["id"])
    assert set(table["z_flag_homogenized"]) == {2.0}


def test_what_is_wrong_is_raised(server: PzServer):
    process = server.combine_redshift_catalogs("Wrong")
    with pytest.raises(InvalidValueError, match="no parameter 'colour'"):
        process.set_config({"colour": 1})
    with pytest.raises(InvalidValueError, match="no product 'nothing'"):
        process.append_catalog(internal_name="nothing")
    with pytest.raises(InvalidValueError, match="empty"):
        process.run()
    process.append_catalog(internal_name="4_unheard")
    with pytest.raises(FailedRunError, match="the survey 'UNHEARD' has no z_flag_translation"):
        server.run_and_wait(process, 120)
    stopped = server.combine_redshift_catalogs("Stopped")
    stopped.append_catalog(_id=1)
    stopped.run()
    stopped.stop()
    assert stopped.check_status() in {"Stopped", "Successful"}
    with pytest.raises(InvalidValueError, match="no release 'dr99'"):
        server.training_set_maker("x").set_release(name="dr99")


def test_the_metrics_of_each_form_are_those_of_qp_and_rail(server: PzServer, shared_data: Path):
    golden = shared_data / "validation"
    if not golden.is_dir():
        pytest.skip(f"the estimates with known metrics are not there: {golden}")
    expected = json.loads((golden / "metrics.json").read_text())
    columns = {"object_id": "ID", "redshift": "z"}
    truth = server.upload("Truth", "training_set", golden / "truth.hdf5", columns=columns)
    process = server.validate_estimates("Golden")
    process.set_reference(_id=truth.product_id)
    for form in expected:
        path, columns = golden / f"estimates_{form}.hdf5", {"object_id": "ID", "zmode": "z"}
        upload = server.upload(f"Golden {form}", "photoz_estimates", path, columns=columns, pz_code="kNN")
        process.append_estimates(_id=upload.product_id)
    process.set_config({"point": "zmode", "grid": [0, 3, 301], "bootstrap": 0})
    server.run_and_wait(process, 300)
    reported = process.report()["estimates"]
    assert len(reported) == len(expected) == 5
    names = {"cde_loss": "cde_loss", "pit_ks": "pit_ks", "pit_cvm": "pit_cvm", "pit_ad": "pit_ad_0.01_0.99"}
    for found, numbers in zip(reported, expected.values(), strict=True):
        wanted = numbers["point"]["zmode"] | {name: numbers[key] for name, key in names.items()}
        assert {name: found["metrics"][name] for name in wanted} == pytest.approx(wanted, rel=1e-6)


def test_runs_are_jobs_whose_result_is_a_product(server: PzServer):
    sentences: list[str] = []
    run = server.pipelines.combine(
        "Typed", [server[1], "2_second"], combine_type="concatenate_and_remove_duplicates", output_format="csv"
    )
    status = run.wait(120, lambda _fraction, sentence: sentences.append(sentence))

    assert (status.phase, status.progress) == ("COMPLETED", 1.0)
    assert sentences
    assert (run.result.display_name, run.result.row_count) == ("Typed", 40)
    assert run.report["ties"]["duplicate"] == 40
    assert b"combine_type" in run.read("configuration")
    assert "Finding duplicates" in run.log()
    assert run.id in {entry.id for entry in server.jobs.of_kind("combine_redshift_dedup")}


def test_a_run_is_refused_before_anything_is_sent(server: PzServer):
    before = len(server.jobs.list())

    with pytest.raises(InvalidValueError, match="did you mean 'flux_type'"):
        server.pipelines.training_set("No", 1, 3, fluxtype="psf")
    with pytest.raises(InvalidValueError, match="takes no product of type Objects Catalog, which '3_objects' is"):
        server.pipelines.training_set("No", "3_objects", 3)
    with pytest.raises(NotFoundError, match=r"no pipeline 'x'; it has .*combine_redshift_dedup"):
        server.pipelines["x"]

    assert len(server.jobs.list()) == before
