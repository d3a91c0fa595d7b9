"""FITS, Parquet, VOTable and ECSV: values, meanings and conventions that are their own."""

import datetime as dt
import decimal
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable import parse as parse_votable
from astropy.table import Table

from core.columns import column_of_field
from products.readers import open_table
from tests.products.readers.samples import astropy_sample, parquet, read, refusal, write


@pytest.mark.parametrize("kind", ["FITS", "HDF5", "Parquet", "VOTable", "ECSV"])
def test_units_and_descriptions_follow_the_column(kind: str, tmp_path: Path) -> None:
    column = column_of_field(read(write(astropy_sample(), kind, tmp_path)).schema.field("ra"))
    assert column.unit == "deg"
    if kind != "FITS":  # astropy writes no descriptions into FITS
        assert column.description == "Right ascension"


def fits_file(folder: Path, *columns: fits.Column, ascii_table: bool = False) -> Path:
    path = folder / "cat.fits"
    kind = fits.TableHDU if ascii_table else fits.BinTableHDU
    kind.from_columns(columns).writeto(path)
    return path


def test_fits_conventions_are_those_of_astropy(tmp_path: Path) -> None:
    path = fits_file(
        tmp_path,
        fits.Column("u2", "I", bzero=2**15, array=np.array([0, 1, 2**16 - 1], "u2")),
        fits.Column("u4", "J", bzero=2**31, array=np.array([0, 1, 2**32 - 1], "u4")),
        fits.Column("u8", "K", bzero=2**63, array=np.array([0, 1, 2**64 - 1], "u8")),
        fits.Column("scaled", "I", array=np.array([0, 1, 20])),
        fits.Column("null", "J", null=-99, array=np.array([1, -99, 3])),
        fits.Column("bits", "11X", array=np.array([[True, False] * 5 + [True]] * 3)),
        fits.Column("text", "6A", array=["a", "b c", ""]),
        fits.Column("vector", "2E", array=np.arange(6).reshape(3, 2)),
        fits.Column("many", "PD()", array=np.array([[1.0], [2.0, 3.0], []], dtype=object)),
        fits.Column("truth", "L", array=np.array([True, False, True])),
    )
    fits.setval(path, "TSCAL4", value=0.5, ext=1)
    fits.setval(path, "TZERO4", value=10.0, ext=1)
    found = read(path, size=2)
    assert found.drop_columns(["bits"]).to_pydict() == {
        "u2": [0, 1, 2**16 - 1],
        "u4": [0, 1, 2**32 - 1],
        "u8": [0, 1, 2**64 - 1],
        "scaled": [10, 10.5, 20],
        "null": [1, None, 3],
        "text": ["a", "b c", ""],
        "vector": [[0, 1], [2, 3], [4, 5]],
        "many": [[1.0], [2.0, 3.0], []],
        "truth": [True, False, True],
    }
    assert found["bits"].to_pylist() == [[True, False] * 5 + [True]] * 3


def test_array_outside_a_fits_file_is_refused(tmp_path: Path) -> None:
    path = fits_file(tmp_path, fits.Column("many", "PD()", array=np.array([[1.0], [2.0, 3.0]], dtype=object)))
    with fits.open(path) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
    content = bytearray(path.read_bytes())
    content[start : start + 4] = (2**30).to_bytes(4, "big")
    path.write_bytes(content)
    assert "The array in column many of cat.fits (row 1 of its block) lies outside the file" in refusal(path)


def test_ascii_table_of_fits_is_read(tmp_path: Path) -> None:
    columns = (fits.Column("id", "I5", array=[1, 200]), fits.Column("name", "A4", array=["a", "b"]),
               fits.Column("z", "D12.5", array=[0.5, -1.25]))  # fmt: skip
    found = read(fits_file(tmp_path, *columns, ascii_table=True))
    assert found.to_pydict() == {"id": [1, 200], "name": ["a", "b"], "z": [0.5, -1.25]}


def test_words_of_stilts_give_ucd_and_description(tmp_path: Path) -> None:
    path = fits_file(tmp_path, fits.Column("ra", "D", unit="deg", array=[1.0]))
    with fits.open(path, mode="update") as hdus:
        hdus[1].header["TUCD1"] = "pos.eq.ra;meta.main"
        hdus[1].header["TCOMM1"] = "Right ascension"
    column = column_of_field(read(path).schema.field("ra"))
    assert (column.ucd, column.description) == ("pos.eq.ra;meta.main", "Right ascension")


def test_other_tables_of_a_fits_file_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "cat.fits"
    first, second = (fits.table_to_hdu(Table({"a": range(rows)})) for rows in (2, 3))
    first.name, second.name = "MAIN", "EXTRA"
    fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(path)
    with open_table(path, "cat.fits") as reader:
        assert reader.rows == 2
        assert reader.notes == ("The first table, MAIN, was read; there are others: EXTRA (3 rows).",)


