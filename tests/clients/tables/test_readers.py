import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from pzserver.tables.readers import TABLE_ENDINGS, UnknownFormatError, read_table, with_descriptions

from products.readers.recognition import TABLE_SUFFIXES

EXPECTED = {"ra": [1.5, 2.5], "z": [0.1, 0.2]}


def same(table):
    return {name: list(table[name]) for name in table.colnames} == EXPECTED


def test_texts_are_read_as_the_server_found_them_out(tmp_path):
    plain, bare, blanks = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.txt"
    plain.write_text("ra,z\n1.5,0.1\n2.5,0.2\n")
    bare.write_text("1.5;0.1\n2.5;0.2\n")
    blanks.write_text("# a comment\nra   z\n1.5  0.1\n2.5 0.2\n")

    commented, inner = tmp_path / "d.dat", tmp_path / "e.csv"
    commented.write_text("# made by hand\n# ra z\n1.5 0.1\n2.5 0.2\n")
    inner.write_text("ra,z\n1.5,0.1\n# in between\n2.5,0.2\n")

    assert same(read_table(plain, {}))
    assert same(read_table(plain, {"delimiter": ",", "has_header": True, "columns": ["ra", "z"]}))
    assert same(read_table(commented, {"delimiter": " ", "has_header": True, "columns": ["ra", "z"]}))
    assert same(read_table(inner, {"delimiter": ","}))
    assert same(read_table(bare, {"delimiter": ";", "has_header": False, "columns": ["ra", "z"]}))
    assert same(read_table(blanks, {"delimiter": " "}))


def test_a_hash_within_a_line_of_text_is_no_comment(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("name,n\nNGC #1,1\nSão,2\n".encode("latin-1"))

    assert list(read_table(path, {})["name"]) == ["NGC #1", "São"]


def test_every_ending_by_which_the_server_knows_a_table_is_read():
    assert TABLE_ENDINGS == TABLE_SUFFIXES


@pytest.mark.parametrize(("name", "kind"), [("a.fits", "fits"), ("a.parquet", "parquet"), ("a.ecsv", "ascii.ecsv")])
def test_formats_of_astropy_are_read_by_it(tmp_path, name, kind):
    Table(EXPECTED).write(tmp_path / name, format=kind)

    assert same(read_table(tmp_path / name, {}))


def test_missing_values_of_parquet_are_masked_and_the_others_keep_their_types(tmp_path):
    written = pa.table(
        {
            "n": pa.array([2**62 + 1, None], pa.int64()),
            "t": ["ab", None],
            "b": pa.array([True, None]),
            "c": pa.array(["x", "y"]).dictionary_encode(),
            "v": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)),
        }
    )
    pq.write_table(written, tmp_path / "a.pq")

    table = read_table(tmp_path / "a.pq", {})

    assert table["n"][0] == 2**62 + 1
    assert [list(table[name].mask) for name in ("n", "t", "b")] == [[False, True]] * 3
    assert list(table["c"]) == ["x", "y"]
    assert table["v"].shape == (2, 2)


def test_hdf5_is_a_structured_data_set_or_a_group_of_arrays(tmp_path):
    Table(EXPECTED).write(tmp_path / "a.hdf5", path="data")
    with h5py.File(tmp_path / "b.hdf5", "w") as file:
        for name, values in EXPECTED.items():
            file[f"photometry/{name}"] = np.array(values)

    assert same(read_table(tmp_path / "a.hdf5", {}))
    assert same(read_table(tmp_path / "b.hdf5", {}))


def test_hdf5_of_pandas_is_left_to_the_server(tmp_path):
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["df/axis0"] = np.array([b"ra", b"z"])
        file["df/axis1"] = np.arange(2)
        file["df/block0_items"] = np.array([b"ra", b"z"])
        file["df/block0_values"] = np.zeros((2, 2))

    with pytest.raises(UnknownFormatError, match="get_rows"):
        read_table(tmp_path / "c.h5", {})


def test_what_is_no_table_is_said_so(tmp_path):
    with pytest.raises(UnknownFormatError, match="download_product"):
        read_table(tmp_path / "model.pkl", {})


def test_units_of_the_server_never_replace_those_of_the_file():
    table = Table(EXPECTED)
    table["z"].unit = "m"
    known = {"unit": "deg", "description": "d", "ucd": "src.redshift"}

    described = with_descriptions(table, [{"column_name": name, **known} for name in ("ra", "z", "gone")])

    assert (described["ra"].unit, described["z"].unit) == ("deg", "m")
    assert described["z"].meta["ucd"] == "src.redshift"
