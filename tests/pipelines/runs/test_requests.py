"""Configuration files as requests on a server: products by internal name, files by URI."""

import pytest

from core.errors import InvalidValueError
from pipelines.definitions import COMBINE, TRAINING
from pipelines.runs.requests import request_of_parameters

FILE, OBJECTS = "vos://photoz.local~vospace/home/alice/a.csv", "VOS://photoz.local/home/alice/objects.fits"


def test_a_catalogue_of_a_configuration_is_a_file_by_its_path_and_a_product_by_its_name():
    text = f"""
inputs:
  specz:
    - {{path: "{FILE}", internal_name: 01_a, columns: {{z: shift}}}}
    - {{path: 12_vvds/x.csv, internal_name: 12_vvds, columns: {{z: zspec}}}}
    - {{path: "{FILE}x"}}
    - {{path: somewhere.csv}}
"""
    request = request_of_parameters(COMBINE, {"CONFIGURATION": text})
    assert request.inputs == (FILE, "12_vvds", f"{FILE}x")
    assert request.columns == {FILE: {"z": "shift"}, "12_vvds": {"z": "zspec"}}


@pytest.mark.parametrize(
    ("dataset", "objects", "columns"),
    [
        (
            f'{{path: "{OBJECTS}", internal_name: 01_objects, columns: {{ra: alpha}}}}',
            OBJECTS,
            {OBJECTS: {"ra": "alpha"}},
        ),
        ("{path: /data/dp1, internal_name: 15_objects, columns: {id: objectId}}", "15_objects", {}),
        ("{path: /data/dp1, columns: {id: objectId}}", None, {}),
    ],
)
def test_objects_of_a_configuration_are_named_likewise(dataset: str, objects: str | None, columns: dict):
    text = f"inputs: {{specz: [{{internal_name: 1_a}}, {{internal_name: 2_b}}], dataset: {dataset}}}"
    request = request_of_parameters(TRAINING, {"CONFIGURATION": text})
    assert (request.inputs, request.objects, request.columns) == (("2_b",), objects, columns)


def test_addresses_may_be_given_together():
    request = request_of_parameters(COMBINE, {"INPUTS": f"{FILE}; 12_vvds ,{FILE}%2Cb"})
    assert request.inputs == (FILE, "12_vvds", f"{FILE}%2Cb")


def test_columns_of_a_catalogue_are_a_mapping():
    with pytest.raises(InvalidValueError, match="columns"):
        request_of_parameters(COMBINE, {"CONFIGURATION": f'inputs: {{specz: [{{path: "{FILE}", columns: z}}]}}'})
