"""Text formats of the field: read as astropy reads them, with the names, units and nulls of their headers."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.table import Table
from astropy.units import Unit

from core.columns import column_of_field
from products.readers import ReadLimits, open_table
from tests.products.readers.samples import read, refusal


def text_file(folder: Path, content: str, name: str = "cat.txt") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def theirs(path: Path, kind: str) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return astropy_ascii.read(path, format=kind.removeprefix("ascii."), guess=False)


def assert_as_astropy(path: Path, kind: str) -> None:
    expected, found = theirs(path, kind), read(path, size=2)
    assert found.column_names == expected.colnames
    for name in expected.colnames:
        column = column_of_field(found.schema.field(name))
        values = [None if np.ma.is_masked(value) else value for value in expected[name]]
        values = [value.item() if hasattr(value, "item") else value for value in values]
        values = [None if value == "" else value for value in values]
        assert found[name].to_pylist() == values, name
        unit = expected[name].unit
        assert (Unit(column.unit) if column.unit else None) == (Unit(str(unit)) if unit else None), name
        assert (column.description or None) == (expected[name].description or None), name


def sample() -> Table:
    table = Table({
        "name": ["a b", "NGC 1", "c"],
        "ra": [150.125, 150.25, 150.5],
        "dec": [-2.5, 0.0, 3.25],
        "n": np.ma.MaskedArray([1, 2, 30], mask=[False, True, False]),
        "mag": np.ma.MaskedArray([20.5, 21.25, 1.0], mask=[False, False, True]),
    })  # fmt: skip
    for name, unit in (("ra", "deg"), ("dec", "deg"), ("mag", "mag")):
        table[name].unit = unit
    return table


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("ascii.mrt", "machine-readable table"),
        ("ascii.ipac", "IPAC table"),
        ("ascii.fixed_width", "text between bars"),
        ("ascii.fixed_width_two_line", "text with a header of several rows or a row index"),
        ("ascii.rst", "text with rules"),
        ("ascii.rdb", "text with a header of several rows or a row index"),
        ("ascii.commented_header", None),
        ("ascii.tab", None),
        ("ascii.basic", None),
    ],
)
def test_table_written_by_astropy_is_read_as_astropy_reads_it(kind: str, label: str | None, tmp_path: Path) -> None:
    path = tmp_path / "cat.txt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample().write(path, format=kind)
    assert_as_astropy(path, kind)
    with open_table(path, path.name) as reader:
        assert reader.details.get("layout") == label


MRT = """Title: A table
Authors: Someone
Table: Redshifts
================================================================================
Byte-by-byte Description of file: table1.dat
--------------------------------------------------------------------------------
   Bytes Format Units   Label  Explanations
--------------------------------------------------------------------------------
   1-  6 A6     ---     ID     Identifier
   8-  9 I2     h       RAh    Right Ascension (hour)
  11- 12 I2     min     RAm    Right Ascension (minute)
  14- 18 F5.2   s       RAs    Right Ascension (second)
      20 A1     ---     DE-    Sign of Declination
  21- 22 I2     deg     DEd    Declination (degree)
  24- 28 F5.3   ---     z      ? Redshift
  30- 35 F6.2   mag     imag   ?=-99.99 Magnitude
  37- 40 I4     ---     Nobs   ?=-999 Number of "observations"
