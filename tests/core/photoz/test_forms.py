"""Forms of densities as JSON, and what is refused."""

import pytest

from core.photoz.forms import DensityForm


@pytest.mark.parametrize(
    "form",
    [
        DensityForm("interp", 3, (0.0, 0.1, 3.0)),
        DensityForm("hist", 2, (0.0, 0.1, 3.0)),
        DensityForm("quant", 2, (0.1, 0.9)),
        DensityForm("mixmod", 6),
        DensityForm("gamma", 3),
        DensityForm("spline", 21),
    ],
)
def test_a_form_is_the_same_after_json(form):
    assert DensityForm.from_json(form.to_json()) == form


@pytest.mark.parametrize(
    ("name", "size", "grid", "sentence"),
    [
        ("interp", 3, (0, 2, 1), "does not increase: 1 follows 2 at position 2"),
        ("interp", 3, (0, 1), "has 2 values, and arrays of 3 need 3"),
        ("hist", 3, (0, 1, 2), "need 4"),
        ("quant", 2, (0.1, 1.5), "between 0 and 1"),
        ("interp", 1, (0,), "at least two"),
        ("interp", 2, (0, float("inf")), "not finite"),
        ("mixmod", 5, (), "3 values a component"),
        ("norm", 3, (), "location and scale"),
        ("norm", 2, (0, 1), "share no grid"),
        ("spline", 4, (), "even"),
        ("", 2, (), "no name"),
        ("norm", 0, (), "0 values"),
    ],
)
def test_sizes_and_grids_that_do_not_fit_end_in_a_sentence(name, size, grid, sentence):
    with pytest.raises(ValueError, match=sentence):
        DensityForm(name, size, tuple(map(float, grid)))


@pytest.mark.parametrize("text", ["", "[]", "3", '{"name":"interp"}', '{"name":"interp","size":null}'])
def test_other_json_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="does not describe the form of a density"):
        DensityForm.from_json(text)
