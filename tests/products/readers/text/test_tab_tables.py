"""Tab-separated tables of SkyCat, GAIA and CURSA: read as STILTS reads them, with units and frame of their header."""

from pathlib import Path

import pytest

from core.columns import column_of_field
from products.readers import open_table
from tests.products.readers.samples import read, refusal
from tests.support.tools import Stilts

TEXT = """A small catalogue; photometry of stars.

Somebody (somewhere), 26/7/00.
see Sage, Rosemary and Thyme (1988).

# Start of parameter definitions.
EQUINOX: B1950.0
EPOCH: J1996.35

id_col: 0
ra_col: 1
dec_col: 2

# End of parameter definitions.
"""
UNITS = "#column-units: \tHOURS{HMS}\tDEGREES{DMS}\tMAG\tmag\t\n"
ROWS = """id\tra\tdec\tV\tB_V\tname
--\t---\t---\t-\t---\t----
1\t5:09:08.7\t -8:45:15\t4.27\t-0.19\ta b
2\t5:07:50.9\t -5:05:11\t2.79\t+0.13\t
# a remark
3\t5:01:26.3\t -7:10:26\t\t+0.7\tc
"""
END = "[EOD]\n+++ transfer complete\n4\t1\t1\t1\t1\t1\n"
EXPECTED = {
    "id": [1, 2, 3],
    "ra": ["5:09:08.7", "5:07:50.9", "5:01:26.3"],
    "dec": ["-8:45:15", "-5:05:11", "-7:10:26"],
    "V": [4.27, 2.79, None],
    "B_V": [-0.19, 0.13, 0.7],
    "name": ["a b", None, "c"],
}
TABLES = {
    "whole": TEXT + UNITS + ROWS + END,
    "without units and end": TEXT + ROWS,
    "one line above": "Stars\n" + ROWS + END,
    "one line of dashes": "Stars\n" + ROWS.replace("--\t---\t---\t-\t---\t----", "---------") + END,
    "dashes of one character": "Stars\n" + ROWS.replace("--\t---\t---\t-\t---\t----", "-\t-\t-\t-\t-\t-"),
    "lines of DOS": (TEXT + UNITS + ROWS + END).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("name", ["cat.tst", "cat.txt", "cat.tab"])
def test_table_below_a_text_is_read(content: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert read(path, size=2).to_pydict() == EXPECTED
    with open_table(path, name) as reader:
        assert reader.details["layout"] == "tab-separated table"


def test_table_is_that_of_stilts(stilts: Stilts, tmp_path: Path) -> None:
    path = tmp_path / "cat.tst"
    path.write_text(TABLES["whole"].replace("# a remark\n", ""))  # STILTS takes no comments between rows
    stilts("tpipe", f"in={path}", "ifmt=tst", f"out={tmp_path / 'cat.csv'}", "ofmt=csv")
    expected = read(tmp_path / "cat.csv").to_pydict()
    expected["dec"] = [text.strip() for text in expected["dec"]]
    assert read(path).to_pydict() == expected


def test_units_and_the_equinox_belong_to_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "cat.tst"
    path.write_text(TABLES["whole"])
    columns = [column_of_field(field) for field in read(path).schema]
    assert [column.unit for column in columns] == [None, "h", "deg", "mag", "mag", None]
    assert [column.frame for column in columns] == [None, "FK4(B1950)", "FK4(B1950)", None, None, None]


@pytest.mark.parametrize(
    ("equinox", "frame"), [("J2000.0", "FK5(J2000)"), ("2000", "FK5(J2000)"), ("1950", "FK4(B1950)"), ("now", None)]
)
def test_equinox_is_that_of_the_frame(equinox: str, frame: str | None, tmp_path: Path) -> None:
    path = tmp_path / "cat.tst"
    path.write_text(f"Stars\nequinox: {equinox}\n{ROWS}")
    assert column_of_field(read(path).schema.field("dec")).frame == frame


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        ("Title\nra\tdec\n1\t2\n3\t4\n", "tabs"),
        ("Stars of 1990\nra;dec\n1;2\n3;4\n", "semicolons"),
        ("Stars\nra,dec,z\n1,2,0.5\n3,4,0.5\n5,6,0.5\n", "commas"),
        ("Catalogue\nra dec z\n1 2 0.5\n3 4 0.5\n", "blanks"),
        ("Catalogue\nname\nNGC 1\nM 31\n", None),
    ],
)
def test_table_below_a_text_without_a_rule_is_refused_with_what_it_seems_to_be(
    content: str, mark: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "cat.txt"
    path.write_text(content)
    if mark is None:
        assert read(path)["Catalogue"].to_pylist() == ["name", "NGC 1", "M 31"]
    else:
        assert f"begins with a text, below which fields seem to be separated by {mark}. Remove" in refusal(path)
