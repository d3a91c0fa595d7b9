"""The library has all public names of pzserver 0.3.7: modules, classes, attributes, and parameters of methods."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.pypi_client import PypiClient

#: What only the code of 0.3.7 itself uses: it validates by pydantic.
_INNER = {"safe_list_get", "model_config", "validate_auxiliary_files", "validate_main_file"}


@pytest.fixture(scope="module")
def names(todays_client: PypiClient, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    script, folder = Path(__file__).parent / "names.py", tmp_path_factory.mktemp("names")
    theirs, ours = (todays_client.run(script, folder=folder, ours=each) for each in (False, True))
    return theirs, ours


def test_each_module_has_the_names_that_it_had(names: tuple[dict[str, Any], dict[str, Any]]):
    theirs, ours = names
    assert len(theirs) > 15
    assert sorted(theirs.keys() - ours.keys()) == []


def test_each_class_has_the_attributes_and_methods_that_it_had(names: tuple[dict[str, Any], dict[str, Any]]):
    theirs, ours = names
    missing = {
        name: sorted(attributes.keys() - ours[name].keys() - _INNER)
        for name, attributes in theirs.items()
        if attributes
    }
    assert {name: lost for name, lost in missing.items() if lost} == {}


def test_each_method_takes_the_parameters_that_it_took(names: tuple[dict[str, Any], dict[str, Any]]):
    theirs, ours = names
    changed = {
        f"{name}.{method}": (parameters, ours[name][method])
        for name, attributes in theirs.items()
        for method, parameters in (attributes or {}).items()
        if parameters is not None and method not in _INNER and ours[name][method][: len(parameters)] != parameters
    }
    assert changed == {}
