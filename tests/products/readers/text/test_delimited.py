from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import InvalidValueError
from products.readers import ReadLimits, open_table
from tests.products.readers.samples import read, refusal


def text_file(folder: Path, content: str | bytes, name: str = "cat.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


EXPECTED = {"id": [1, 2], "name": ["a", "é"], "z": [0.5, None]}


@pytest.mark.parametrize(
    ("content", "name", "delimiter"),
    [
        ("id,name,z\n1,a,0.5\n2,é,\n", "cat.csv", ","),
        ("id\tname\tz\n1\ta\t0.5\n2\té\tnan\n", "cat.tsv", "\t"),
        ("id;name;z\r\n1;a;0.5\r\n2;é;NULL\r\n", "cat.csv", ";"),
        ("id|name|z\n1|a|0.5\n2|é|N/A\n", "cat.txt", "|"),
        ("  id name     z\n   1    a   0.5  \n   2    é   --\n", "cat.dat", " "),
        ("id, name, z\n1, a, 0.5\n2, é, null\n", "cat.csv", ","),
        ("\ufeffid,name,z\n1,a,0.5\n2,é,NaN\n", "cat.csv", ","),
        ('"id","name","z"\n"1","a","0.5"\n"2","é",""\n', "cat.csv", ","),
        ("# by hand\n\n# with care\nid,name,z\n1,a,0.5\n# amid\n2,é,\n# at the end", "cat.csv", ","),
        ("# id name z\n1 a 0.5\n2 é nan\n", "cat.asc", " "),
        ("#id,name,z\n1,a,0.5\n2,é,\n", "cat.csv", ","),
        ("id,name,z\r1,a,0.5\r2,é,\r", "cat.csv", ","),
        ("id,name,z\n1,a,0.5\n2,é,\n".encode("utf-16"), "cat.csv", ","),
        ("id,name,z\n1,a,0.5\n2,é,\n".encode("latin-1"), "cat.csv", ","),
    ],
    ids=["comma", "tab", "semicolon and CRLF", "bar", "blanks", "padded", "BOM", "quoted", "comments",
         "names in comment", "comment header", "CR", "UTF-16", "Latin-1"],
)  # fmt: skip
def test_the_same_table_is_read_however_it_is_written(
    content: str | bytes, name: str, delimiter: str, tmp_path: Path
) -> None:
    path = text_file(tmp_path, content, name)
    assert read(path).to_pydict() == EXPECTED
    with open_table(path, name) as reader:
        assert reader.details["delimiter"] == delimiter
        assert reader.details["has_header"] is True


def test_file_without_a_header_gets_names_and_a_note(tmp_path: Path) -> None:
    path = text_file(tmp_path, "1 2.5\n3 4.5\n", "cat.dat")
    assert read(path).to_pydict() == {"0": [1, 3], "1": [2.5, 4.5]}
    with open_table(path, "cat.dat") as reader:
        assert reader.details["has_header"] is False
        assert "The file has no header: its columns are called 0 to 1." in reader.notes


def test_types_are_decided_over_the_whole_file(tmp_path: Path) -> None:
    rows = 400_000
    lines = ["a,b,c,d,e", *("1,2,3,,true" for _ in range(rows)), "1.5,x,18446744073709551615,7,maybe", ",,,,"]
    found = read(text_file(tmp_path, "\n".join(lines)))
    assert found.schema.types == [pa.float64(), pa.string(), pa.string(), pa.int64(), pa.string()]
    assert [found[name][rows].as_py() for name in "abcde"] == [1.5, "x", str(2**64 - 1), 7, "maybe"]
    assert found["b"][0].as_py() == "2"
    assert [found[name][rows + 1].as_py() for name in "abcde"] == [None] * 5


def test_identifiers_longer_than_numbers_stay_text(tmp_path: Path) -> None:
    found = read(text_file(tmp_path, "id,n\n123456789012345678901234,1\n2,2\n"))
    assert found["id"].to_pylist() == ["123456789012345678901234", "2"]


def test_infinity_is_kept(tmp_path: Path) -> None:
    assert read(text_file(tmp_path, "a,b\ninf,1\n-inf,2\n"))["a"].to_pylist() == [float("inf"), float("-inf")]


def test_quoted_texts_may_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    found = read(text_file(tmp_path, 'a,b\n1,"x, y"\n2,"two\nlines"\n3,"say ""hi"""\n'))
    assert found["b"].to_pylist() == ["x, y", "two\nlines", 'say "hi"']


def test_ragged_line_after_the_first_block_is_named(tmp_path: Path) -> None:
    lines = ["a,b", *(f"{number},{number}" for number in range(700_000)), "1,2,3"]
    sentence = refusal(text_file(tmp_path, "\n".join(lines)))
    assert sentence.startswith("Line 700002 of cat.csv has 3 fields where 2 were expected.")


def test_batches_begin_again_and_come_in_the_order_asked(tmp_path: Path) -> None:
    with open_table(text_file(tmp_path, "a,b,c\n1,2,3\n4,5,6\n"), "cat.csv") as reader:
        for _ in range(2):
            (batch,) = reader.batches(["c", "a"])
            assert batch.to_pydict() == {"c": [3, 6], "a": [1, 4]}
        assert [batch.num_rows for batch in reader.batches(size=1)] == [1, 1]
        with pytest.raises(InvalidValueError, match="has no column d"):
            reader.batches(["d"])


def test_batches_of_wide_tables_have_fewer_rows(tmp_path: Path) -> None:
    with open_table(
        text_file(tmp_path, "a,b\n" + "1,2\n" * 100), "cat.csv", limits=ReadLimits(batch_bytes=160)
    ) as reader:
        assert {batch.num_rows for batch in reader.batches()} == {10}
