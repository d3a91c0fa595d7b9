"""Parameters are refused by the library where the server's own models refuse them."""

import json

import numpy as np
import pytest
from pydantic import ValidationError
from pzserver import InvalidValueError
from pzserver.pipelines.parameters import ParameterList

from pipelines.definitions import PIPELINES

_TRAINING, _COMBINE, _VALIDATE = "training_set_maker", "combine_redshift_dedup", "validate_estimates"
ALLOWED = (
    (_TRAINING, {"crossmatch.radius_arcsec": 0.5, "crossmatch.n_neighbors": 2}),
    (_TRAINING, {"crossmatch": {"radius_arcsec": 3600}, "selected_cols": ["a", "b"]}),
    (_TRAINING, {"random_seed": None, "unique": "both", "prefer": "z_flag", "convert_flux_to_mag": False}),
    (_TRAINING, {"object_cuts": [], "train_fraction": 0.5}),
    (_COMBINE, {"combine_type": "concatenate", "random_seed": 0}),
    (_COMBINE, {"z_flag_homogenized_value_to_cut": 3}),
)
REFUSED = (
    (_TRAINING, {"crossmatch.radius_arcsec": 0}, "crossmatch.radius_arcsec' cannot be 0: it is larger than 0"),
    (_TRAINING, {"crossmatch": {"radius_arcsec": 3601}}, "at most 3600"),
    (
        _TRAINING,
        {"crossmatch.radius": 1.0},
        "no parameter 'crossmatch.radius'; did you mean 'crossmatch.radius_arcsec'",
    ),
    (_TRAINING, {"flux_typ": "psf"}, "did you mean 'flux_type'"),
    (_TRAINING, {"flux_type": "a b"}, "'flux_type' cannot be 'a b': it matches"),
    (_TRAINING, {"flux_type": 3}, "type string"),
    (_TRAINING, {"train_fraction": 1.0}, "smaller than 1"),
    (_TRAINING, {"unique": "all"}, "one of none, objects, redshifts, both"),
    (_TRAINING, {"selected_cols": "ra"}, "type array"),
    (_TRAINING, {"random_seed": -1}, "at least 0"),
    (_TRAINING, {"crossmatch.n_neighbors": 1.5}, "type integer"),
    (_COMBINE, {"combine_type": "both"}, "one of concatenate"),
)


def _list(name):
    pipeline = PIPELINES[name]
    return ParameterList(pipeline.display_name, pipeline.parameters.model_json_schema())


@pytest.mark.parametrize(("name", "given"), ALLOWED)
def test_what_the_server_takes_is_sent(name, given):
    PIPELINES[name].parameters.model_validate(_list(name).checked(given))


@pytest.mark.parametrize(("name", "given", "words"), REFUSED)
def test_what_the_server_refuses_is_not_sent(name, given, words):
    with pytest.raises(InvalidValueError, match=words):
        _list(name).checked(given)

    nested = {}
    for key, value in given.items():
        group, _, inner = key.partition(".")
        nested[group] = {inner: value} if inner else value
    with pytest.raises(ValidationError):
        PIPELINES[name].parameters.model_validate_json(json.dumps(nested))


@pytest.mark.parametrize("name", [_TRAINING, _COMBINE, _VALIDATE])
def test_the_defaults_are_those_of_the_server_and_are_allowed(name):
    found, model = _list(name), PIPELINES[name].parameters

    assert found.checked(model().model_dump(mode="json"))
    assert all(parameter.description for parameter in found.values())
    assert set(model.model_fields) == {each.partition(".")[0] for each in found}


def test_numbers_of_numpy_become_those_of_json():
    sent = _list(_TRAINING).checked({"crossmatch.n_neighbors": np.int64(2), "selected_cols": np.array(["a"])})

    assert sent == {"crossmatch": {"n_neighbors": 2}, "selected_cols": ["a"]}
    assert type(sent["crossmatch"]["n_neighbors"]) is int


def test_parameters_are_shown_with_their_defaults():
    found = _list(_TRAINING)

    assert found["unique"].choices == ("none", "objects", "redshifts", "both")
    assert "crossmatch.radius_arcsec = 1.0" in repr(found)
    assert "<td>crossmatch.radius_arcsec</td><td>1.0</td>" in found._repr_html_()
