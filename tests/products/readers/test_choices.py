"""Several tables in one file: which is read, what is said of the others, and the choice of one."""

import base64
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable import parse as parse_votable
from astropy.table import Table

from core.errors import InvalidValueError
from products.readers import TableChoice, open_table
from tests.products.readers.samples import astropy_sample, read, write

REDSHIFTS = Table({"TARGETID": np.arange(5) + 2**60, "Z": np.linspace(0, 1, 5), "CHI2": np.arange(5.0)})
FIBERMAP = Table({"TARGETID": np.arange(5) + 2**60, "RA": np.linspace(10, 11, 5), "CHI2": np.arange(5.0) + 1})
OTHER = Table({"TARGETID": np.arange(5), "TSNR2": np.ones(5)})
SHORT = Table({"x": [1, 2]})


def desi(folder: Path) -> Path:
    path = folder / "redrock.fits"
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(np.ones((2, 2)), name="PICTURE")]
    for name, table in (("REDSHIFTS", REDSHIFTS), ("FIBERMAP", FIBERMAP), ("OTHER", OTHER), ("SHORT", SHORT)):
        hdus.append(fits.table_to_hdu(table))
        hdus[-1].name = name
    fits.HDUList(hdus).writeto(path)
    return path


def chosen(path: Path, table: str) -> dict[str, list[object]]:
    with open_table(path, path.name, table=table) as reader:
        (batch,) = reader.batches()
        return batch.to_pydict()


def test_extension_is_chosen_by_name_or_number(tmp_path: Path) -> None:
    path = desi(tmp_path)
    expected = {name: FIBERMAP[name].tolist() for name in FIBERMAP.colnames}
    assert chosen(path, "fibermap") == chosen(path, "HDU 3") == expected
    with open_table(path, path.name, table="FIBERMAP") as reader:
        assert reader.tables == (
            TableChoice("REDSHIFTS", 5, 3), TableChoice("FIBERMAP", 5, 3, is_read=True), TableChoice("OTHER", 5, 2),
            TableChoice("SHORT", 2, 1),
        )  # fmt: skip
        assert reader.notes == (
            "The table, FIBERMAP, was read; there are others: REDSHIFTS (5 rows), OTHER (5 rows), SHORT (2 rows).",
        )
    with pytest.raises(InvalidValueError, match="has no table called SPECTRA; its tables are REDSHIFTS, FIBERMAP"):
        open_table(path, path.name, table="SPECTRA")


def test_extensions_with_the_same_rows_are_read_side_by_side(tmp_path: Path) -> None:
    path = desi(tmp_path)
    found = chosen(path, "REDSHIFTS+FIBERMAP")
    assert list(found) == ["TARGETID", "Z", "CHI2", "RA", "FIBERMAP.CHI2"]
    with fits.open(path) as hdus:
        for name, values in found.items():
            table, _, column = name.rpartition(".")
            table = table or ("FIBERMAP" if name == "RA" else "REDSHIFTS")
            assert values == hdus[table].data[column].tolist(), name
    with open_table(path, path.name, table="REDSHIFTS+FIBERMAP") as reader:
        assert [choice.is_read for choice in reader.tables] == [True, True, False, False]
        assert reader.notes[0].startswith("The tables, REDSHIFTS, FIBERMAP, were read; there are others: OTHER")
        assert next(reader.batches(["RA", "Z"], size=2)).to_pydict() == {
            "RA": FIBERMAP["RA"][:2].tolist(),
            "Z": REDSHIFTS["Z"][:2].tolist(),
        }


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("REDSHIFTS+OTHER", "do not belong together: their columns TARGETID differ"),
        ("REDSHIFTS+SHORT", "REDSHIFTS has 5 rows, SHORT has 2 rows"),
    ],
)
def test_extensions_of_other_rows_are_not_joined(table: str, sentence: str, tmp_path: Path) -> None:
    path = desi(tmp_path)
    with pytest.raises(InvalidValueError, match=sentence):
        open_table(path, path.name, table=table)


def test_extensions_of_one_name_are_told_apart_by_their_number(tmp_path: Path) -> None:
    first, second = fits.table_to_hdu(SHORT), fits.table_to_hdu(OTHER)
    first.name = second.name = "T"
    fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(tmp_path / "cat.fits")
    with open_table(tmp_path / "cat.fits", "cat.fits") as reader:
        assert [choice.name for choice in reader.tables] == ["T", "HDU 2"]
    assert list(chosen(tmp_path / "cat.fits", "HDU 2")) == OTHER.colnames


