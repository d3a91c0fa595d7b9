"""Configuration files as requests on a server: products by internal name, files by URI."""

import re

import pytest

from core.errors import InvalidValueError
from pipelines.definitions import COMBINE, TRAINING
from pipelines.models import AnyPipeline, RunRequest
from pipelines.runs.requests import checked_request, request_of_parameters

FILE, OBJECTS = "vos://photoz.local~vospace/home/alice/a.csv", "VOS://photoz.local/home/alice/objects.fits"


def test_a_catalogue_of_a_configuration_is_a_file_by_its_path_and_a_product_by_its_name():
    text = f"""
inputs:
  specz:
    - {{path: "{FILE}", internal_name: 01_a, columns: {{z: shift}}}}
    - {{path: 12_vvds/x.csv, internal_name: 12_vvds, columns: {{z: zspec}}}}
    - {{path: "{FILE}x"}}
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


def test_a_group_of_parameters_may_be_given_whole_and_in_parts():
    given = {
        "PARAM": '{"crossmatch": {"n_neighbors": 4}}',
        "CROSSMATCH": '{"radius_arcsec": 2.0}',
        "CROSSMATCH.N_NEIGHBORS": "3",
    }
    request = request_of_parameters(TRAINING, given)
    assert request.param == {"crossmatch": {"n_neighbors": 3, "radius_arcsec": 2.0}}


def test_a_catalogue_that_is_nowhere_on_the_server_is_not_left_out_silently():
    text = "inputs: {specz: [{internal_name: 1_a}, {path: somewhere.csv}]}"
    with pytest.raises(InvalidValueError, match=r"'somewhere\.csv' .* is neither a product nor a file in the VOSpace"):
        request_of_parameters(COMBINE, {"CONFIGURATION": text})
    assert request_of_parameters(COMBINE, {"CONFIGURATION": text, "INPUTS": "1_a;2_b"}).inputs == ("1_a", "2_b")


@pytest.mark.parametrize(
    ("pipeline", "param", "words"),
    [
        (COMBINE, {"combin_type": "concatenate"}, "no parameter 'combin_type' (did you mean combine_type?)"),
        (TRAINING, {"crossmatch": {"radius": 1}}, "no parameter 'crossmatch.radius' (did you mean radius_arcsec?)"),
        (TRAINING, {"qqq": 1}, "no parameter 'qqq' (the parameters are convert_flux_to_mag, crossmatch"),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_nearest_one(pipeline: AnyPipeline, param: dict, words: str):
    with pytest.raises(InvalidValueError, match=re.escape(words)):
        checked_request(pipeline, RunRequest(param=param))


def test_what_clients_of_the_public_server_send_without_effect_is_named_and_dropped():
    sent = {
        "crossmatch": {"n_neighbors": 2, "output_catalog_name": "tsm_example"},
        "duplicate_criteria": "closest",
        "flux_type": "cmodel",
    }
    request = checked_request(TRAINING, RunRequest(param=sent))
    assert request.param == {"crossmatch": {"n_neighbors": 2}, "flux_type": "cmodel"}
    assert [re.findall("'(.+?)'", sentence)[0] for sentence in request.ignored] == [
        "crossmatch.output_catalog_name",
        "duplicate_criteria",
    ]
    assert checked_request(TRAINING, request) == request  # the job checks it again
    for misspelt in ({"crossmatch": {"output_catalogue_name": "x"}}, {"output_catalog_name": "x"}):
        with pytest.raises(InvalidValueError, match="there is no parameter"):
            checked_request(TRAINING, RunRequest(param=misspelt))
    with pytest.raises(InvalidValueError, match="no parameter 'duplicate_criteria'"):
        checked_request(COMBINE, RunRequest(param={"duplicate_criteria": "closest"}))
