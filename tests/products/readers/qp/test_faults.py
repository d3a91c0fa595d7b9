"""Ensembles that contradict themselves: each ends in a sentence that names what is wrong."""

import zipfile

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import UnreadableFileError
from products.readers import open_table
from tests.core.photoz.samples import ensemble
from tests.products.readers.qp.samples import with_ancillary, write_ensemble
from tests.products.readers.samples import read


def _replace(file: h5py.File, path: str, values: object) -> None:
    del file[path]
    file[path] = values


_GRID = np.linspace(0, 3, 61)

#: Form, what is done to the file, and words of the sentence.
_FAULTS = {
    "grid that falls": (
        "interp", lambda file: _replace(file, "meta/xvals", _GRID[::-1][None]), "does not increase",
    ),
    "grid with NaN": (
        "interp", lambda file: _replace(file, "meta/xvals", np.where(_GRID == 0, np.nan, _GRID)[None]), "not finite",
    ),
    "short grid": ("interp", lambda file: _replace(file, "meta/xvals", _GRID[None, :-1]), "has 60 values"),
    "no grid": ("interp", lambda file: file["meta"].pop("xvals"), "no numbers xvals"),
    "edges like centres": ("hist", lambda file: _replace(file, "meta/bins", _GRID[None, :-1]), "need 61"),
    "quantiles beyond 1": (
        "quant", lambda file: _replace(file, "meta/quants", np.linspace(0, 2, 13)[None]), "between 0 and 1",
    ),
    "no densities": ("hist", lambda file: file["data"].move("pdfs", "yvals"), "the parameter pdfs; data holds yvals"),
    "unequal components": (
        "mixmod", lambda file: _replace(file, "data/stds", np.ones((40, 3))), "weights has 2, means has 2, stds has 3",
    ),
    "unequal rows": (
        "norm", lambda file: _replace(file, "data/scale", np.ones((39, 1))), "39 values where other arrays have 40",
    ),
    "no name": ("norm", lambda file: _replace(file, "meta/pdf_name", np.zeros(1)), "no text pdf_name"),
    "objects": (
        "norm", lambda file: _replace(file, "data/loc", np.array([b"x"] * 40, dtype="S1")), "does not hold",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_contradiction_ends_in_a_sentence(fault, tmp_path):
    form, spoil, words = _FAULTS[fault]
    path = write_ensemble(ensemble(form), tmp_path, "hdf5")
    with h5py.File(path, "a") as file:
        spoil(file)
    with pytest.raises(UnreadableFileError, match=r"estimates\.hdf5") as caught:
        read(path)
    assert words in caught.value.message


def test_ancillary_columns_of_other_length_are_left_out(tmp_path):
    path = write_ensemble(with_ancillary("norm"), tmp_path, "hdf5")
    with h5py.File(path, "a") as file:
        _replace(file, "ancil/redshift", np.ones(7))
    with open_table(path, path.name) as reader:
        assert "redshift" not in reader.schema.names
        assert any("redshift (7 values" in note for note in reader.notes)


def test_parts_in_parquet_of_other_length_are_refused(tmp_path):
    made = with_ancillary("norm")
    write_ensemble(made, tmp_path, "zip")
    (tmp_path / "estimatesdata.pq").unlink()
    pq.write_table(pa.table({"loc": [1.0], "scale": [0.1]}), tmp_path / "estimatesdata.pq")
    path = tmp_path / "spoilt.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(tmp_path.glob("*.pq")):
            archive.write(part, part.name)
    with pytest.raises(UnreadableFileError, match="ancil has 40 rows, and data 1"):
        read(path)


def test_lists_of_other_length_in_parquet_are_refused(tmp_path):
    path = write_ensemble(ensemble("interp"), tmp_path, "zip")
    lists = pq.read_table(tmp_path / "estimatesdata.pq")["yvals"].to_pylist()
    pq.write_table(pa.table({"yvals": [*lists[:-1], lists[-1][:9]]}), tmp_path / "estimatesdata.pq")
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(tmp_path.glob("*.pq")):
            archive.write(part, part.name)
    with pytest.raises(UnreadableFileError, match="has 9 values where others have 61"):
        read(path)
