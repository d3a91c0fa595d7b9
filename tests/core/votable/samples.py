"""A table with everything in it that a format may get wrong, and what a reader must find."""

import math
from datetime import UTC, date, datetime

import pyarrow as pa

from core.columns import Column
from core.votable import TableDescription, votable_columns

NAN, INF = math.nan, math.inf

COLUMNS = (
    Column("flag", "boolean"),
    Column("byte", "unsignedByte"),
    Column("small", "short"),
    Column("whole", "int"),
    Column("big", "long"),
    Column("real", "float", unit="mag"),
    Column("ra", "double", unit="deg", ucd="pos.eq.ra;meta.main", description="Right <ascension> & more"),
    Column("name", "char", "*"),
    Column("text", "unicodeChar", "*"),
    Column("taken", "char", "*", xtype="timestamp"),
    Column("night", "char", "*", xtype="timestamp"),
    Column("point", "double", "2", xtype="point"),
    Column("fluxes", "float", "*"),
    Column("counts", "int", "*"),
    Column("bits", "boolean", "3"),
)

ROWS = pa.record_batch(
    [
        pa.array([True, None, False, True]),
        pa.array([0, 255, None, 7], pa.uint8()),
        pa.array([-32767, 32767, None, 1], pa.int16()),
        pa.array([-(2**31) + 1, 2**31 - 1, None, 0], pa.int32()),
        pa.array([-(2**63) + 1, 2**63 - 1, None, 0], pa.int64()),
        pa.array([0.1, INF, None, -INF], pa.float32()),
        pa.array([0.1, NAN, None, 1e-300], pa.float64()),
        pa.array(["plain", "<a> & \"b\" 'c'", None, ""]),
        pa.array(["Ünïcödé 星 🌌", "two\nlines\tand\rmore", None, "ctl"]),
        pa.array([datetime(2026, 11, 23, 1, 2, 3, 500000, UTC), datetime(1969, 12, 31, tzinfo=UTC), None, None],
                 pa.timestamp("us", "UTC")),
        pa.array([date(2026, 11, 23), None, date(1900, 1, 1), date(1970, 1, 1)]),
        pa.array([[1.5, 2.5], [0.0, -90.0], None, [360.0, NAN]], pa.list_(pa.float64())),
        pa.array([[1.0, 2.0, 3.0], [], None, [NAN, INF]], pa.list_(pa.float32())),
        pa.array([[1, 2], [], None, [3, None, 5]], pa.list_(pa.int32())),
        pa.array([[True, False, True], [True] * 3, None, [False] * 3], pa.list_(pa.bool_(), 3)),
    ],
    names=[column.name for column in COLUMNS],
)  # fmt: skip

DESCRIPTION = TableDescription(votable_columns(COLUMNS, ROWS.schema), "sample", "A table & its <description>")

TAKEN = ["2026-11-23T01:02:03.5", "1969-12-31T00:00:00", None, None]
NIGHTS = ["2026-11-23", None, "1900-01-01", "1970-01-01"]