@pytest.mark.parametrize("serialization", ["tabledata", "binary", "binary2"])
def test_table_of_a_votable_is_chosen_by_name(serialization: str, tmp_path: Path) -> None:
    path = tmp_path / "cat.vot"
    # A missing integer has no place in BINARY.
    sample = astropy_sample(2000)["id", "ra", "survey", "is_star"]
    document, second = from_table(SHORT), from_table(sample)
    document.get_first_table().name = "short"
    second.get_first_table().name = "long"
    document.resources.append(second.resources[0])
    document.to_xml(str(path), tabledata_format=serialization)
    expected = parse_votable(str(path)).get_table_by_index(1).to_table()
    for table in ("long", "LONG"):
        with open_table(path, path.name, table=table) as reader:
            found = [batch.to_pydict() for batch in reader.batches(size=500)]
            for name in sample.colnames:
                assert [value for part in found for value in part[name]] == expected[name].tolist(), name
            assert [choice.name for choice in reader.tables] == ["short", "long"]
            assert [choice.is_read for choice in reader.tables] == [False, True]
    assert read(path).to_pydict() == {"x": [1, 2]}
    with open_table(path, path.name) as reader:
        rows = " (2000 rows)" if serialization == "tabledata" or reader.tables[1].rows else ""
        assert reader.notes[0] == f"The first table, short, was read; there are others: long{rows}."
    with pytest.raises(InvalidValueError, match="has no table called b; its tables are short, long"):
        open_table(path, path.name, table="b")


def test_unnamed_and_repeated_tables_of_a_votable_are_numbered(tmp_path: Path) -> None:
    table = '<TABLE{}><FIELD name="{}" datatype="int"/><DATA><TABLEDATA><TR><TD>{}</TD></TR></TABLEDATA></DATA></TABLE>'
    tables = table.format("", "a", 1) + table.format(' name="t"', "b", 2) + table.format(' name="t"', "c", 3)
    empty = '<TABLE name="empty"><PARAM name="p" datatype="int" value="1"/></TABLE>'
    path = tmp_path / "cat.vot"
    path.write_text(f"<VOTABLE><RESOURCE>{empty}{tables}</RESOURCE></VOTABLE>")
    with open_table(path, path.name) as reader:
        assert [choice.name for choice in reader.tables] == ["table 1", "t", "table 3"]
    assert chosen(path, "table 3") == {"c": [3]}


@pytest.mark.parametrize("kind", ["CSV", "FITS", "HDF5", "Parquet", "VOTable", "ECSV"])
def test_every_reader_names_the_one_table_of_its_file(kind: str, tmp_path: Path) -> None:
    path = write(astropy_sample(), kind, tmp_path)
    with open_table(path, path.name) as reader:
        (only,) = reader.tables
        assert only.is_read
        assert only.columns == len(reader.schema)
        name = only.name
    if kind != "VOTable":  # a single table is not looked at for its name before it is asked for
        assert len(next(iter(chosen(path, name).values()))) == 5
    with pytest.raises(InvalidValueError, match="has no table called nothing"):
        open_table(path, path.name, table="nothing")


def test_rows_of_a_votable_inside_fits_are_read(tmp_path: Path) -> None:
    table = astropy_sample(300)
    table["pair"] = np.arange(600.0).reshape(300, 2)
    path = write(table, "FITS", tmp_path)
    with fits.open(path) as hdus:
        hdus.insert(1, fits.table_to_hdu(SHORT))
        hdus.writeto(tmp_path / "two.fits")
    expected = read(path).to_pydict()
    document = tmp_path / "cat.vot"
    from_table(table[:1]).to_xml(str(document))
    fields = document.read_text()
    start, end = fields.index("<DATA>"), fields.index("</DATA>") + len("</DATA>")
    for file, number in ((path, ""), (tmp_path / "two.fits", ' extnum="2"')):
        content = base64.encodebytes(file.read_bytes()).decode()
        data = f'<DATA><FITS{number}><STREAM encoding="base64">{content}</STREAM></FITS></DATA>'
        document.write_text(fields[:start] + data + fields[end:])
        found = read(document).to_pydict()
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_column_oriented_fits_of_topcat_is_read_as_rows(tmp_path: Path) -> None:
    """The layout is that of STIL: one row, each column with the number of rows as its last dimension."""
    numbers, rows = np.arange(4.0), 4
    columns = [
        fits.Column("id", "4K", dim="(1,4)", array=[np.arange(rows)], null=2),
        fits.Column("ra", "4D", dim="(4)", unit="deg", array=[numbers]),
        fits.Column("name", "12A", dim="(3,4)", array=np.array([["abc", "d", "", "e f"]])),
        fits.Column("ok", "4L", dim="(1,4)", array=[numbers > 1]),
        fits.Column("pair", "8E", dim="(2,4)", array=np.arange(8.0).reshape(1, 4, 2)),
        fits.Column("deep", "16E", dim="(2,2,4)", array=np.arange(16.0).reshape(1, 4, 2, 2)),
    ]
    path = tmp_path / "cat.fits"
    fits.BinTableHDU.from_columns(columns).writeto(path)
    found = read(path, size=3)
    assert found.to_pydict() == {
        "id": [0, 1, None, 3],
        "ra": numbers.tolist(),
        "name": ["abc", "d", "", "e f"],
        "ok": [False, False, True, True],
        "pair": [[0, 1], [2, 3], [4, 5], [6, 7]],
    }
    with open_table(path, path.name) as reader:
        assert reader.details["kind"] == "column-oriented binary table"
        assert reader.details["left_out"] == {"deep": "arrays of arrays"}
