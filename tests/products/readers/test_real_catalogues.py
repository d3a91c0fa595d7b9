"""The real catalogues, converted by astropy and pandas to every format, read back with the values of astropy."""

import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from tests.products.readers.samples import FORMATS, read, write

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
PARQUET = sorted([*DATA.glob("redshift_catalogs/*.parquet"), *DATA.glob("rail/*.pq")])
HDF5 = sorted(DATA.glob("rail/t*.hdf5"))

needs_data = pytest.mark.skipif(not PARQUET, reason="the real catalogues (../shared/data) are not on this machine")


def _frame(path: Path) -> pd.DataFrame:
    """Some rows of a catalogue."""
    return pq.read_table(path).to_pandas().reset_index(drop=True).head(700)


def assert_same_column(array: pa.ChunkedArray, expected: object, name: str) -> None:
    """Compare with a column of astropy; a missing number, NaN and an empty text are told apart by few formats."""
    if np.asarray(expected).dtype.kind in "USO":
        blank = {"", "nan", "NaN", "None", "--", "N/A", "NULL", "null", "NA"}
        ours = ["" if value is None or str(value) in blank else str(value).strip() for value in array.to_pylist()]
        texts = np.ma.filled(np.ma.asarray(expected, dtype=object), "")
        theirs = [value.decode() if isinstance(value, bytes) else str(value) for value in texts]
        assert ours == ["" if value in blank else value.strip() for value in theirs], name
        return
    ours = array.to_numpy(zero_copy_only=False)
    if ours.dtype.kind == "O" and array.null_count == len(array):
        assert np.isnan(np.ma.filled(np.ma.asarray(expected, float), np.nan)).all(), name
        return
    theirs = np.ma.filled(np.ma.asarray(expected, dtype=np.float64), np.nan)
    exact = np.asarray(expected).dtype.kind in "iub" and array.null_count == 0 and ours.dtype.kind in "iub"
    if exact:
        np.testing.assert_array_equal(ours, np.asarray(expected), err_msg=name)
    else:
        np.testing.assert_array_equal(ours.astype(np.float64), theirs, err_msg=name)


@needs_data
@pytest.mark.parametrize("path", PARQUET, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", FORMATS)
def test_catalogue_has_astropys_values_in_every_format(path: Path, kind: str, tmp_path: Path) -> None:
    frame = _frame(path)
    expected = Table.from_pandas(frame)
    for name in expected.colnames:
        if expected[name].dtype.kind == "O":
            expected[name] = np.ma.filled(expected[name], "").astype(str)
    found = read(write(expected, kind, tmp_path))
    assert found.column_names == expected.colnames
    assert found.num_rows == len(expected)
    for name in expected.colnames:
        assert_same_column(found[name], expected[name], name)


@needs_data
@pytest.mark.parametrize("path", PARQUET, ids=lambda path: path.stem)
def test_catalogue_saved_by_pandas_to_hdf_has_pandas_values(path: Path, tmp_path: Path) -> None:
    frame = _frame(path)
    target = tmp_path / "cat.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in frame.columns[frame.isna().all()]:
            frame[name] = frame[name].astype(float)
        frame.to_hdf(target, key="df", format="table")
    found = read(target)
    assert found.column_names == list(frame.columns)
    for name in frame.columns:
        assert_same_column(found[name], np.ma.masked_where(frame[name].isna(), frame[name].to_numpy()), name)


@needs_data
@pytest.mark.parametrize("path", PARQUET, ids=lambda path: path.stem)
def test_original_parquet_is_read_unchanged(path: Path) -> None:
    expected = pq.read_table(path)
    found = read(path, size=300)
    assert found.column_names == expected.column_names
    for name in found.column_names:
        assert found[name].combine_chunks().equals(expected[name].combine_chunks()), name


@needs_data
@pytest.mark.parametrize("path", HDF5, ids=lambda path: path.stem)
def test_rail_layout_is_read_as_h5py_reads_it(path: Path) -> None:
    found = read(path, size=5000)
    with h5py.File(path) as file:
        for name, values in file["photometry"].items():
            np.testing.assert_array_equal(found[name].to_numpy(), values[:])


@needs_data
@pytest.mark.parametrize("suffix", ["fits", "hdf5"])
def test_qp_ensemble_is_one_row_for_each_distribution(suffix: str) -> None:
    found = read(DATA / "rail" / f"output_BPZ_lite.{suffix}")
    with h5py.File(DATA / "rail" / "output_BPZ_lite.hdf5") as file:
        np.testing.assert_array_equal(found["zmode"].to_numpy(), file["ancil/zmode"][:])
        yvals = found["pz"].combine_chunks().flatten().to_numpy().reshape(-1, 301)
        np.testing.assert_allclose(yvals, file["data/yvals"][:], rtol=1e-12)
