"""Columns of densities in every format of results: form and grid are there for other programs, and are read again."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table
from numpy.testing import assert_array_equal

from core.columns import Column, column_of_field
from core.photoz.forms import DensityForm
from core.votable import TableDescription
from products.readers import open_table
from products.user_tables.definitions import definition_of_votable
from tap.results import RESULT_FORMATS
from tests.support.tools import Stilts

_GRID = tuple(np.linspace(0, 3, 7).tolist())
_FORM = DensityForm("interp", 7, _GRID)
_COLUMNS = (
    Column("id", "long"),
    Column("pz", "double", "7", utype="photoz:density", description="p(z)", density=_FORM.to_json()),
    Column("other", "float", "2", density=DensityForm("norm", 2).to_json()),
)
_ROWS = pa.record_batch(
    [
        pa.array([1, 2], pa.int64()),
        pa.array([[0.0, 1, 2, 3, 2, 1, 0], [0.5] * 7], pa.list_(pa.float64(), 7)),
        pa.array([[0.5, 0.1], [0.7, 0.2]], pa.list_(pa.float32(), 2)),
    ],
    names=["id", "pz", "other"],
)


def _written(name: str) -> bytes:
    return b"".join(RESULT_FORMATS[name].write(TableDescription(_COLUMNS), [_ROWS], limit=None))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("votable", "vot"),
        ("votable-tabledata", "vot"),
        ("votable-binary", "vot"),
        ("fits", "fits"),
        ("parquet", "parquet"),
        ("ecsv", "ecsv"),
    ],
)
def test_form_and_grid_are_read_again(name, suffix, tmp_path):
    path = tmp_path / f"result.{suffix}"
    path.write_bytes(_written(name))
    with open_table(path, path.name) as reader:
        columns = {field.name: column_of_field(field) for field in reader.schema}
        found = pa.Table.from_batches(reader.batches())
    assert DensityForm.from_json(columns["pz"].density) == _FORM
    assert columns["other"].density is None or DensityForm.from_json(columns["other"].density).name == "norm"
    assert_array_equal(np.stack(found["pz"].to_numpy()), np.stack(_ROWS["pz"].to_numpy(zero_copy_only=False)))


@pytest.mark.parametrize("name", ["votable", "votable-tabledata", "votable-binary"])
def test_astropy_finds_the_grid_beside_the_field(name):
    table = parse(io.BytesIO(_written(name)), verify="exception").get_first_table()
    assert {param.name: str(param.value) for param in table.params if param.name.endswith("form")} == {
        "pz_form": "interp",
        "other_form": "norm",
    }
    grid = next(param for param in table.params if param.name == "pz_grid")
    assert_array_equal(grid.value, _GRID)
    fields = {field.ID: field.name for field in table.fields}
    (group, _) = table.groups
    references = [entry.ref for entry in group.entries]
    assert (group.utype, fields[references[0]]) == ("photoz:density", "pz")
    assert grid.ID in references


def test_stilts_has_the_grid_as_a_parameter_of_the_table(stilts: Stilts, tmp_path):
    path = tmp_path / "result.vot"
    path.write_bytes(_written("votable"))
    told = " ".join(stilts("tpipe", f"in={path}", "omode=meta").split())
    assert "pz_form: interp pz_grid: 0.0 0.5 1.0 1.5 2.0 2.5 3.0 other_form: norm" in told
    report = stilts("votlint", f"votable={path}")
    assert "ERROR" not in report


def test_headers_of_fits_have_the_form_as_json():
    with fits.open(io.BytesIO(_written("fits"))) as file:
        assert json.loads(file[1].header["TDENS2"])["grid"] == list(_GRID)
        assert json.loads(file[1].header["TDENS3"]) == {"name": "norm", "size": 2}
    assert "TDENS2" in Table.read(io.BytesIO(_written("fits")), hdu=1).meta


def test_fields_of_arrow_and_json_have_the_form():
    schema = pa.ipc.open_stream(_written("arrow")).schema
    assert DensityForm.from_json(schema.field("pz").metadata[b"density"].decode()) == _FORM
    described = json.loads(_written("json"))["metadata"]
    assert [each.get("density", {}).get("name") for each in described] == [None, "interp", "norm"]


def test_tables_of_users_keep_the_form(tmp_path):
    path = tmp_path / "table.vot"
    path.write_bytes(_written("votable"))
    columns = definition_of_votable(path, max_columns=10).columns
    assert [each.density and DensityForm.from_json(each.density).name for each in columns] == [None, "interp", "norm"]
