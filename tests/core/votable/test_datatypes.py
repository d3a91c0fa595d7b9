from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from core.columns import Column
from core.errors import InvalidValueError
from core.votable import canonical_arrays, votable_columns


def refined(column: Column, arrow_type: pa.DataType) -> tuple[str, str | None, str | None]:
    found = votable_columns([column], pa.schema([("x", arrow_type)]))[0]
    return found.datatype, found.arraysize, found.xtype


@pytest.mark.parametrize(
    ("declared", "arrow_type", "expected"),
    [
        (("long", None), pa.decimal128(38, 0), ("long", None)),  # SUM of integers
        (("double", None), pa.decimal128(38, 0), ("double", None)),
        (("int", None), pa.decimal128(38, 0), ("long", None)),
        (("double", None), pa.decimal128(10, 2), ("double", None)),
        (("float", None), pa.decimal128(10, 2), ("double", None)),
        (("long", None), pa.int32(), ("long", None)),  # what is declared holds it
        (("int", None), pa.int64(), ("long", None)),  # it does not
        (("int", None), pa.bool_(), ("int", None)),  # CONTAINS is 1 or 0
        (("boolean", None), pa.int32(), ("int", None)),
        (("float", None), pa.float64(), ("double", None)),
        (("double", None), pa.float32(), ("double", None)),
        (("double", None), pa.int64(), ("long", None)),
        (("short", None), pa.int8(), ("short", None)),
        (("unsignedByte", None), pa.int8(), ("short", None)),
        (("long", None), pa.uint64(), ("long", None)),
        (("char", "*"), pa.string(), ("char", "*")),
        (("char", "12*"), pa.string(), ("char", "12*")),
        (("char", "12"), pa.string(), ("char", "*")),  # text is never padded
        (("char", None), pa.large_string(), ("char", "*")),
        (("unicodeChar", "*"), pa.dictionary(pa.int8(), pa.string()), ("unicodeChar", "*")),
        (("double", None), pa.string(), ("unicodeChar", "*")),
        (("char", "*"), pa.float64(), ("double", None)),
        (("char", "*"), pa.null(), ("char", "*")),
        (("double", "2"), pa.list_(pa.float64()), ("double", "2")),
        (("double", "2x3"), pa.list_(pa.float64()), ("double", "2x3")),
        (("double", None), pa.list_(pa.float32(), 4), ("float", "4")),
        (("float", "3"), pa.list_(pa.float64()), ("double", "*")),
        (("double", "2"), pa.float64(), ("double", None)),
    ],
)
def test_what_is_declared_is_kept_where_it_holds_the_values(declared, arrow_type, expected):
    assert refined(Column("x", *declared), arrow_type)[:2] == expected


@pytest.mark.parametrize("arrow_type", [pa.timestamp("us"), pa.timestamp("ns", "UTC"), pa.date32()])
@pytest.mark.parametrize("datatype", ["char", "unicodeChar", "double"])
def test_times_are_timestamps(datatype, arrow_type):
    assert refined(Column("x", datatype), arrow_type) == ("char", "*", "timestamp")


def test_meaning_stays_and_xtype_goes_with_its_shape():
    column = Column("x", "double", "2", xtype="point", unit="deg", ucd="pos")
    kept = votable_columns([column], pa.schema([("x", pa.list_(pa.float64()))]))[0]
    assert kept == column
    scalar = votable_columns([column], pa.schema([("x", pa.float64())]))[0]
    assert (scalar.xtype, scalar.unit, scalar.ucd) == (None, "deg", "pos")


@pytest.mark.parametrize(
    "arrow_type", [pa.struct([("a", pa.int32())]), pa.binary(), pa.month_day_nano_interval(), pa.list_(pa.string())]
)
def test_what_no_votable_holds_is_said_with_the_name_of_the_column(arrow_type):
    with pytest.raises(InvalidValueError, match="column x"):
        refined(Column("x", "double"), arrow_type)


@pytest.mark.parametrize(
    ("array", "column"),
    [
        (pa.array([Decimal(2**63)], pa.decimal128(38, 0)), Column("total", "long")),
        (pa.array([2**64 - 1], pa.uint64()), Column("total", "long")),
        (pa.array([[1.0, 2.0, 3.0]]), Column("total", "double", "2")),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_and_never_another_value(array, column):
    batch = pa.record_batch([array], names=["x"])
    with pytest.raises(InvalidValueError, match="total"):
        canonical_arrays(batch, [column])


def test_times_are_written_with_the_digits_that_they_have():
    moments = [datetime(2026, 1, 2, 3, 4, 5) + timedelta(microseconds=us) for us in (0, 10, 500_000)]  # noqa: DTZ001
    wanted = ["2026-01-02T03:04:05", "2026-01-02T03:04:05.00001", "2026-01-02T03:04:05.5"]
    for unit in ("us", "ns"):
        batch = pa.record_batch([pa.array(moments, pa.timestamp(unit))], names=["x"])
        assert canonical_arrays(batch, [Column("x", "char", "*")])[0].to_pylist() == wanted
    seconds = pa.record_batch([pa.array([datetime(2026, 1, 2, 3, 0, 0)], pa.timestamp("s"))], names=["x"])  # noqa: DTZ001
    assert canonical_arrays(seconds, [Column("x", "char", "*")])[0].to_pylist() == ["2026-01-02T03:00:00"]


def test_arrays_of_fixed_length_that_are_all_missing_are_missing():
    """Such a column arrives from the query process without memory for its items."""
    lists = pa.record_batch([pa.nulls(3, pa.list_(pa.float64()))], names=["pair"])
    arrived = pa.ipc.read_record_batch(pa.py_buffer(lists.serialize()), lists.schema)
    (array,) = canonical_arrays(arrived, [Column("pair", "double", "2")])
    assert (array.type, array.to_pylist()) == (pa.list_(pa.float64(), 2), [None, None, None])
