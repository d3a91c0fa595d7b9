"""Metrics against scipy, astropy, qp and arithmetic on paper, and their standard errors."""

import warnings

import numpy as np
import pytest
from astropy.stats import biweight_location, biweight_scale
from scipy import stats

from pipelines.validation import uniformity
from pipelines.validation.metrics import METRICS, measured
from pipelines.validation.resampling import standard_errors
from pipelines.validation.sample import Sample, joined

_RANDOM = np.random.default_rng(5)
_COUNT = 3000


@pytest.fixture(scope="module")
def sample() -> Sample:
    z_true = _RANDOM.uniform(0, 3, _COUNT)
    z_phot = z_true + _RANDOM.standard_t(2, _COUNT) * 0.04 * (1 + z_true)
    z_phot[:7] = np.nan
    pit = _RANDOM.beta(1.3, 0.9, _COUNT)
    pit[-9:] = np.nan
    scores = [np.where(np.isnan(pit), np.nan, _RANDOM.uniform(0.1, 4, _COUNT)) for _ in range(5)]
    return Sample(z_true, z_phot, np.full(_COUNT, 22.0), pit, *scores)


def test_point_metrics_are_those_of_their_definitions(sample: Sample):
    values, there = measured(sample), np.isfinite(sample.z_phot)
    delta = ((sample.z_phot - sample.z_true) / (1 + sample.z_true))[there]
    iqr = stats.iqr(delta) / 1.349
    expected = {
        "bias": np.median(delta),
        "bias_mean": delta.mean(),
        "sigma_iqr": iqr,
        "sigma_mad": 1.4826 * stats.median_abs_deviation(delta),
        "outlier_rate": np.mean(np.abs(delta) > max(0.06, 3 * iqr)),
        "outlier_rate_010": np.mean(np.abs(delta) > 0.10),
        "outlier_rate_015": np.mean(np.abs(delta) > 0.15),
        "catastrophic_rate": np.mean(np.abs(sample.z_phot - sample.z_true)[there] > 1),
        "biweight_location": biweight_location(delta),
        "biweight_scale": biweight_scale(delta),
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_statistics_of_the_pit_are_those_of_scipy(sample: Sample):
    values, pit = measured(sample), sample.pit[np.isfinite(sample.pit)]
    assert values["pit_ks"] == pytest.approx(stats.kstest(pit, "uniform").statistic, rel=1e-12)
    assert values["pit_cvm"] == pytest.approx(stats.cramervonmises(pit, "uniform").statistic, rel=1e-12)
    assert values["coverage_68"] == pytest.approx(np.mean((pit >= 0.16) & (pit <= 0.84)))
    inside = pit[(pit >= 0.01) & (pit <= 0.99)]
    for values_in in (inside, np.round(inside, 2), inside[:7]):  # with ties, and of few
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = stats.anderson_ksamp([values_in, np.linspace(0.01, 0.99, len(values_in))]).statistic
        assert uniformity.anderson_darling(values_in) == pytest.approx(expected, rel=1e-9)
    heights, _ = np.histogram(pit, bins=100, range=(0, 1), density=True)
    assert values["pit_rmse"] == pytest.approx(np.sqrt(np.mean((heights - 1) ** 2)), rel=1e-9)
    assert values["pit_kl"] == pytest.approx(stats.entropy(heights, np.ones(100)), rel=1e-9)


def test_brier_score_is_that_of_qp():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qp.metrics.brier import Brier

    from core.photoz.densities import Densities
    from core.photoz.forms import DensityForm
    from pipelines.validation.scoring import _brier

    edges, z_true = np.linspace(0, 3, 13), _RANDOM.uniform(0, 3, 50)
    densities = Densities(DensityForm("norm", 2), np.column_stack([z_true, np.full(50, 0.2)]))
    probabilities = np.diff(densities.cdf_on_grid(edges), axis=1)
    truth = np.array([np.histogram(each, bins=edges)[0] for each in z_true])
    assert _brier(densities, z_true, edges).mean() == pytest.approx(Brier(probabilities, truth).evaluate(), rel=1e-9)


def test_a_sample_without_estimates_or_densities_has_no_metrics():
    nothing = Sample(np.ones(4), *(np.full(4, np.nan) for _ in range(8)))
    assert set(measured(nothing)) == {metric.name for metric in METRICS}
    assert np.isnan([*measured(nothing).values()]).all()
    assert standard_errors(nothing, 10, np.random.default_rng(0)) == {}
    assert len(joined([])) == 0


@pytest.mark.parametrize("pit", [np.full(50, 0.3), np.array([0.5]), np.zeros(200), np.linspace(0, 1, 40)])
def test_odd_distributions_of_the_pit_raise_nothing(pit: np.ndarray):
    for statistic in (uniformity.anderson_darling, uniformity.outlier_rate_of_quantiles):
        value = statistic(pit)
        assert np.isnan(value) or value >= -2


def test_standard_errors_are_those_of_theory_and_the_same_for_a_seed(sample: Sample):
    errors = standard_errors(sample, 400, np.random.default_rng(0))
    delta = sample.points.residual
    assert errors["bias_mean"] == pytest.approx(delta.std() / np.sqrt(len(delta)), rel=0.2)
    rate = measured(sample)["outlier_rate_010"]
    assert errors["outlier_rate_010"] == pytest.approx(np.sqrt(rate * (1 - rate) / len(delta)), rel=0.2)
    assert errors == standard_errors(sample, 400, np.random.default_rng(0))
    assert not errors.keys() & {"pit_ad", "pit_outlier_rate"}


def test_errors_of_a_large_sample_are_scaled_from_smaller_resamples():
    count = 50_000
    z_phot = _RANDOM.normal(1, 0.1, count)
    large = Sample(np.ones(count), z_phot, *(np.full(count, np.nan) for _ in range(7)))
    errors = standard_errors(large, 60, np.random.default_rng(0))
    assert errors["bias_mean"] == pytest.approx(0.05 / np.sqrt(count), rel=0.3)