def test_parquet_types_become_plain_ones(tmp_path: Path) -> None:
    when = [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)]
    path = parquet(
        tmp_path,
        dictionary=pa.array(["a"]).dictionary_encode(),
        large=pa.array(["b"], pa.large_string()),
        view=pa.array(["c"], pa.string_view()),
        binary=pa.array([b"d"]),
        half=pa.array([np.float16(0.5)], pa.float16()),
        decimal=pa.array([decimal.Decimal("1.25")], pa.decimal128(5, 2)),
        when=pa.array(when, pa.timestamp("us", "UTC")),
        numbers=pa.array([[1.0, 2.0]], pa.large_list(pa.float64())),
        nothing=pa.array([None], pa.null()),
        _healpix_29=pa.array([5], pa.int64()),
    )
    found = read(path)
    text = pa.string()
    assert found.schema.types == [text, text, text, text, pa.float32(), pa.float64(), pa.timestamp("us", "UTC"),
                                  pa.list_(pa.float64()), text, pa.int64()]  # fmt: skip
    assert [values[0] for values in found.to_pydict().values()] == [
        "a", "b", "c", "d", 0.5, 1.25, when[0], [1.0, 2.0], None, 5,
    ]  # fmt: skip


def test_pandas_index_in_parquet_is_left_out_unless_it_has_a_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"z": [1.0, 2.0], "kind": pd.Categorical(["s", "g"])}, index=[5, 7])
    frame.to_parquet(tmp_path / "cat.parquet")
    with open_table(tmp_path / "cat.parquet", "cat.parquet") as reader:
        assert reader.schema.names == ["z", "kind"]
        assert reader.notes == ("The row index that pandas wrote (__index_level_0__) was left out.",)
    frame.rename_axis("id").to_parquet(tmp_path / "cat.parquet")
    assert read(tmp_path / "cat.parquet").to_pydict() == {"z": [1.0, 2.0], "kind": ["s", "g"], "id": [5, 7]}


def test_voparquet_footer_gives_meanings(tmp_path: Path) -> None:
    document = tmp_path / "meta.vot"
    empty = from_table(Table({"ra": np.array([], float)}))
    field = empty.get_first_table().fields[0]
    field.unit, field.ucd, field.description = "deg", "pos.eq.ra", "Right ascension"
    empty.to_xml(str(document))
    table = pa.table({"ra": [1.0]}).replace_schema_metadata({"IVOA.VOTable-Parquet.content": document.read_bytes()})
    pq.write_table(table, tmp_path / "cat.parquet")
    column = column_of_field(read(tmp_path / "cat.parquet").schema.field("ra"))
    assert (column.unit, column.ucd, column.description) == ("deg", "pos.eq.ra", "Right ascension")


@pytest.mark.parametrize("serialization", ["tabledata", "binary", "binary2"])
def test_votable_serializations_are_read_as_astropy_reads_them(serialization: str, tmp_path: Path) -> None:
    rows = 3000
    table = astropy_sample(rows)
    if serialization == "binary":
        table["count"] = np.arange(rows)
    table["pair"] = np.arange(2.0 * rows).reshape(rows, 2)
    table["wide"] = ["λ" * (number % 4) for number in range(rows)]
    path = tmp_path / "cat.vot"
    document = from_table(table)
    for field in document.get_first_table().fields:
        if field.name in {"survey", "wide"}:
            field.arraysize = "*"
    document.to_xml(str(path), tabledata_format=serialization)
    expected = parse_votable(str(path)).get_first_table().to_table()
    found = read(path, size=1000).to_pydict()
    assert list(found) == expected.colnames
    # A missing float is NaN in BINARY and null elsewhere; astropy masks both.
    found["z"] = [None if value is None or math.isnan(value) else value for value in found["z"]]
    assert found == {name: expected[name].tolist() for name in expected.colnames}


def test_null_of_a_votable_field_is_null(tmp_path: Path) -> None:
    fields = (
        '<FIELD name="n" datatype="int"><VALUES null="-1"/></FIELD><FIELD name="v" datatype="float" arraysize="*"/>'
    )
    rows = "<TR><TD>-1</TD><TD>1 2</TD></TR><TR><TD>5</TD><TD/></TR><TR><TD/><TD>3</TD></TR>"
    text = f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    (tmp_path / "cat.xml").write_text(text)
    assert read(tmp_path / "cat.xml").to_pydict() == {"n": [None, 5, None], "v": [[1, 2], None, [3]]}


def test_ecsv_with_arrays_commas_and_masks_is_read(tmp_path: Path) -> None:
    table = astropy_sample()
    table["pair"] = np.arange(10.0).reshape(5, 2)
    table["many"] = np.array([np.array(cell, "i8") for cell in ([1], [2, 3], [], [4], [5])], dtype=object)
    table["a name"] = ["x y", "é", "", '"', ","]
    table.write(tmp_path / "cat.ecsv", delimiter=",", serialize_method="data_mask")
    found = read(tmp_path / "cat.ecsv").to_pydict()
    assert list(found) == table.colnames
    assert found["pair"] == table["pair"].tolist()
    assert found["many"] == [[1], [2, 3], [], [4], [5]]
    assert found["a name"] == ["x y", "é", None, '"', ","]
    assert found["count"] == [0, 1, None, 3, 4]


def test_importing_the_readers_imports_no_heavy_library() -> None:
    code = "import sys, products.readers; assert not {'astropy', 'h5py', 'pandas', 'tables'} & set(sys.modules)"
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
