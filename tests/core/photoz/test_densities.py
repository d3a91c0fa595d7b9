"""Densities against qp, scipy and quadrature, in each form."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from core.photoz.stacking import stacked
from tests.core.photoz.samples import FORMS, OBJECTS, densities_of, ensemble

_GRID = np.linspace(-0.1, 3.2, 111)
_Z = np.random.default_rng(3).uniform(-0.2, 3.2, OBJECTS)
_P = np.random.default_rng(4).uniform(0.001, 0.999, OBJECTS)


@pytest.fixture(scope="module", params=FORMS)
def both(request):
    made = ensemble(request.param)
    return made, densities_of(request.param, made), request.param


def test_values_are_those_of_qp(both):
    theirs, ours, form = both
    if form == "spline":  # outside of its knots, qp extrapolates
        assert_allclose(ours.density(np.clip(_Z, 0, 3)), theirs.pdf(np.clip(_Z, 0, 3)[:, None])[:, 0], atol=1e-9)
        assert_allclose(ours.cdf(_Z), theirs.cdf(_Z[:, None])[:, 0], atol=1e-9)
        return
    if form == "gamma":  # outside of its support, qp gives NaN for scipy's distributions
        assert_allclose(ours.density(_Z), np.nan_to_num(theirs.pdf(_Z[:, None])[:, 0]), rtol=1e-9)
        assert_allclose(ours.cdf_on_grid(_GRID), np.nan_to_num(theirs.cdf(_GRID)), rtol=1e-9)
        return
    assert_allclose(ours.density(_Z), theirs.pdf(_Z[:, None])[:, 0], rtol=1e-9, atol=1e-12)
    assert_allclose(ours.cdf(_Z), theirs.cdf(_Z[:, None])[:, 0], rtol=1e-9, atol=1e-12)
    assert_allclose(ours.pit(_Z), ours.cdf(_Z))
    assert_allclose(ours.density(0.7), theirs.pdf(0.7)[:, 0], rtol=1e-9, atol=1e-12)
    assert_allclose(ours.on_grid(_GRID), theirs.pdf(_GRID), rtol=1e-9, atol=1e-12)
    assert_allclose(ours.cdf_on_grid(_GRID), theirs.cdf(_GRID), rtol=1e-9, atol=1e-12)
    assert_allclose(ours.mode(_GRID), theirs.mode(_GRID)[:, 0])
    assert_allclose(ours.probability(0.3, 0.9), (theirs.cdf(0.9) - theirs.cdf(0.3))[:, 0], atol=1e-12)


@pytest.mark.parametrize("z", [-0.05, 0.0, 0.02, 0.7, 1.37, 2.99, 3.0, 3.1])
def test_a_redshift_for_all_gives_what_one_for_each_gives(both, z):
    fresh = Densities(both[1].form, both[1].parameters)
    each = np.full(OBJECTS, z)
    assert_allclose(fresh.cdf(z), both[1].cdf(each), atol=1e-12)
    assert_allclose(fresh.density(z), both[1].density(each), rtol=1e-9, atol=1e-12)
    assert_allclose(fresh.probability(z, z + 0.4), both[1].probability(each, each + 0.4), atol=1e-12)
    assert np.isnan(fresh.cdf(np.nan)).all()


def test_quantiles_are_those_of_qp_or_the_inverse_of_the_cdf(both):
    theirs, ours, form = both
    found = ours.quantile(_P)
    if form in {"mixmod", "spline"}:  # qp reads it off a grid that spans all objects, and has none
        assert_allclose(ours.cdf(found), _P, atol=1e-6)
    else:
        assert_allclose(found, theirs.ppf(_P[:, None])[:, 0], rtol=1e-9)
        assert_allclose(ours.median(), theirs.median()[:, 0], rtol=1e-9)
    assert_allclose(ours.quantile(0.0), -np.inf)
    assert_allclose(ours.quantile(1.0), np.inf)
    assert np.isnan(ours.quantile(1.5)).all()


def test_moments_are_those_of_qp_or_of_its_quantile_function(both):
    theirs, ours, form = both
    if form in {"interp", "hist", "norm", "gamma"}:
        assert_allclose(ours.mean(), np.ravel(theirs.mean()), rtol=1e-9)
        assert_allclose(ours.std(), np.ravel(theirs.std()), rtol=1e-7)
        return
    levels = (np.arange(4000) + 0.5) / 4000  # scipy integrates powers of the quantile function; qp fails there
    if form in {"mixmod", "spline"}:
        points = np.linspace(*((0, 3, 1501) if form == "spline" else (-1, 4, 5001)))
        density = theirs.pdf(points)
        mean = np.trapezoid(points * density, points, axis=1)
        square = np.trapezoid(points**2 * density, points, axis=1)
    else:
        values = theirs.ppf(levels)
        mean, square = values.mean(axis=1), (values**2).mean(axis=1)
    assert_allclose(ours.mean(), mean, rtol=2e-4)
    assert_allclose(ours.std(), np.sqrt(square - mean**2), rtol=2e-3)


def test_crps_is_the_integral_of_the_squared_difference_to_a_step(both):
    _, ours, _ = both
    points = np.linspace(-2, 5, 70_001)
    few = Densities(ours.form, ours.parameters[:5])
    square = (few.cdf_on_grid(points) - (points >= _Z[:5, None])) ** 2
    assert_allclose(few.crps(_Z[:5]), np.trapezoid(square, points, axis=1), rtol=5e-4)


def test_mode_has_the_highest_density_and_odds_are_the_probability_around_it(both):
    _, ours, form = both
    mode = ours.mode()
    allowance = {"hist": 1.0, "quant": 1.0}.get(form, 0.999)
    assert (ours.density(mode) >= allowance * ours.on_grid(np.linspace(0, 3, 1501)).max(axis=1) - 1e-9).all()
    reach = 0.06 * (1 + mode)
    assert_allclose(ours.odds(), ours.cdf(mode + reach) - ours.cdf(mode - reach))


def test_stack_is_the_sum_of_the_densities(both):
    _, ours, _ = both
    assert_allclose(stacked(ours, _GRID), ours.on_grid(_GRID).sum(axis=0), rtol=1e-9, atol=1e-12)


def test_missing_and_invalid_rows_give_nan_and_leave_the_others_alone(both):
    _, ours, form = both
    rows = ours.parameters.tolist()
    broken = [None, rows[1][:-1], [None, *rows[2][1:]], [0.0] * len(rows[3]), *rows[4:]]
    read = Densities.from_arrow(ours.form, pa.array(broken, pa.list_(pa.float32() if form == "norm" else pa.float64())))
    missing = np.arange(OBJECTS) < 4
    for result, whole in (
        (read.density(_Z), ours.density(_Z)),
        (read.quantile(_P), ours.quantile(_P)),
        (read.quantile(0.0), ours.quantile(0.0)),
        (read.std(), ours.std()),
        (read.mode(), ours.mode()),
        (read.crps(_Z), ours.crps(_Z)),
        (read.on_grid(_GRID), ours.on_grid(_GRID)),
    ):
        assert np.isnan(result[missing]).all()
        assert_allclose(result[~missing], whole[~missing], rtol=2e-5, atol=1e-6)
    assert_allclose(stacked(read, _GRID), ours.on_grid(_GRID)[4:].sum(axis=0), rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("kind", ["fixed", "list", "large", "chunked", "sliced"])
def test_arrays_of_arrow_are_read_in_each_layout(kind):
    values = np.random.default_rng(5).uniform(0, 1, (6, 4))
    form = DensityForm("interp", 4, (0.0, 1.0, 2.0, 3.0))
    types = {"fixed": pa.list_(pa.float64(), 4), "large": pa.large_list(pa.float64())}
    array = pa.array(values.tolist(), types.get(kind, pa.list_(pa.float64())))
    if kind == "chunked":
        array = pa.chunked_array([array.slice(0, 2), array.slice(2)])
    if kind == "sliced":
        array, values = array.slice(2, 3), values[2:5]
    assert_allclose(Densities.from_arrow(form, array).parameters, values)


def test_more_objects_than_a_block_are_the_same_as_each_alone():
    grid = tuple(np.linspace(0, 3, 31))
    values = np.random.default_rng(6).uniform(0, 1, (20_000, 31))
    many = Densities(DensityForm("interp", 31, grid), values)
    last = Densities(DensityForm("interp", 31, grid), values[-3:])
    assert_allclose(many.median()[-3:], last.median())
    assert_allclose(many.mean()[-3:], last.mean())


def test_none_and_no_valid_object_give_empty_results_and_nan():
    form = DensityForm("norm", 2)
    assert Densities(form, np.empty((0, 2))).mean().shape == (0,)
    assert np.isnan(Densities(form, np.full((3, 2), np.nan)).cdf(1.0)).all()
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        Densities(form, np.zeros(3))


def test_mean_on_a_grid_of_varying_spacing_is_by_the_trapezium_rule():
    x = np.array([0.0, 0.1, 0.4, 1.0, 2.0])
    y = np.array([[0.1, 1.0, 2.0, 0.5, 0.0]])
    expected = np.trapezoid(x * y, x)[0] / np.trapezoid(y, x)[0]
    assert_allclose(Densities(DensityForm("interp", 5, tuple(x)), y).mean(), [expected])
