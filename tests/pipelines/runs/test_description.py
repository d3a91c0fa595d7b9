"""Names of results that the request does not name."""

import pytest

from pipelines.runs.description import default_name


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["VVDS"], "Combine of VVDS"),
        (["VVDS", "2dFGRS"], "Combine of VVDS and 2dFGRS"),
        (["VVDS", None], "Combine of VVDS and 1 more"),
        (["VVDS", "2dFGRS", "6dFGS"], "Combine of VVDS and 2 more"),
        ([None, "2dFGRS"], "Combine"),
        ([None], "Combine"),
    ],
)
def test_names_tell_how_many_inputs_there_are_and_name_open_ones_alone(labels: list[str | None], name: str) -> None:
    assert default_name("Combine", labels) == name
