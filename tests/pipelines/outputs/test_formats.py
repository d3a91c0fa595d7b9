"""Tables of pipelines, written and read back by astropy, h5py, pandas and pyarrow."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table

from core.errors import InvalidValueError
from pipelines.outputs import (
    OUTPUT_FORMATS,
    OUTPUT_LABELS,
    OutputFormat,
    output_format_of,
    output_name_for,
    write_table,
)
from products.readers import open_table
from products.readers.formats import FILE_FORMATS


@pytest.fixture
def table() -> pa.Table:
    fields = [
        pa.field("id", pa.int64()),
        pa.field("ra", pa.float64(), metadata={"unit": "deg", "ucd": "pos.eq.ra;meta.main", "description": "RA"}),
        pa.field("z", pa.float32()),
        pa.field("flag", pa.int8()),
        pa.field("big", pa.int64()),
        pa.field("survey", pa.string()),
        pa.field("star", pa.bool_()),
    ]
    arrays = [[7, 8, 9], [1.5, 359.25, 0.0], [0.5, None, 2.0], [1, 0, None], [2**60, None, 1], ["VVDS", None, "µ"]]
    columns = [pa.array(values, type=field.type) for field, values in zip(fields, arrays, strict=False)]
    return pa.table([*columns, pa.array([True, False, True])], schema=pa.schema(fields))


def test_csv_leaves_missing_values_empty(table: pa.Table, tmp_path: Path) -> None:
    write_table(table, tmp_path / "t.csv", OUTPUT_FORMATS["csv"])
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == "id,ra,z,flag,big,survey,star"
    assert lines[2] == "8,359.25,,0,,,false"
    assert pd.read_csv(tmp_path / "t.csv")["ra"].tolist() == [1.5, 359.25, 0.0]


def test_parquet_keeps_types_and_meanings(table: pa.Table, tmp_path: Path) -> None:
    write_table(table, tmp_path / "t.parquet", OUTPUT_FORMATS["parquet"])
    read = pq.read_table(tmp_path / "t.parquet")
    assert read.equals(table)
    assert read.schema.field("ra").metadata[b"ucd"] == b"pos.eq.ra;meta.main"


def test_fits_has_units_and_ucds_and_escapes_other_characters(table: pa.Table, tmp_path: Path) -> None:
    write_table(table, tmp_path / "t.fits", OUTPUT_FORMATS["fits"])
    with fits.open(tmp_path / "t.fits") as file:
        data, header = file[1].data, file[1].header
        assert (header["TUNIT2"], header["TUCD2"], header["TCOMM2"]) == ("deg", "pos.eq.ra;meta.main", "RA")
        assert data["ra"].tolist() == [1.5, 359.25, 0.0]
        assert np.isnan(data["flag"][2])
        assert data["big"].tolist() == [2**60, header["TNULL5"], 1]
        assert data["survey"].tolist() == ["VVDS", "", "\\xb5"]
        assert data["star"].tolist() == [True, False, True]


def test_hdf5_has_a_dataset_for_each_column_with_its_attributes(table: pa.Table, tmp_path: Path) -> None:
    write_table(table, tmp_path / "t.hdf5", OUTPUT_FORMATS["hdf5"])
    with h5py.File(tmp_path / "t.hdf5") as file:
        assert set(file) == set(table.column_names)
        assert file["ra"].attrs["unit"] == "deg"
        assert file["survey"].asstr()[:].tolist() == ["VVDS", "", "µ"]
        assert np.isnan(file["z"][1])
        assert file["big"][1] == file["big"].attrs["missing_value"]


def test_votable_keeps_nulls_of_every_type(table: pa.Table, tmp_path: Path) -> None:
    write_table(table, tmp_path / "t.vot", OUTPUT_FORMATS["votable"])
    read = parse_single_table(tmp_path / "t.vot")
    cells = read.to_table(use_names_over_ids=True)
    assert (str(cells["ra"].unit), cells["ra"].meta["ucd"], cells["ra"].description) == (
        "deg",
        "pos.eq.ra;meta.main",
        "RA",
    )
    assert cells["big"].mask.tolist() == [False, True, False]
    assert cells["flag"].mask.tolist() == [False, False, True]
    assert cells["survey"][2] == "µ"


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS.values())
def test_an_empty_table_is_written(output_format: OutputFormat, table: pa.Table, tmp_path: Path) -> None:
    write_table(table.slice(0, 0), tmp_path / "empty", output_format)
    assert (tmp_path / "empty").stat().st_size > 0
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


def test_a_column_of_lists_is_refused_by_name_and_leaves_no_file(tmp_path: Path) -> None:
    table = pa.table({"pdf": pa.array([[1.0], [2.0, 3.0]])})
    for output_format in (OUTPUT_FORMATS["fits"], OUTPUT_FORMATS["hdf5"], OUTPUT_FORMATS["votable"]):
        with pytest.raises(InvalidValueError, match="pdf"):
            write_table(table, tmp_path / "t", output_format)
    assert not list(tmp_path.iterdir())


def test_a_number_that_a_votable_cannot_hold_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array([1, 2**63], pa.uint64())})
    with pytest.raises(InvalidValueError, match="id"):
        write_table(table, tmp_path / "t.vot", OUTPUT_FORMATS["votable"])
    assert not list(tmp_path.iterdir())


def test_names_of_formats_are_those_of_today() -> None:
    assert output_format_of("hf5") is OUTPUT_FORMATS["hdf5"]
    assert output_format_of("PQ") is OUTPUT_FORMATS["parquet"]
    with pytest.raises(InvalidValueError, match="'docx'"):
        output_format_of("docx")


def test_a_result_in_the_format_of_its_input_is_parquet_where_that_is_not_written() -> None:
    names = {"CSV": "csv", "ECSV": "csv", "FITS": "fits", "HDF5": "hdf5", "Parquet": "parquet", "VOTable": "votable"}
    assert {name: output_name_for(name) for name in names} == names
    assert names.keys() <= FILE_FORMATS.keys()
    assert (output_name_for("HATS"), output_name_for(None)) == ("parquet", "parquet")


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS.values())
def test_a_reader_finds_out_what_is_said_of_a_result(
    output_format: OutputFormat, table: pa.Table, tmp_path: Path
) -> None:
    path = tmp_path / f"t{output_format.extension}"
    write_table(table, path, output_format)
    with open_table(path, path.name) as reader:
        assert reader.format == output_format.file_format.name
        assert {key: reader.details.get(key) for key in output_format.details} == output_format.details


def test_the_documentation_names_every_format() -> None:
    root = Path(__file__).resolve().parents[3]
    assert f"formats are {', '.join(sorted(OUTPUT_LABELS))} |" in (root / "docs" / "pipelines.md").read_text("utf-8")


def test_a_votable_of_many_rows_and_columns_is_read_back_by_astropy(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    rows = 70_001
    columns = {f"c{number}": rng.normal(size=rows) for number in range(11)}
    names = np.array(["VVDS", "é", "", "\U0001f52d"])[rng.integers(0, 4, rows)]
    table = pa.table({**columns, "flag": pa.array(rng.integers(0, 5, rows), mask=names == ""), "survey": names})
    write_table(table, tmp_path / "t.vot", OUTPUT_FORMATS["votable"])
    read = parse_single_table(tmp_path / "t.vot").to_table(use_names_over_ids=True)
    assert read["flag"].mask.tolist() == (names == "").tolist()
    assert np.array_equal(read["flag"].data[names != ""], table["flag"].drop_null().to_numpy())
    assert np.array_equal(read["c10"], columns["c10"])
    assert set(read["survey"]) == {"VVDS", "é", "", "\U0001f52d"}


def test_fits_of_long_names_empty_texts_and_extreme_integers_is_readable(tmp_path: Path) -> None:
    names = ["n" * 80, "N" * 80, "empty", "end"]
    arrays = [
        pa.array([-(2**63), None, 2**53 + 1]),
        pa.array([2**63 - 1, None, -(2**63)]),
        pa.array(["", "", ""]),
        pa.array(["x", "y", "z"]),
    ]
    write_table(pa.table(arrays, names), tmp_path / "t.fits", OUTPUT_FORMATS["fits"])
    with fits.open(tmp_path / "t.fits") as file:
        read = file[1]
        assert [len(name) for name in read.columns.names[:2]] == [68, 68]
        assert read.columns.formats == ["K", "K", "1A", "1A"]
        for column, expected in zip((0, 1), arrays, strict=False):
            missing, values = read.header[f"TNULL{column + 1}"], read.data.field(column).tolist()
            assert [None if value == missing else value for value in values] == expected.to_pylist()
        assert read.data["empty"].tolist() == ["", "", ""]
        assert read.data["end"].tolist() == ["x", "y", "z"]