--------------------------------------------------------------------------------
Note (1): a note.
--------------------------------------------------------------------------------
000001 01 02 03.40 -00 0.500  20.50    3
000002 11 12 13.45 +02       -99.99 -999
12345# 23 59 59.99 +02 1.250  21.25   12
"""


def test_machine_readable_table_has_its_units_nulls_and_identifiers(tmp_path: Path) -> None:
    path = text_file(tmp_path, MRT, "cat.mrt")
    expected = theirs(path, "ascii.mrt")
    found = read(path)
    assert found["ID"].to_pylist() == ["000001", "000002", "12345#"] == expected["ID"].tolist()
    assert found["RAh"].to_pylist() == [1, 11, 23]
    assert found["RAs"].to_pylist() == expected["RAs"].tolist()
    assert found["DE-"].to_pylist() == ["-", "+", "+"]
    for name in ("z", "imag", "Nobs"):
        assert found[name].to_pylist() == expected[name].tolist(), name
        assert None in found[name].to_pylist()
    assert [column_of_field(found.schema.field(name)).unit for name in ("RAh", "RAs", "imag")] == ["h", "s", "mag"]
    assert column_of_field(found.schema.field("Nobs")).description == 'Number of "observations"'


def test_header_of_a_machine_readable_table_without_rows_is_named(tmp_path: Path) -> None:
    readme = MRT.partition("  14- 18")[0]
    assert "has the header of a machine-readable table (AAS or CDS) that ends before" in refusal(
        text_file(tmp_path, readme, "ReadMe.txt")
    )


def test_long_machine_readable_table_is_streamed(tmp_path: Path) -> None:
    rows = 20_000
    line = "{:06d} 01 02 03.40 -00 0.500  20.50    3\n"
    path = text_file(tmp_path, MRT[: MRT.index("000001 01")] + "".join(map(line.format, range(rows))))
    with open_table(path, path.name, limits=ReadLimits(batch_bytes=200_000)) as reader:
        assert reader.rows == rows
        batches = list(reader.batches(["ID", "z"]))
    assert len(batches) > 2
    assert batches[-1]["ID"][-1].as_py() == f"{rows - 1:06d}"


IPAC = r"""\catalog = 'x'
\ a comment
| ra      | dec     | z      | zq   | name  |
| double  | double  | double | int  | char  |
| deg     | deg     |        |      |       |
| null    | null    | null   | null | null  |
  150.1     2         0.5      4      a b
  150.2     2.3       null     null   null
  150.3     2.1       0.9      3      c
"""


@pytest.mark.parametrize("lines", [6, 5, 4])
def test_ipac_table_is_read_as_astropy_reads_it(lines: int, tmp_path: Path) -> None:
    header = IPAC.splitlines(keepends=True)
    rows = [line for line in header[6:] if lines == 6 or "null" not in line]
    path = text_file(tmp_path, "".join([*header[:lines], *rows]), "cat.tbl")
    assert_as_astropy(path, "ascii.ipac")
    assert read(path).schema.field("dec").type == "double"


SEXTRACTOR = """#   1 NUMBER          Running object number
#   2 ALPHA_J2000     Right ascension of barycenter (J2000)                      [deg]
#   3 MAG_APER        Fixed aperture magnitude vector                            [mag]
#   6 FLAGS           Extraction flags
    1 150.1 20.1 20.2 20.3  0
    2 150.2 21.1 21.2 99.0  4
