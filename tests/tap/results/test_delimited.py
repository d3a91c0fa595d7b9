import csv
import io
import math
import shutil
import subprocess
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest

from core.columns import Column
from core.errors import InvalidValueError
from core.votable import TableDescription
from tap.results import RESULT_FORMATS
from tests.core.votable.samples import DESCRIPTION, NIGHTS, ROWS, TAKEN


def text(name: str, batches: object = (ROWS,), limit: int | None = None, description=DESCRIPTION) -> str:
    return b"".join(RESULT_FORMATS[name].write(description, batches, limit=limit)).decode()


def test_csv_cells_are_what_the_rows_say():
    rows = list(csv.DictReader(io.StringIO(text("csv"), newline="")))
    assert [row["big"] for row in rows] == ["-9223372036854775807", "9223372036854775807", "", "0"]
    assert [row["real"] for row in rows] == ["0.1", "Infinity", "", "-Infinity"]
    assert [row["ra"] for row in rows] == ["0.1", "NaN", "", "1e-300"]
    assert [row["name"] for row in rows] == ["plain", "<a> & \"b\" 'c'", "", ""]
    assert [row["text"] for row in rows] == ["Ünïcödé 星 🌌", "two\nlines\tand\rmore", "", "ctl"]
    assert [row["taken"] for row in rows] == [value or "" for value in TAKEN]
    assert [row["night"] for row in rows] == [value or "" for value in NIGHTS]
    assert rows[0]["point"] == "1.5 2.5"
    assert [row["bits"] for row in rows] == ["true false true", "true true true", "", "false false false"]


def test_csv_tells_empty_text_from_null():
    batch = pa.record_batch([pa.array(["", None, " a", "b,c"]), pa.array([1, 2, 3, 4])], names=["x", "y"])
    description = TableDescription((Column("x", "char", "*"), Column("y", "long")))
    assert text("csv", [batch], description=description) == 'x,y\r\n"",1\r\n,2\r\n" a",3\r\n"b,c",4\r\n'


def test_a_null_in_an_only_column_is_not_a_blank_line():
    batch = pa.record_batch([pa.array([1, None, 3])], names=["x"])
    sent = text("csv", [batch], description=TableDescription((Column("x", "long"),)))
    assert pd.read_csv(io.StringIO(sent))["x"].isna().tolist() == [False, True, False]


def test_names_are_quoted_where_they_must():
    batch = pa.record_batch([pa.array([1]), pa.array([2])], names=["a", "b"])
    description = TableDescription((Column('a,"b"', "long"), Column("tab\there", "long")))
    assert text("csv", [batch], description=description).splitlines()[0] == '"a,""b""",tab\there'
    assert text("tsv", [batch], description=description).splitlines()[0] == 'a,"b"\ttab here'


def test_tsv_has_no_tabs_or_line_breaks_in_values():
    lines = text("tsv").split("\n")
    assert len(lines) == len(ROWS) + 2
    assert {line.count("\t") for line in lines[:-1]} == {len(ROWS.schema) - 1}
    assert "two lines and more" in lines[2]


def test_pandas_reads_the_numbers():
    frame = pd.read_csv(io.StringIO(text("csv")))
    assert frame["real"].tolist()[1::2] == [math.inf, -math.inf]
    assert frame["whole"].isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize("limit", [0, 1, 4, 9])
def test_rows_are_cut_exactly(name, limit):
    batch = pa.record_batch([pa.array([1, 2, 3, 4, 5])], names=["x"])
    description = TableDescription((Column("x", "long"),))
    lines = text(name, [batch.slice(0, 2), batch.slice(2)], limit, description).split()
    assert lines == ["x", "1", "2", "3", "4", "5"][: limit + 1]


def test_an_error_on_the_way_breaks_off():
    def failing() -> Iterator[pa.RecordBatch]:
        yield ROWS
        raise InvalidValueError("It went wrong.")

    with pytest.raises(InvalidValueError):
        text("csv", failing())


@pytest.mark.skipif(shutil.which("stilts") is None, reason="STILTS is not installed")
def test_stilts_reads_numbers_that_are_none(tmp_path):
    values = pa.array([1.5, math.inf, -math.inf, math.nan, None])
    batch = pa.record_batch([values, pa.array([1, None, 3, 4, 5])], names=["x", "y"])
    file = tmp_path / "sent.csv"
    file.write_text(text("csv", [batch], description=TableDescription((Column("x", "double"), Column("y", "long")))))
    command = ["stilts", "tpipe", f"in={file}", "ifmt=csv", "ofmt=csv", "cmd=addcol twice 2*x"]
    done = subprocess.run(command, capture_output=True, check=True)
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["twice"] for row in rows] == ["3.0", "Infinity", "-Infinity", "", ""]
    assert [row["y"] for row in rows] == ["1", "", "3", "4", "5"]
