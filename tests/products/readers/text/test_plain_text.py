"""Texts that are no tables are refused with what they seem to be."""

from pathlib import Path

import pytest

from tests.products.readers.samples import read, refusal

TEXTS = {
    "prose": ("Dear all,\n\nplease find enclosed the catalogue\nof 2020 objects.\nWith best regards\n", "running text"),
    "prose with commas": (
        "This is a readme, which explains the table.\nIt has three columns.\nSee Smith, Ann. 2020, ApJ 123, 456.\n",
        "running text",
    ),
    "lines of words": ("one two\nthree four\nfive six\n", "running text"),
    "YAML": ("name: test\nvalue: 3\nlist:\n  - a\n  - b\nra: 150.1\n", "YAML"),
    "flat YAML": ("ra: 150.1\ndec: 2.2\nz: 0.5\n", "YAML"),
    "log": (
        "2026-01-01 10:00:00 INFO started the job\n2026-01-01 10:00:01 ERROR no more memory here\n",
        "a log",
    ),
    "log of fixed fields": ("10:00:00 INFO read 5\n10:00:01 INFO wrote 7\n10:00:02 WARNING lost 2\n", "a log"),
    "HTML": ("\n<p>Hello</p>\n<b>x</b>\n<i>y</i>\n", "an HTML page or an XML document"),
    "LaTeX": ("\\begin{table}\n\\begin{tabular}{cc}\na & b \\\\\n1 & 2 \\\\\n\\end{tabular}\n", "a LaTeX document"),
    "code": ("import os\ndef f(x):\n    return x\nprint(f(1))\n", "program code"),
    "headings": ("Title:\nAuthors:\nTable:\n=====\n", "YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "seems"), TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["notes.txt", "notes.csv"])
def test_text_that_is_no_table_is_refused(content: str, seems: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    sentence = refusal(path)
    assert sentence.startswith(f"{name} is not a table: its lines have ")
    assert f"looks like {seems}. Send CSV" in sentence


@pytest.mark.parametrize("name", ["notes.txt", "notes.csv"])
def test_json_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text('{"a": 1}\n{"a": 2}\n')
    assert "it starts like JSON" in refusal(tmp_path / name)


TABLES = {
    "one column of numbers": ("id\n1\n2\n", {"id": [1, 2]}),
    "one column of names": ("name\nNGC 1234\nM 31\n", {"name": ["NGC 1234", "M 31"]}),
    "texts alone": ("name,kind\nfoo,bar\nbaz,qux\n", {"name": ["foo", "baz"], "kind": ["bar", "qux"]}),
    "one row": ("ra,dec\n1,2\n", {"ra": [1], "dec": [2]}),
    "sentences in a field": (
        'id,comment\n1,"It is red, and far."\n2,"Seen again."\n',
        {"id": [1, 2], "comment": ["It is red, and far.", "Seen again."]},
    ),
    "times": ("time,level,n\n2026-01-01 10:00:00,INFO,1\n2026-01-01 10:00:01,INFO,2\n", None),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), TABLES.values(), ids=TABLES)
def test_small_table_is_not_mistaken_for_something_else(
    content: str, expected: dict[str, list[object]] | None, tmp_path: Path
) -> None:
    path = tmp_path / "cat.csv"
    path.write_text(content)
    found = read(path)
    assert found.num_rows == content.count("\n") - 1
    assert expected is None or found.to_pydict() == expected
