"""Units, UCDs and descriptions of columns: entered, from tables that describe them, and kept by later inspections."""

from pathlib import Path

import pytest
from astropy.io import ascii as tables
from astropy.io.votable.ucd import check_ucd
from astropy.units import Unit

from core.errors import InvalidValueError
from products.lifecycle.column_descriptions import columns_described_by, read_descriptions
from products.lifecycle.column_words import COMMON_UCDS, COMMON_UNITS, checked_attributes, checked_ucd, checked_unit

_README = """\
Byte-by-byte Description of file: table1.dat
--------------------------------------------------------------------------------
   Bytes Format Units    Label  Explanations
--------------------------------------------------------------------------------
   1-  5 I5     ---      ID     Running number
   7- 15 F9.5   deg      RAdeg  Right ascension
                                (J2000)
  17- 22 F6.4   ---      z      [0/7]?=-9 Redshift
  24- 29 F6.3   mag      rmag   ? Magnitude in r,
                                24 pixels aperture
  31- 36 F6.2   10-19W/m2 Flux  *Flux of a line
--------------------------------------------------------------------------------
Note on Flux: of [OII].
--------------------------------------------------------------------------------
"""
_DATA = "    1 150.00001 0.5000 21.000   1.00\n"
_VOTABLE = """<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="z" datatype="float" ucd="src.redshift"><DESCRIPTION>Redshift</DESCRIPTION></FIELD>
<FIELD name="rmag" datatype="float" unit="mag" ucd="phot.mag;em.opt.R"/>
</TABLE></RESOURCE></VOTABLE>"""
_CSV = 'Name;Units;UCD;Description\nz;;src.redshift;"Redshift; heliocentric"\n\n# a comment is a row\nrmag;mag;;\n'


@pytest.mark.parametrize("unit", ["deg", "mag", "km/s", "10-19W/m2", "mag/arcsec2", "[Msun]", "uJy", "Angstrom"])
def test_units_that_catalogues_use_are_taken(unit: str) -> None:
    assert checked_unit(f" {unit} ") == unit


@pytest.mark.parametrize("unit", ["", " --- ", "none", "-"])
def test_words_for_no_unit_are_no_unit(unit: str) -> None:
    assert checked_unit(unit) is None


@pytest.mark.parametrize("unit", ["furlongs", "deg deg2 x", "<b>", "mag)", "mag(AB)", "5 of them"])
def test_other_units_are_refused_with_what_to_write(unit: str) -> None:
    with pytest.raises(InvalidValueError, match="is not a unit") as refused:
        checked_unit(unit)
    assert refused.value.field == "unit"


@pytest.mark.parametrize(
    "ucd", ["src.redshift", "stat.error;src.redshift", "phot.mag;em.opt.R", "POS.EQ.RA; Meta.main"]
)
def test_ucds_are_those_of_the_list_in_its_spelling(ucd: str) -> None:
    checked = checked_ucd(ucd)
    assert checked is not None
    assert check_ucd(checked, check_controlled_vocabulary=True)
    assert checked.lower() == ucd.replace(" ", "").lower()


def test_suggestions_are_valid() -> None:
    assert [checked_unit(unit) for unit in COMMON_UNITS] == list(COMMON_UNITS)
    assert [checked_ucd(ucd) for ucd in COMMON_UCDS] == list(COMMON_UCDS)


def test_a_wrong_ucd_is_told_with_similar_words() -> None:
    with pytest.raises(InvalidValueError, match=r"'phot.magg' is not a UCD: unknown word 'phot.magg'.*phot.mag"):
        checked_ucd("phot.magg")
    with pytest.raises(InvalidValueError, match="not valid as a primary word"):
        checked_ucd("meta.main;src.redshift")


def test_attributes_are_checked_together_and_long_ones_refused() -> None:
    given = {"unit": "mag", "ucd": None, "description": " A \n magnitude "}
    assert checked_attributes(given) == {"unit": "mag", "ucd": None, "description": "A magnitude"}
    with pytest.raises(InvalidValueError, match="more than 2000 characters"):
        checked_attributes({"description": "x" * 2001})


def test_a_readme_gives_what_astropy_reads_in_it(tmp_path: Path) -> None:
    readme = tmp_path / "ReadMe"
    readme.write_text(_README)
    (tmp_path / "table1.dat").write_text(_DATA)
    known = tables.read(tmp_path / "table1.dat", format="cds", readme=str(readme))
    found = {item.name: item.attributes for item in read_descriptions(_README.encode())}
    assert list(found) == known.colnames
    for name, column in known.columns.items():
        assert ("unit" in found[name]) == (column.unit is not None)
        if column.unit is not None:
            assert Unit(found[name]["unit"], format="cds") == column.unit
    assert found["RAdeg"]["description"] == known["RAdeg"].description == "Right ascension (J2000)"
    assert found["rmag"]["description"] == known["rmag"].description == "Magnitude in r, 24 pixels aperture"
    assert found["z"]["description"] == "Redshift"
    assert found["Flux"]["description"] == "Flux of a line"


def test_a_votable_gives_its_fields() -> None:
    first, second = read_descriptions(_VOTABLE.encode())
    assert (first.name, first.attributes) == ("z", {"ucd": "src.redshift", "description": "Redshift"})
    assert (second.name, second.place, second.attributes["unit"]) == ("rmag", "FIELD 2", "mag")


def test_delimited_text_gives_its_rows_with_their_lines() -> None:
    found = read_descriptions(_CSV.replace("# a comment is a row\n", "").encode("utf-8-sig"))
    assert [(item.name, item.place, dict(item.attributes)) for item in found] == [
        ("z", "line 2", {"ucd": "src.redshift", "description": "Redshift; heliocentric"}),
        ("rmag", "line 4", {"unit": "mag"}),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "No description of a column was found"),
        (b"a,b\n1,2\n", "must be a header with name"),
        (b"name\nz\n", "must be a header with name"),
        (b"name,unit\nz,mag,too,many\n", "In line 2 there are 4 values under 2 headings"),
        (b"<VOTABLE><FIELD", "cannot be read"),
        (b"<a/>", "No description of a column was found"),
        (b"\x00\x01\x02", "must be a header with name"),
    ],
)
def test_other_tables_are_refused_with_a_reason(data: bytes, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        read_descriptions(data)


def test_names_are_columns_patterns_or_in_another_case() -> None:
    columns = ["ID", "g_mag", "r_mag", "mag[1]", "Z", "z"]
    assert columns_described_by("*_mag", columns) == ["g_mag", "r_mag"]
    assert columns_described_by("mag[*", columns) == ["mag[1]"]
    assert columns_described_by("id", columns) == ["ID"]
    assert columns_described_by("z", columns) == ["z"]
    assert columns_described_by("none", columns) == []