"""


def test_sextractor_catalogue_is_read_as_astropy_reads_it(tmp_path: Path) -> None:
    assert_as_astropy(text_file(tmp_path, SEXTRACTOR, "cat.cat"), "ascii.sextractor")


VIZIER = """#
#   VizieR Astronomical Server vizier.cds.unistra.fr
#Name: VII/250/2dfgrs
#Column\tRAJ2000\t(F11.7)\tRight ascension (J2000)\t[ucd=pos.eq.ra;meta.main]
#Column\tz\t(F7.4)\tRedshift\t[ucd=src.redshift]
#Column\tName\t(A9)\tName of it\t[ucd=meta.id]
RAJ2000\tz\tName\tq_z
deg\t \t \t
-----------\t-------\t---------\t-
150.1000000\t 0.5000\tA , b\t4
150.2000000\t       \t00123\t3
"""


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_table_of_vizier_has_units_ucds_and_descriptions(delimiter: str, tmp_path: Path) -> None:
    header, mark, rows = VIZIER.partition("RAJ2000\tz")
    found = read(text_file(tmp_path, header + (mark + rows).replace("\t", delimiter), "cat.tsv"))
    assert found.to_pydict() == {
        "RAJ2000": [150.1, 150.2],
        "z": [0.5, None],
        "Name": ["A , b", "00123"],
        "q_z": [4, 3],
    }
    ra = column_of_field(found.schema.field("RAJ2000"))
    assert (ra.unit, ra.ucd, ra.description) == ("deg", "pos.eq.ra;meta.main", "Right ascension (J2000)")
    assert column_of_field(found.schema.field("z")).unit is None


NAMES = ["id", "ra", "dec"]
UNITS = [None, "deg", "deg"]
HEADERS = {
    "units row": ("id ra dec\n- deg deg\n", NAMES, UNITS),
    "units row in brackets": ("id ra dec\n[] [deg] [deg]\n", NAMES, UNITS),
    "units in the comment": ("# id ra[deg] dec[deg]\n", NAMES, UNITS),
    "units below the comment": ("# made here\n# id  ra  dec\n# -  deg  deg\n", NAMES, UNITS),
    "names above a rule": ("#----\n#id ra dec\n#-----------\n", NAMES, None),
    "other comments around": ("# version 2\n# id ra dec\n#\n# from 2 surveys and more\n", NAMES, None),
    "numbered": ("## BPZ\n#  1 id\n#  2 ra  [deg]\n#  3 dec  [deg]\n", NAMES, UNITS),
    "numbered in brackets": ("# (1) id\n# (2) ra (deg)\n# (3) dec (deg)\n", NAMES, UNITS),
    "columns by number": ("# Column 1: id\n# Column 2: ra [deg]\n# Column 3: dec [deg]\n", NAMES, UNITS),
    "name and number": ("# Output format #\n#  id  1\n# ra   2\n# dec  3\n", NAMES, None),
    "no header": ("", ["0", "1", "2"], None),
    "only prose": ("# made by hand in 2020, 3 columns\n", ["0", "1", "2"], None),
}


@pytest.mark.parametrize(("header", "names", "units"), HEADERS.values(), ids=HEADERS)
def test_names_are_found_in_headers_of_every_style(
    header: str, names: list[str], units: list[str | None] | None, tmp_path: Path
) -> None:
    path = text_file(tmp_path, header + "1 150.1 -2.5\n2 150.2 3.5\n", "cat.dat")
    found = read(path)
    assert found.to_pydict() == dict(zip(names, ([1, 2], [150.1, 150.2], [-2.5, 3.5]), strict=True))
    assert [column_of_field(field).unit for field in found.schema] == (units or [None] * 3)


@pytest.mark.parametrize("row", ["m s", "N A", "NA NA", "north south", "V B"])
def test_first_row_of_text_is_data_unless_it_has_units_above_numbers(row: str, tmp_path: Path) -> None:
    assert read(text_file(tmp_path, f"band name z\n{row} 0.1\na b 0.5\n", "cat.dat")).num_rows == 2


def test_exponents_of_fortran_are_numbers(tmp_path: Path) -> None:
    path = text_file(tmp_path, "# z e name n\n 0.5D+00 1.0d-03 1D5x +7\n -.25D1 1.5 x -8\n", "cat.dat")
    assert read(path).to_pydict() == {"z": [0.5, -2.5], "e": [1e-3, 1.5], "name": ["1D5x", "x"], "n": [7, -8]}
    late = "z\n" + "0.500000000000000000\n" * 60_000 + "1.5D0\n"
    assert read(text_file(tmp_path, late, "late.csv"))["z"].to_pylist()[-2:] == [0.5, 1.5]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_decimal_commas_are_recognised_unless_the_comma_is_the_delimiter(delimiter: str, tmp_path: Path) -> None:
    lines = ["id;ra;e;name", "1;150,125;1,5e-3;a,b", "2;-0,5;;c", "3;7;2,0;d"]
    if delimiter == " ":
        lines = [line.replace(";;", ";--;") for line in lines]
    path = text_file(tmp_path, "\n".join(lines).replace(";", delimiter), "cat.dat")
    assert read(path).to_pydict() == {
        "id": [1, 2, 3], "ra": [150.125, -0.5, 7.0], "e": [1.5e-3, None, 2.0], "name": ["a,b", "c", "d"],
    }  # fmt: skip
    with open_table(path, path.name) as reader:
        assert "The decimal mark is a comma." in reader.notes


def test_points_and_commas_in_one_table_are_not_both_decimal(tmp_path: Path) -> None:
    found = read(text_file(tmp_path, "ra;list\n150.5;1,5\n151;2,5\n"))
    assert found.to_pydict() == {"ra": [150.5, 151.0], "list": ["1,5", "2,5"]}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (",ra,z\n0,1.5,a\n1,2.5,b\n", "cat.csv"),
        ("\tra\tz\nx\t1.5\ta\ny\t2.5\tb\n", "cat.tsv"),
        ('"" ra z\n0 1.5 a\n1 2.5 b\n', "cat.dat"),
        ("    ra  z\n0  1.5  a\n1  2.5  b\n", "cat.txt"),
        ('"ra" "z"\n"1" 1.5 "a"\n"2" 2.5 "b"\n', "cat.txt"),
    ],
    ids=["to_csv", "tabs", "blanks", "to_string", "write.table of R"],
)
def test_row_index_without_a_name_is_left_out_as_in_parquet(content: str, name: str, tmp_path: Path) -> None:
    path = text_file(tmp_path, content, name)
    assert read(path).to_pydict() == {"ra": [1.5, 2.5], "z": ["a", "b"]}
    with open_table(path, name) as reader:
        assert "The row index that pandas wrote was left out." in reader.notes
