"""Identifiers in text tables stay as they are written; numbers that fit into 64 bits are integers."""

from pathlib import Path

import pyarrow as pa
import pytest

from products.readers import open_table
from tests.products.readers.samples import read

TEXTS = {
    "leading zeros": ["0001", "0002", "10"],
    "exponents": ["12E05", "13E07", "77"],
    "small exponents": ["1e5", "2e5", "1e6"],
    "D exponents": ["12D05", "13D07", "77"],
    "beyond 64 bits": ["9223372036854775808", "5", "-7"],
    "unsigned 64 bits": ["18446744073709551615", "18446744073709551614", "0"],
    "longer": ["123456789012345678901234", "123456789012345678901235", ""],
    "long ones and a number with a point": ["12345678901234567", "12345678901234568", "1.5"],
}
INTEGERS = {
    "64 bits": ["9223372036854775807", "-9223372036854775808", "0"],
    "missing": ["9223372036854775807", "", "9007199254740993"],
    "signed zeros": ["-01", "+02", "00"],
}
REALS = {
    "exponents with points": ["1.5e5", "2e5", "3"],
    "exponents with signs": ["1e-05", "2e+16", "3"],
    "zeros before a point": ["00.5", "01.5", "1"],
}


@pytest.mark.parametrize("late", [False, True], ids=["at the beginning", "late"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["bare", "quoted"])
@pytest.mark.parametrize("values", TEXTS.values(), ids=TEXTS)
def test_identifier_stays_text(values: list[str], quote: str, late: bool, tmp_path: Path) -> None:
    before = ["7"] * (30_000 if late else 0)
    path = tmp_path / "cat.csv"
    path.write_text("n,id\n" + "".join(f"{'x' * 40},{quote}{value}{quote}\n" for value in (*before, *values)))
    with open_table(path, "cat.csv") as reader:
        assert reader.schema.field("id").type == pa.string()
        found = [value for batch in reader.batches(["id"]) for value in batch["id"].to_pylist()]
        assert found[-3:] == [value or None for value in values]
        assert any("Read as text" in note and note.endswith(": id.") for note in reader.notes)


@pytest.mark.parametrize("values", INTEGERS.values(), ids=INTEGERS)
def test_integer_of_64_bits_stays_an_integer(values: list[str], tmp_path: Path) -> None:
    path = tmp_path / "cat.csv"
    path.write_text("id,n\n" + "".join(f"{value},1\n" for value in values))
    found = read(path)
    assert found.schema.field("id").type == pa.int64()
    assert found["id"].to_pylist() == [int(value) if value else None for value in values]


@pytest.mark.parametrize("values", REALS.values(), ids=REALS)
def test_number_in_another_form_stays_a_number(values: list[str], tmp_path: Path) -> None:
    path = tmp_path / "cat.csv"
    path.write_text("z,n\n" + "".join(f"{value},1\n" for value in values))
    assert read(path)["z"].to_pylist() == [float(value) for value in values]


@pytest.mark.parametrize("name", ["RAh", "RAm", "DEd", "dec_m", "ra_hours"])
def test_parts_of_positions_are_numbers_however_they_are_padded(name: str, tmp_path: Path) -> None:
    path = tmp_path / "cat.csv"
    path.write_text(f"{name},n\n01,1\n12,2\n")
    assert read(path)[name].to_pylist() == [1, 12]
