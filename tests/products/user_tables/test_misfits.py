"""Rows of text that do not fit are named by their number, whether Arrow reads in one thread or in several."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from products.user_tables.misfits import delimited_misfit


@pytest.mark.parametrize("threads", [False, True], ids=["one thread", "threads"])
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,2\n1,2,3\n", "In row 2, there are 3 values, and 2 columns"),
        ("1,2\n3,x\n", "In row 2, the value 'x' of the column 'ra' is not of the type double"),
    ],
    ids=["too many values", "wrong value"],
)
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, rows: str, said: str, *, threads: bool):
    path = tmp_path / "rows.csv"
    path.write_text(f"id,ra\n{rows}")
    types = pa.csv.ConvertOptions(column_types={"id": pa.int64(), "ra": pa.float64()})
    with pytest.raises(pa.ArrowInvalid) as error:
        pa.csv.read_csv(path, pa.csv.ReadOptions(use_threads=threads), convert_options=types)
    assert said in str(delimited_misfit(path, ",", ["id", "ra"], error.value))
