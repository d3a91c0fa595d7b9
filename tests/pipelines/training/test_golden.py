"""The outcome of today's Training Set Maker on its own sample data, row by row."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from pipelines.outputs import OUTPUT_FORMATS, OutputFormat, write_table
from pipelines.training import TrainingSet, load_configuration, make_training_set

_DATA = Path(__file__).parents[4] / "shared" / "data"
_GOLDEN = _DATA / "golden"
_FLAGS = ["n_objects_of_redshift", "n_redshifts_of_object"]

pytestmark = pytest.mark.skipif(not (_GOLDEN / "tsm_parquet.parquet").is_file(), reason="shared data are not here")


def _made(name: str) -> TrainingSet:
    configuration = load_configuration(_GOLDEN / "configs" / f"{name}.yaml")
    path = _GOLDEN / configuration.redshifts.path
    # The collection's two files are small; partition columns in their paths are none of the catalogue.
    files = [path] if path.is_file() else sorted((path / "catalog").rglob("Npix=*.parquet"))
    redshifts = pa.concat_tables(pq.read_table(file, partitioning=None) for file in files)
    return make_training_set(redshifts, _GOLDEN / configuration.inputs.dataset.path, configuration)


@pytest.mark.parametrize("name", ["tsm_parquet", "tsm_k3_r60", "tsm_hats_in"])
def test_rows_and_split_equal_those_of_today(name: str) -> None:
    made, golden = _made(name).table, pq.read_table(_GOLDEN / f"{name}.parquet")
    assert [n for n in made.column_names if n not in _FLAGS] == golden.column_names
    assert made.num_rows == golden.num_rows
    for column in golden.column_names:
        ours, theirs = made[column].to_numpy(), golden[column].to_numpy()
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 if column == "_dist_arcsec" else 0, err_msg=column)


def _read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def _read_fits(path: Path) -> pd.DataFrame:
    return Table.read(path, hdu=1, unit_parse_strict="silent").to_pandas()


def _read_hdf5(path: Path) -> pd.DataFrame:
    with h5py.File(path) as file:
        return pd.DataFrame({name: file[name][:] for name in file})


@pytest.mark.parametrize(
    ("output_format", "read"),
    [(OUTPUT_FORMATS["csv"], _read_csv), (OUTPUT_FORMATS["fits"], _read_fits), (OUTPUT_FORMATS["hdf5"], _read_hdf5)],
)
def test_files_in_other_formats_hold_the_values_of_todays(output_format: OutputFormat, read, tmp_path: Path) -> None:
    name = f"tsm_{output_format.name}.{output_format.name}"
    write_table(_made("tsm_parquet").table, tmp_path / name, output_format)
    ours, theirs = read(tmp_path / name), read(_GOLDEN / name)
    assert set(theirs) <= set(ours)
    # The index of cells is in today's CSV and Parquet, not in FITS and HDF5.
    assert set(ours) - set(theirs) <= {*_FLAGS, "_healpix_29"}
    for column in theirs:
        np.testing.assert_allclose(ours[column], theirs[column], rtol=0, atol=1e-6, err_msg=column)


def test_the_report_adds_up() -> None:
    report = _made("tsm_parquet").report
    assert (report.redshifts, report.rows, report.redshifts_matched, report.seed) == (80, 40, 40, 42)
    assert report.training + report.validation == 40
    assert report.objects_passed == 40
    assert sum(report.separation_arcsec.counts) == 40
