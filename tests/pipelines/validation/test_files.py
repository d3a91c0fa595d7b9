"""Validation on files: what is found out, chosen, left out and refused."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

from core.errors import PhotozError
from pipelines.outputs.hats import write_hats
from pipelines.validation.configuration import ValidationColumns, ValidationParameters
from pipelines.validation.files import FileValidation, validate_files
from tests.pipelines.validation.samples import OBJECTS, bare, recipe_files, write_reference


def _validated(folder: Path, change: Any = None, **param: Any) -> FileValidation:
    estimates, reference = recipe_files(folder, change)
    return validate_files(estimates, reference, ValidationParameters(**param))


def _doubled(arrays: dict[str, Any]) -> None:
    arrays["ancil/object_id"][5] = arrays["ancil/object_id"][4]


def _without_identifiers(arrays: dict[str, Any]) -> None:
    del arrays["ancil/object_id"]


def _negative(arrays: dict[str, Any]) -> None:
    arrays["data/yvals"][3, 7] = -0.5


def _falling_grid(arrays: dict[str, Any]) -> None:
    arrays["meta/xvals"][0, 5] = arrays["meta/xvals"][0, 2]


def _short_grid(arrays: dict[str, Any]) -> None:
    arrays["meta/xvals"] = arrays["meta/xvals"][:, :-1]


def _fewer_densities(arrays: dict[str, Any]) -> None:
    arrays["data/yvals"] = arrays["data/yvals"][:-9]


def _other_objects(arrays: dict[str, Any]) -> None:
    arrays["ancil/object_id"] = arrays["ancil/object_id"] + 10**15


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_doubled, "1 identifiers occur more than once in estimates.hdf5"),
        (_without_identifiers, "no column of identifiers"),
        (_negative, "1 objects of estimates.hdf5 have negative densities, such as -0.5 in row 4"),
        (_falling_grid, "does not increase"),
        (_short_grid, "300 values, and arrays of 301 need 301"),
        (_fewer_densities, "399"),
        (_other_objects, "No object of estimates.hdf5 has a redshift in truth.hdf5"),
    ],
)
def test_bad_estimates_end_in_a_sentence(tmp_path: Path, change: Any, sentence: str):
    with pytest.raises(PhotozError) as raised:
        _validated(tmp_path, change)
    assert sentence in raised.value.message


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"object_id": np.arange(3), "mag_i": np.ones(3)}, "no column of redshifts"),
        ({"object_id": np.arange(3), "redshift": np.full(3, np.nan)}, "has a redshift in 'redshift'"),
        ({"object_id": np.arange(3), "redshift": np.ones(3)}, "No object of estimates.hdf5"),
        ({"name": np.array([b"a", b"b", b"c"]), "redshift": np.ones(3)}, "No object of estimates.hdf5"),
    ],
)
def test_bad_references_end_in_a_sentence(tmp_path: Path, columns: dict[str, Any], sentence: str):
    estimates, _ = recipe_files(tmp_path)
    with pytest.raises(PhotozError) as raised:
        validate_files(estimates, write_reference(tmp_path, columns), ValidationParameters())
    assert sentence in raised.value.message


@pytest.mark.parametrize(
    ("param", "sentence"),
    [
        ({"point": "z_b"}, "has no point estimate 'z_b'"),
        ({"magnitude": "mag_q"}, "has no column of magnitudes 'mag_q'"),
        ({"cuts": ("mag_q < 3",)}, "has no column 'mag_q', which 'mag_q < 3' names"),
        ({"cuts": ("mag_i_lsst < 3",)}, "meets the cuts"),
        ({"estimate_cuts": ("loc < -3",)}, "meets the cuts"),
        ({"match": "position"}, "has no columns of positions"),
    ],
)
def test_parameters_that_do_not_fit_the_files_end_in_a_sentence(tmp_path: Path, param: dict[str, Any], sentence: str):
    with pytest.raises(PhotozError) as raised:
        _validated(tmp_path, **param)
    assert sentence in raised.value.message


@pytest.mark.parametrize("grid", [(3, 0, 10), (0, 3, 1), (0, 3, 10**6)])
def test_grids_that_do_not_increase_are_refused(grid: tuple[float, float, int]):
    with pytest.raises(ValueError, match="grid"):
        ValidationParameters(grid=grid)


def test_objects_without_a_density_are_counted_and_left_out_of_metrics_of_densities(tmp_path: Path):
    def change(arrays: dict[str, Any]) -> None:
        arrays["data/yvals"][:10] = np.nan
        arrays["data/yvals"][10] = 0

    found = _validated(tmp_path, change, point="loc")
    assert (found.rows, found.without_density) == (OBJECTS, 11)
    assert found.metrics["bias"] == pytest.approx(1.57838e-04, rel=3e-6)
    assert np.isfinite(found.metrics["cde_loss"])


def test_cuts_and_matches_leave_objects_out(tmp_path: Path):
    estimates, reference = recipe_files(tmp_path)
    param = ValidationParameters(cuts=("mag_i_lsst < 22.5",), estimate_cuts=("loc > 1",))
    found = validate_files(estimates, reference, param)
    assert 60 < found.rows < 180
    ordered = validate_files(estimates, reference, ValidationParameters(match="order"))
    assert ordered.metrics["outlier_rate_015"] > 0.5  # the reference is in another order


def test_objects_of_which_no_identifier_is_known_are_matched_by_position(tmp_path: Path):
    estimates, reference = tmp_path / "estimates.csv", tmp_path / "truth.csv"
    estimates.write_text("id,ra,dec,z_best\n1,10.0,-5,0.5\n2,11.0,-5,0.7\n")
    reference.write_text("id,ra,dec,redshift\n901,11.0001,-5,0.6\n902,30,-5,0.1\n")
    param = ValidationParameters(match_radius_arcsec=2.0)
    found = validate_files(estimates, reference, param)
    assert (found.rows, found.matched_by) == (1, "position")
    assert found.metrics["bias"] == pytest.approx(0.1 / 1.6)
    with pytest.raises(PhotozError, match="No object of"):
        validate_files(estimates, reference, ValidationParameters(match="id"))


def test_point_estimates_alone_and_columns_of_one_value_are_read(tmp_path: Path):
    def change(arrays: dict[str, Any]) -> None:
        arrays["ancil/zmode"] = arrays["ancil/loc"][:, None]

    _, reference = recipe_files(tmp_path)
    ensemble = _validated(tmp_path, change, point="z_mode")
    table = tmp_path / "points.csv"
    random = np.random.RandomState(87)
    z_phot = random.uniform(0, 2.5, OBJECTS) + random.normal(0, 0.01, OBJECTS)
    lines = (f"{number + 10**12},{value!r}" for number, value in enumerate(z_phot.tolist()))
    table.write_text("galid,Z_BEST\n" + "\n".join(lines))
    points = validate_files(table, reference, ValidationParameters(), estimate_columns=ValidationColumns(id="galid"))
    assert points.point == "Z_BEST"
    assert points.metrics["sigma_mad"] == pytest.approx(0.0047412589, rel=3e-6)
    assert ensemble.metrics["sigma_mad"] == pytest.approx(points.metrics["sigma_mad"], rel=1e-9)
    assert np.isnan(points.metrics["pit_ks"])


def test_the_folder_of_a_hats_catalogue_is_read_in_place(tmp_path: Path):
    estimates, reference = recipe_files(tmp_path)
    with h5py.File(estimates) as file:
        grid, densities = file["meta/xvals"][0], file["data/yvals"][:]
        identifiers = file["ancil/object_id"][:]
    place = np.random.default_rng(4)
    lists = [pa.array(list(np.broadcast_to(grid, densities.shape))), pa.array(list(densities))]
    table = pa.table(
        {
            "object_id": identifiers,
            "ra": place.uniform(0, 360, OBJECTS),
            "dec": place.uniform(-60, 60, OBJECTS),
            "pdf": pa.StructArray.from_arrays(lists, ["z", "p"]),
        }
    )
    write_hats(table, tmp_path / "hats", ("ra", "dec"), rows_in_file=50)
    assert len(list((tmp_path / "hats").rglob("Npix=*"))) > 3
    found = validate_files(tmp_path / "hats", reference, ValidationParameters(point="mode"))
    expected = validate_files(estimates, reference, ValidationParameters(point="mode"))
    assert (found.rows, expected.rows) == (OBJECTS, OBJECTS)
    assert bare(found.metrics) == pytest.approx(bare(expected.metrics), rel=1e-9)


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path):
    _, reference = recipe_files(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PhotozError, match="empty holds no HATS catalogue"):
        validate_files(tmp_path / "empty", reference, ValidationParameters())
