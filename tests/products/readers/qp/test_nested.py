"""Densities in nested columns, as nested-pandas and the catalogues of DP1 have them."""

import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from nested_pandas import NestedFrame
from numpy.testing import assert_allclose

from core.columns import column_of_field
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from pipelines.outputs.hats import write_hats
from tests.products.readers.samples import read

_GRID = np.linspace(0, 2, 41)
_PEAKS = np.array([0.3, 0.7, 1.1, 1.5])


def _normal(grid: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((grid - _PEAKS[:, None]) / 0.05) ** 2)


def _struct(grids: np.ndarray, names: tuple[str, str] = ("z_grid", "p")) -> pa.Array:
    lists = [pa.array(list(values)) for values in (np.broadcast_to(grids, (4, 41)), _normal(grids))]
    return pa.StructArray.from_arrays(lists, names)


def _form_of(table: pa.Table, column: str) -> DensityForm:
    return DensityForm.from_json(column_of_field(table.schema.field(column)).density)


def test_one_grid_for_all_is_kept_once(tmp_path):
    path = tmp_path / "estimates.parquet"
    pq.write_table(pa.table({"objectId": [1, 2, 3, 4], "pdf": _struct(_GRID)}), path)
    found = read(path, size=3)
    assert [name for name in found.column_names if name.startswith("pdf")] == ["pdf"]
    assert _form_of(found, "pdf") == DensityForm("interp", 41, tuple(_GRID))
    assert_allclose(found["z_mean"], _PEAKS, atol=1e-6)
    assert_allclose(np.stack(found["pdf"].to_numpy()), _normal(_GRID))


def test_each_object_may_have_its_own_redshifts(tmp_path):
    grids = _GRID + np.array([0, 0.01, 0.02, 0.03])[:, None]
    path = tmp_path / "estimates.parquet"
    pq.write_table(pa.table({"objectId": [1, 2, 3, 4], "pdf": _struct(grids, ("redshift", "pz"))}), path)
    found = read(path)
    form = _form_of(found, "pdf")
    assert form == DensityForm("interp_irregular", 82)
    assert_allclose(Densities.from_arrow(form, found["pdf"]).mode(), _PEAKS, atol=0.026)


def test_frames_of_nested_pandas_have_them(tmp_path):
    frame = NestedFrame({"object_id": [1, 2, 3, 4]}, index=[0, 1, 2, 3])
    rows = pd.DataFrame({"z": np.tile(_GRID, 4), "pdf": _normal(_GRID).ravel()}, index=np.repeat([0, 1, 2, 3], 41))
    path = tmp_path / "nested.parquet"
    frame.join_nested(rows, "pz").to_parquet(path)
    found = read(path)
    assert _form_of(found, "pz") == DensityForm("interp", 41, tuple(_GRID))
    assert_allclose(found["z_mode"], _PEAKS, atol=0.026)


def test_lists_of_other_lengths_or_without_order_stay_lists(tmp_path):
    for number, redshifts in enumerate(([[0.0, 0.1], [0.0, 0.1, 0.2]], [[0.1, 0.0], [0.0, 0.1]])):
        record = pa.StructArray.from_arrays([pa.array(redshifts), pa.array(redshifts)], ["z", "p"])
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({"id": [1, 2], "light": record}), path)
        assert read(path).column_names == ["id", "light.z", "light.p"]


def test_partitions_of_hats_have_them(tmp_path):
    folder = tmp_path / "estimates"
    ra = np.array([10.0, 100.0, 190.0, 280.0])
    table = pa.table({"id": [1, 2, 3, 4], "ra": ra, "dec": [-40.0, 0.0, 20.0, 60.0], "pdf": _struct(_GRID)})
    write_hats(table, folder, ("ra", "dec"), rows_in_file=2)
    path = tmp_path / "estimates.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(tmp_path))
    found = read(path)
    assert _form_of(found, "pdf") == DensityForm("interp", 41, tuple(_GRID))
    assert_allclose(found["z_mean"], _PEAKS[found["id"].to_numpy() - 1], atol=1e-6)
