# ruff: noqa: E501  the cases are tables, one case a line
"""A column that cannot be read costs that column alone, in every format; arrays without values cost nothing."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable import parse as parse_votable
from astropy.table import Table
from nested_pandas import NestedFrame

from products.readers import ReadLimits, open_table
from products.readers.votable.reader import VotableReader
from tests.products.readers.samples import read, write

KEPT = {"ra": [1.5, 2.5], "z": [0.25, 0.5]}


def fits_of(folder: Path, *columns: fits.Column) -> Path:
    path = folder / "cat.fits"
    ends = [fits.Column(name, "D", array=np.array(values)) for name, values in KEPT.items()]
    fits.BinTableHDU.from_columns([ends[0], *columns, ends[1]]).writeto(path)
    return path


def hdf5_of(folder: Path, **arrays: object) -> Path:
    path = folder / "cat.hdf5"
    with h5py.File(path, "w") as file:
        for name, values in {**KEPT, **arrays}.items():
            file[name] = values
    return path


def parquet_of(folder: Path, column: pa.Array) -> Path:
    path = folder / "cat.parquet"
    pq.write_table(pa.table({"ra": KEPT["ra"], "v": column, "z": KEPT["z"]}), path)
    return path


def votable_of(folder: Path, values: np.ndarray, serialization: str, **changes: str) -> Path:
    document = from_table(Table({"ra": KEPT["ra"], "v": values, "z": KEPT["z"]}))
    path = folder / "cat.vot"
    document.to_xml(str(path), tabledata_format=serialization)
    for name, value in changes.items():
        path.write_text(path.read_text().replace(name, value))
    return path


def ecsv_of(folder: Path, values: object) -> Path:
    return write(Table({"ra": KEPT["ra"], "v": values, "z": KEPT["z"]}), "ECSV", folder)


SQUARES = np.arange(12.0).reshape(2, 2, 3)
COMPLEX = np.array([1 + 1j, 2j])
TEXTS = np.array([["a", "b"], ["c", "d"]])

CASES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "FITS, no values": (lambda p: fits_of(p, fits.Column("v", "0E", array=np.empty((2, 0)))), "arrays without values"),
    "FITS, complex": (lambda p: fits_of(p, fits.Column("v", "M", array=COMPLEX)), "complex numbers"),
    "FITS, deep": (lambda p: fits_of(p, fits.Column("v", "6D", dim="(3,2)", array=SQUARES)), "arrays of arrays"),
    "FITS, texts": (lambda p: fits_of(p, fits.Column("v", "2A", dim="(1,2)", array=TEXTS)), "arrays of texts"),
    "HDF5, no values": (lambda p: hdf5_of(p, v=np.empty((2, 0))), "arrays without values"),
    "HDF5, complex": (lambda p: hdf5_of(p, v=COMPLEX), "complex numbers"),
    "HDF5, deep": (lambda p: hdf5_of(p, v=SQUARES), "arrays of arrays"),
    "HDF5, length": (lambda p: hdf5_of(p, v=np.arange(3.0)), "3 values where other arrays have 2"),
    "Parquet, no values": (lambda p: parquet_of(p, pa.array([[], []], pa.list_(pa.float64(), 0))), "arrays without values"),
    "Parquet, deep": (lambda p: parquet_of(p, pa.array([[[1.0]], None])), "arrays of arrays"),
    "Parquet, texts": (lambda p: parquet_of(p, pa.array([["a"], []])), "arrays of texts"),
    "Parquet, map": (lambda p: parquet_of(p, pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64()))), "records"),
    "Parquet, list of maps": (
        lambda p: parquet_of(p, pa.array([[[("a", 1)]], None], pa.list_(pa.map_(pa.string(), pa.int64())))),
        "arrays of records",
    ),
    **{
        f"VOTable {kind}, {what}": (
            lambda p, kind=kind, values=values: votable_of(p, values, kind),
            reason,
        )
        for kind in ("tabledata", "binary", "binary2")
        for what, values, reason in (
            ("complex", COMPLEX, "complex numbers"),
            ("deep", SQUARES, "arrays of arrays"),
        )
    },
    "VOTable, no values": (
        lambda p: votable_of(p, np.array(["", ""]), "tabledata", **{'datatype="unicodeChar"': 'datatype="int"', 'arraysize="1"': 'arraysize="0"'}),
        "arrays without values",
    ),
    "ECSV, complex": (lambda p: ecsv_of(p, COMPLEX), "complex numbers"),
    "ECSV, deep": (lambda p: ecsv_of(p, SQUARES), "arrays of arrays"),
    "ECSV, texts": (lambda p: ecsv_of(p, TEXTS), "arrays of texts"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), CASES.values(), ids=CASES)
def test_column_is_left_out_with_its_reason(make: Callable[[Path], Path], reason: str, tmp_path: Path) -> None:
    path = make(tmp_path)
    assert read(path).to_pydict() == KEPT
    with open_table(path, path.name) as reader:
        assert f"Column left out of the table: v ({reason})." in reader.notes
        assert reader.details["left_out"] == {"v": reason}
        assert [choice.columns for choice in reader.tables if choice.is_read] == [3]


ONES = {
    "FITS": lambda p: fits_of(p, fits.Column("v", "1K", dim="(1)", array=np.array([7, 8]))),
    "HDF5": lambda p: hdf5_of(p, v=np.array([[7], [8]])),
    "Parquet": lambda p: parquet_of(p, pa.array([[7], [8]], pa.list_(pa.int64(), 1))),
    "VOTable": lambda p: votable_of(p, np.array([[7], [8]]), "binary2"),
    "VOTable, two sizes": lambda p: votable_of(p, np.array([[[7]], [[8]]]), "binary"),
    "ECSV": lambda p: ecsv_of(p, np.array([[7], [8]])),
}


@pytest.mark.parametrize("make", ONES.values(), ids=ONES)
def test_arrays_of_one_value_are_that_value_in_every_format(make: Callable[[Path], Path], tmp_path: Path) -> None:
    found = read(make(tmp_path))
    assert found.schema.field("v").type == pa.int64()
    assert found["v"].to_pylist() == [7, 8]


def test_sizes_of_one_leave_a_list_of_numbers(tmp_path: Path) -> None:
    column = fits.Column("v", "3D", dim="(1,3)", array=np.arange(6.0).reshape(2, 3, 1))
    assert read(fits_of(tmp_path, column))["v"].to_pylist() == [[0, 1, 2], [3, 4, 5]]
    text = fits.Column("v", "3A", dim="(3,1)", array=np.array([["abc"], ["d"]]))
    (tmp_path / "cat.fits").unlink()
    assert read(fits_of(tmp_path, text))["v"].to_pylist() == ["abc", "d"]


@pytest.mark.parametrize("serialization", ["tabledata", "binary", "binary2"])
@pytest.mark.parametrize("datatype", ["double", "boolean", "bit", "char", "unicodeChar"])
def test_arrays_without_values_in_an_upload_are_empty(serialization: str, datatype: str, tmp_path: Path) -> None:
    path = tmp_path / "upload.vot"
    fields = f'<FIELD name="ra" datatype="double"/><FIELD name="v" datatype="{datatype}" arraysize="0"/>'
    cells = "".join(f"<TR><TD>{ra}</TD><TD></TD></TR>" for ra in KEPT["ra"])
    data = f"<TABLEDATA>{cells}</TABLEDATA>"
    if serialization != "tabledata":
        import base64

        flags = b"\x00" if serialization == "binary2" else b""
        rows = b"".join(flags + np.array(ra, ">f8").tobytes() for ra in KEPT["ra"])
        name = serialization.upper()
        data = f'<{name}><STREAM encoding="base64">{base64.b64encode(rows).decode()}</STREAM></{name}>'
    path.write_text(f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>")
    with VotableReader(path, "TAP_UPLOAD.t", ReadLimits(whole_standard=True)) as reader:
        (batch,) = reader.batches()
    assert batch["ra"].to_pylist() == KEPT["ra"]
    assert not any(batch["v"].to_pylist())
    ours = read(path).to_pydict()
    assert ours == {"ra": KEPT["ra"]} if datatype not in {"char", "unicodeChar"} else not any(ours["v"])
    if serialization == "tabledata" and datatype == "double":
        assert parse_votable(str(path)).get_first_table().nrows == 2


def test_nested_columns_are_list_columns_as_nested_pandas_calls_them(tmp_path: Path) -> None:
    import pandas as pd

    base = NestedFrame({"id": [1, 2, 3]}, index=[10, 11, 12])
    fluxes = pd.DataFrame({"mjd": [0.0, 0.5, 0.0, 0.5], "flux": [1.0, 2.0, 3.0, 4.0]}, index=[10, 10, 11, 11])
    frame = base.join_nested(fluxes, "light")
    path = tmp_path / "cat.parquet"
    frame.to_parquet(path)
    found = read(path)
    names = frame.get_subcolumns()
    index = "__index_level_0__"  # without the metadata of pandas it is a column like any other
    assert found.column_names == ["id", *names, index]
    assert names == ["light.mjd", "light.flux"]
    for name in names:
        theirs = [None if cell is None else list(cell[name.partition(".")[2]]) for cell in frame["light"]]
        assert [value or None for value in found[name].to_pylist()] == theirs
    assert found[index].to_pylist() == frame.index.to_list()


@pytest.mark.parametrize("large", [False, True])
def test_lists_of_records_are_list_columns(large: bool, tmp_path: Path) -> None:
    record = pa.struct({"z": pa.float64(), "deep": pa.list_(pa.int64())})
    kind = pa.large_list(record) if large else pa.list_(record)
    cells = pa.array([[{"z": 1.0, "deep": [1]}, {"z": 2.0, "deep": []}], None, []], kind)
    outer = pa.array([{"u": 1, "in": {"w": "t"}}, None, {"u": 3, "in": None}])
    pq.write_table(pa.table({"pz": cells, "s": outer, "s.u": [7, 8, 9]}), tmp_path / "cat.parquet")
    assert read(tmp_path / "cat.parquet", size=2).to_pydict() == {
        "pz.z": [[1.0, 2.0], None, []],
        "s.in.w": ["t", None, None],
        "s.u": [7, 8, 9],
    }
    with open_table(tmp_path / "cat.parquet", "cat.parquet") as reader:
        assert reader.details["left_out"] == {
            "s.u in s": "another column has this name",
            "pz.deep": "arrays of arrays",
        }


def test_arrays_without_values_inside_fits_inside_an_upload_are_empty(tmp_path: Path) -> None:
    import base64

    content = fits_of(tmp_path, fits.Column("v", "0E", array=np.empty((2, 0)))).read_bytes()
    fields = "".join(f'<FIELD name="{name}" datatype="double"{size}/>' for name, size in
                     (("ra", ""), ("v", ' arraysize="0"'), ("z", "")))  # fmt: skip
    stream = f'<FITS><STREAM encoding="base64">{base64.b64encode(content).decode()}</STREAM></FITS>'
    path = tmp_path / "upload.vot"
    path.write_text(f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA>{stream}</DATA></TABLE></RESOURCE></VOTABLE>")
    with VotableReader(path, "TAP_UPLOAD.t", ReadLimits(whole_standard=True)) as reader:
        (batch,) = reader.batches()
    assert batch.to_pydict() == {"ra": KEPT["ra"], "v": [[], []], "z": KEPT["z"]}
    assert read(path).to_pydict() == KEPT
