"""Cells of rows: numbers with all digits, links, and what is shortened."""

import math

import pyarrow as pa

from core.columns import Column
from core.votable import canonical_arrays
from webui.explorer.cells import Cell, cells_of, type_text
from webui.explorer.rows import Rows

_COLUMNS = (
    Column("x", "double"),
    Column("y", "float"),
    Column("url", "unicodeChar", "*", ucd="meta.ref.url"),
    Column("text", "unicodeChar", "*"),
    Column("pdf", "double", "*"),
    Column("id", "long"),
    Column("t", "char", "*", xtype="timestamp"),
)
_BATCH = pa.record_batch(
    {
        "x": pa.array([0.1 + 0.2, None, math.inf]),
        "y": pa.array([22.3, 1e-7, None], pa.float32()),
        "url": ["https://a.example/x?y=1", "javascript:alert(1)", None],
        "text": ["http://a.example", "a" * 300, ""],
        "pdf": pa.array([[1.0, None, 3.5, 4.0, 5.0], [1.0], None], pa.list_(pa.float64())),
        "id": pa.array([2**62 + 1, None, 0], pa.int64()),
        "t": ["2024-01-01T00:00:00", None, None],
    }
)
_ROWS = Rows(_COLUMNS, tuple(canonical_arrays(_BATCH, _COLUMNS)))


def test_values_are_shown_with_all_digits_and_nothing_else_is_a_link():
    first, second, third = cells_of(_ROWS)
    assert first[:2] == [Cell("0.30000000000000004"), Cell("22.3")]
    assert first[2] == Cell("https://a.example/x?y=1", link="https://a.example/x?y=1")
    assert first[3] == Cell("http://a.example")
    assert first[4] == Cell("1 NaN 3.5", "5 values")
    assert first[5:] == [Cell("4611686018427387905"), Cell("2024-01-01T00:00:00")]
    assert (second[0], second[2], second[4]) == (Cell(None), Cell("javascript:alert(1)"), Cell("1"))
    assert second[3] == Cell("a" * 120, "300 characters")
    assert (third[0], third[3], third[4]) == (Cell("Infinity"), Cell(""), Cell(None))


def test_a_single_row_is_shown_whole():
    first, second, _ = cells_of(_ROWS, whole=True)
    assert first[4] == Cell("1 NaN 3.5 4 5")
    assert second[3] == Cell("a" * 300)
    assert _ROWS.reversed().first()["x"] == math.inf
    assert [type_text(column) for column in _COLUMNS[3:]] == ["text", "double[*]", "long", "timestamp"]
