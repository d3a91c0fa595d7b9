"""Metrics against the numbers that qp and RAIL computed, on files."""

import json
from pathlib import Path

import pytest

from pipelines.validation.configuration import ValidationParameters
from pipelines.validation.files import validate_files
from tests.pipelines.validation.samples import OBJECTS, recipe_files

_FORMS = ("interp", "hist", "quant", "mixmod", "norm")


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> Path:
    folder = shared_data / "validation"
    if not folder.is_dir():
        pytest.skip(f"the estimates with known metrics are not there: {folder}")
    return folder


@pytest.mark.parametrize("form", _FORMS)
def test_metrics_of_each_form_are_those_of_qp_and_rail(golden: Path, form: str):
    expected = json.loads((golden / "metrics.json").read_text())[form]
    first, last, points = expected["cde_grid"]
    for point, numbers in expected["point"].items():
        param = ValidationParameters(point=point, grid=(first, last, points))
        found = validate_files(golden / f"estimates_{form}.hdf5", golden / "truth.hdf5", param)
        assert found.rows == expected["rows"]
        for name, value in numbers.items():
            assert found.metrics[name] == pytest.approx(value, rel=1e-9), (point, name)
    names = {"cde_loss": "cde_loss", "pit_ks": "pit_ks", "pit_cvm": "pit_cvm", "pit_ad": "pit_ad_0.01_0.99"}
    for name, key in names.items():
        assert found.metrics[name] == pytest.approx(expected[key], rel=1e-9), name
    assert found.metrics["pit_outlier_rate"] == pytest.approx(expected["pit_outlier_rate"], rel=1e-6, abs=1e-12)


def test_the_sample_that_rail_tests_itself_on_has_its_numbers(tmp_path: Path):
    estimates, reference = recipe_files(tmp_path)
    param = ValidationParameters(point="mode", grid=(0.0, 2.5, 301))
    found = validate_files(estimates, reference, param)
    assert (found.rows, found.matched_by, found.unmatched) == (OBJECTS, "id", 0)
    expected = {
        "cde_loss": -4.3119925, "pit_ks": 0.3673844, "pit_cvm": 20.631547, "bias": -1.57610e-05,
        "sigma_iqr": 0.0045947498, "sigma_mad": 0.0046489048,
    }  # fmt: skip
    for name, value in expected.items():
        assert found.metrics[name] == pytest.approx(value, rel=3e-6), name
    assert found.metrics["outlier_rate"] == 0
    given = validate_files(estimates, reference, param.model_copy(update={"point": "loc"}))
    for name, value in {"bias": 1.57838e-04, "sigma_iqr": 0.0046029793, "sigma_mad": 0.0047412589}.items():
        assert given.metrics[name] == pytest.approx(value, rel=3e-6), name
