"""Estimates by nearest neighbours equal sums of Gaussians that are computed object by object."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.columns import column_of_field
from core.errors import InvalidValueError
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from pipelines.estimation import estimates as writing
from pipelines.estimation.estimation import Estimation, estimate_redshifts
from pipelines.runs.command_line import run_files
from tests.pipelines.estimation.skies import opened, parameters, sky

_BANDS = "ugrizy"
_GRID = np.linspace(0, 3, 301)


def _estimated(folder: Path, training: pa.Table, objects: pa.Table, **param: Any) -> tuple[pa.Table, Estimation]:
    made = estimate_redshifts(
        opened(training, "training"), opened(objects, "objects"), parameters(param), folder, lambda *_: None
    )
    return pq.read_table(made.written.table.path), made


def _matrix(table: pa.Table, name: str) -> np.ndarray:
    return np.column_stack([table.column(name.format(band)).to_numpy() for band in _BANDS])


def _gaussians(z: np.ndarray, weights: np.ndarray, bandwidth: float) -> np.ndarray:
    """Sum Gaussians, each normalised on the grid."""
    width = bandwidth * (1 + z)[:, None]
    each = np.exp(-0.5 * ((_GRID - z[:, None]) / width) ** 2)
    each /= np.trapezoid(each, _GRID, axis=1)[:, None]
    return np.asarray((weights[:, None] * each).sum(axis=0) / weights.sum())


def _densities(table: pa.Table) -> np.ndarray:
    return np.stack(table.column("pz").to_numpy(zero_copy_only=False))


def test_densities_are_sums_of_gaussians_of_the_nearest_in_magnitudes(tmp_path: Path) -> None:
    training, objects = sky(500, 1), sky(40, 2)
    table, _ = _estimated(
        tmp_path, training, objects, knn={"neighbours": 7, "features": "magnitudes", "weights": "uniform"}
    )
    known, asked = _matrix(training, "mag_{}_lsst"), _matrix(objects, "mag_{}_lsst")
    z, found = training.column("redshift").to_numpy(), _densities(table)
    for number, one in enumerate(asked):
        near = np.argsort((((known - one) / known.std(axis=0)) ** 2).sum(axis=1))[:7]
        expected = _gaussians(z[near], np.ones(7), 0.015)
        np.testing.assert_allclose(found[number], expected, atol=0.01 * expected.max())
    assert table.column("object_id").to_pylist() == objects.column("object_id").to_pylist()


def test_errors_of_both_tables_choose_and_weigh_the_neighbours(tmp_path: Path) -> None:
    training, objects = sky(25, 1), sky(20, 2)  # so few that all are candidates
    table, _ = _estimated(tmp_path, training, objects, knn={"neighbours": 7, "features": "colours"})
    known, asked = (-np.diff(_matrix(each, "mag_{}_lsst"), axis=1) for each in (training, objects))
    squares = [_matrix(each, "mag_err_{}_lsst") ** 2 + 0.02**2 for each in (training, objects)]
    of_known, of_asked = (each[:, :-1] + each[:, 1:] for each in squares)
    z, found = training.column("redshift").to_numpy(), _densities(table)
    for number, one in enumerate(asked):
        chi2 = ((known - one) ** 2 / (of_known + of_asked[number])).sum(axis=1)
        near = np.argsort(chi2)[:7]
        expected = _gaussians(z[near], np.exp(-0.5 * (chi2[near] - chi2.min())), 0.015)
        np.testing.assert_allclose(found[number], expected, atol=0.01 * expected.max())


@pytest.mark.parametrize("param", [{}, {"knn": {"features": "magnitudes"}}, {"knn": {"weights": "distance"}}])
def test_estimates_are_near_the_true_redshifts_and_are_read_as_densities(tmp_path: Path, param: Any) -> None:
    objects = sky(300, 2)
    table, made = _estimated(tmp_path, sky(3000, 1), objects, **param)
    z = objects.column("redshift").to_numpy()
    scaled = (table.column("zmode").to_numpy() - z) / (1 + z)
    assert abs(np.median(scaled)) < 0.01
    assert np.percentile(np.abs(scaled), 68) < 0.05
    column = column_of_field(table.schema.field("pz"))
    densities = Densities.from_arrow(DensityForm.from_json(column.density or ""), table.column("pz"))
    np.testing.assert_allclose(densities.mean(), table.column("zmean").to_numpy(), atol=1e-3)
    np.testing.assert_allclose(densities.mode(), table.column("zmode").to_numpy())
    assert abs(np.mean(densities.cdf(z)) - 0.5) < 0.05
    assert np.trapezoid(made.report.stacked, _GRID) == pytest.approx(300, rel=1e-5)


def test_batches_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, objects, counts = sky(200, 1), sky(100, 2), []
    whole, _ = _estimated(tmp_path, training, objects)
    monkeypatch.setattr(writing, "_BATCH_NUMBERS", 301 * 7)
    made = estimate_redshifts(
        opened(training, "training"), opened(objects, "objects"), parameters({}), tmp_path,
        lambda _, step: counts.append(step),
    )  # fmt: skip
    assert pq.read_table(made.written.table.path).equals(whole)
    assert "Estimating objects: 49 objects" in counts


def test_objects_without_photometry_have_no_estimate_and_those_with_some_have_one(tmp_path: Path) -> None:
    objects = sky(3, 2)
    for band in _BANDS:
        values = objects.column(f"mag_{band}_lsst").to_numpy().copy()
        values[0] = {"u": 99.0, "g": np.inf}.get(band, np.nan)
        values[1] = 99.0 if band == "u" else values[1]
        at = objects.schema.get_field_index(f"mag_{band}_lsst")
        objects = objects.set_column(at, f"mag_{band}_lsst", pa.array(values))
    table, made = _estimated(tmp_path, sky(300, 1), objects)
    assert [value is None for value in table.column("pz").to_pylist()] == [True, False, False]
    assert table.column("zmode").null_count == table.column("zmean").null_count == 1
    assert made.report.without_density == 1
    assert "1 of 3 objects of objects have no magnitude, and no estimate." in made.report.warnings


def test_the_distribution_of_the_training_set_is_that_of_each_object(tmp_path: Path) -> None:
    training = sky(400, 1)
    table, _ = _estimated(tmp_path, training, sky(5, 2), algorithm="training_nz")
    expected = _gaussians(training.column("redshift").to_numpy(), np.ones(400), 0.015)
    np.testing.assert_allclose(_densities(table), np.tile(expected, (5, 1)), atol=0.01 * expected.max())


def test_rows_for_validation_and_those_off_the_grid_are_not_trained_on(tmp_path: Path) -> None:
    training = sky(50, 1)
    z = training.column("redshift").to_numpy().copy()
    z[:3] = -1, np.nan, 9
    flags = np.arange(50) % 2
    training = training.set_column(3, "redshift", pa.array(z)).append_column("is_training_set", pa.array(flags))
    _, made = _estimated(tmp_path, training, sky(5, 2), cuts=["mag_i_lsst < 99"])
    assert made.report.left_out == {"for validation": 25, "no redshift on the grid": 1}
    assert made.report.trained == 24
    model = pq.read_table(made.model)
    assert model.column("redshift").to_pylist() == z[flags == 1][1:].tolist()
    assert set(model.column_names) == {"redshift", *made.report.magnitudes, *made.report.errors}


def test_the_model_trains_as_the_training_set_does(tmp_path: Path) -> None:
    objects = sky(20, 2)
    first, made = _estimated(tmp_path, sky(200, 1), objects)
    again = tmp_path / "again"
    again.mkdir()
    assert made.model is not None
    second, _ = _estimated(again, pq.read_table(made.model), objects)
    assert second.equals(first)


def test_tables_that_do_not_fit_are_refused_with_what_they_have(tmp_path: Path) -> None:
    objects = sky(5, 2)
    other = objects.rename_columns([name.replace("_lsst", "_hsc") for name in objects.column_names])
    table, _ = _estimated(tmp_path, sky(50, 1), other)  # other names, the same bands
    assert table.column("zmode").null_count == 0
    with pytest.raises(InvalidValueError, match=r"bands grizy .* training set has mag_u_lsst"):
        _estimated(tmp_path, sky(50, 1), other.drop_columns("mag_u_hsc"))
    with pytest.raises(InvalidValueError, match="'object_magnitudes' names 1 columns"):
        _estimated(tmp_path, sky(50, 1), other, object_magnitudes=["mag_u_hsc"])
    with pytest.raises(InvalidValueError, match="has no column of redshifts"):
        _estimated(tmp_path, sky(50, 1).drop_columns("redshift"), objects)
    with pytest.raises(InvalidValueError, match=r"0 of 50 rows of training can .* 50 \(mag_i_lsst < 0\)"):
        _estimated(tmp_path, sky(50, 1), objects, cuts=["mag_i_lsst < 0"])


def test_a_file_that_asks_for_another_format_is_refused_before_anything_is_read(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text("inputs: {training: [{path: t.parquet}], objects: {path: o.parquet}}\noutput_format: csv\n")
    with pytest.raises(InvalidValueError, match=r"output_format.*parquet"):
        run_files("estimate", path, tmp_path, lambda *_: None)
