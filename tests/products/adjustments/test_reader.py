"""Adjusted tables: missing values, derived positions, and what remains to be decided."""

import math
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest

from core.errors import InvalidValueError
from products.adjustments.options import AS_GIVEN, TableOptions
from products.adjustments.reader import AdjustedReader
from products.inspection.meanings import Meanings
from products.inspection.position_warnings import open_question
from products.rows.derive import guessed_columns
from tests.products.rows.tables import MemoryReader


def read(reader: AdjustedReader, columns: list[str] | None = None) -> pa.Table:
    schema = reader.schema if columns is None else pa.schema([reader.schema.field(name) for name in columns])
    return pa.Table.from_batches(reader.batches(columns, size=2), schema=schema)


def table(**columns: object) -> MemoryReader:
    return MemoryReader(pa.table(columns))


def with_unit(name: str, values: list[float], unit: str) -> MemoryReader:
    fields = [pa.field(name, pa.float64(), metadata={"unit": unit}), pa.field("dec", pa.float64())]
    return MemoryReader(pa.table([values, [0.0] * len(values)], schema=pa.schema(fields)))


def test_a_plain_table_stays_as_it_is() -> None:
    source = table(ra=[10.0, 20.0], dec=[1.0, 2.0], z=[0.1, 0.2])
    reader = AdjustedReader(source)
    assert reader.schema == source.schema
    assert (reader.derived_columns, reader.notes, reader.options) == ((), (), TableOptions())
    assert read(reader).to_pydict() == {"ra": [10.0, 20.0], "dec": [1.0, 2.0], "z": [0.1, 0.2]}


def test_columns_can_be_read_in_any_order_with_and_without_the_derived_ones() -> None:
    reader = AdjustedReader(with_unit("ra", [1.0, 2.0, 3.0], "hourangle"))
    assert reader.derived_columns == ("ra_icrs", "dec_icrs")
    assert read(reader, ["dec_icrs", "ra_icrs"]).to_pydict() == {"dec_icrs": [0.0] * 3, "ra_icrs": [15.0, 30.0, 45.0]}
    assert read(reader, ["ra"]).to_pydict() == {"ra": [1.0, 2.0, 3.0]}
    assert read(reader).column_names == ["ra", "dec", "ra_icrs", "dec_icrs"]
    with pytest.raises(InvalidValueError, match="no column 'x'"):
        next(reader.batches(["x"]))


def test_the_owner_can_say_that_the_columns_are_degrees_as_given() -> None:
    reader = AdjustedReader(with_unit("ra", [1.0, 2.0], "hourangle"), TableOptions(position=AS_GIVEN))
    assert (reader.derived_columns, reader.problem_of(Meanings("ra", "dec"))) == ((), None)
    asked = AdjustedReader(with_unit("ra", [1.0, 2.0], "hourangle"))
    assert "hours" in (asked.problem_of(Meanings("ra", "dec")) or "")
    assert asked.problem_of(Meanings("ra_icrs", "dec_icrs")) is None


def test_what_only_values_hint_at_is_a_question() -> None:
    reader = AdjustedReader(table(ra=[0.5, 12.0, 23.5], dec=[-60.0, 0.0, 60.0]))
    question = open_question(reader.forms)
    assert question is not None
    assert "hours" in question
    assert reader.derived_columns == ()
    assert reader.problem_of(Meanings("ra", "dec")) == question
    answered = AdjustedReader(
        table(ra=[0.5, 12.0, 23.5], dec=[-60.0, 0.0, 60.0]), TableOptions(position=reader.forms[0])
    )
    assert read(answered, ["ra_icrs"])["ra_icrs"].to_pylist() == [7.5, 180.0, 352.5]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.int16(), pa.int64()])
def test_numbers_that_stand_for_missing_ones_become_null(kind: pa.DataType) -> None:
    source = table(z=pa.array([1, -99, 2, -9, None], kind), other=pa.array([-99, 1, 1, 1, 1], kind))
    reader = AdjustedReader(source, TableOptions(missing_values={"z": (-99, -9.0)}))
    assert read(reader).to_pydict() == {"z": [1, None, 2, None, None], "other": [-99, 1, 1, 1, 1]}
    assert "-99, -9.0 mean" in reader.notes[0]


def test_numbers_are_compared_in_the_precision_of_the_column() -> None:
    source = table(z=pa.array([0.5, -9.99e33, -99.9], pa.float32()))
    reader = AdjustedReader(source, TableOptions(missing_values={"z": (-9.99e33, -99.9)}))
    assert read(reader)["z"].to_pylist() == [0.5, None, None]


def test_words_among_numbers_become_null_and_the_column_one_of_numbers() -> None:
    source = table(z=["0.5", "--", " 1e-3", "N/A"], n=["1", "--", "3", "4"], name=["a", "--", "c", "d"])
    words = ("--", "N/A")
    reader = AdjustedReader(source, TableOptions(missing_values={"z": words, "n": words, "name": words}))
    found = read(reader)
    assert found.to_pydict() == {"z": [0.5, None, 0.001, None], "n": [1, None, 3, 4], "name": ["a", None, "c", "d"]}
    assert [field.metadata and field.metadata[b"datatype"] for field in found.schema][:2] == [b"double", b"long"]


def test_identifiers_with_leading_zeros_stay_text() -> None:
    reader = AdjustedReader(table(id=["001", "--", "002"]), TableOptions(missing_values={"id": ("--",)}))
    assert read(reader)["id"].to_pylist() == ["001", None, "002"]


def test_a_word_that_comes_late_is_named() -> None:
    source = table(z=["0.5"] * 70_000 + ["unknown"])
    reader = AdjustedReader(source, TableOptions(missing_values={"z": ("--",)}))
    with pytest.raises(InvalidValueError, match="'z' holds the text 'unknown'"):
        list(reader.batches())


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"colour": "red"}, "'colour' is no option"),
        ({"table": 3}, "name of a table"),
        ({"missing_values": [1]}, "an object of column names"),
        ({"missing_values": {"z": [True]}}, "numbers or texts"),
        ({"missing_values": {"z": [math.inf]}}, "numbers or texts"),
        ({"missing_values": {"z": [1] * 21}}, "up to 20"),
        ({"position": "somewhere"}, "as given"),
        ({"position": {"kind": "words", "columns": ["a", "b"]}}, "position.kind"),
        ({"position": {"columns": ["a"]}}, "2 columns"),
        ({"position": {"columns": ["a", "b"], "units": ["deg", "miles"]}}, "position.units"),
        ({"position": {"columns": ["a", "b"], "frame": "altaz"}}, "position.frame"),
    ],
)
def test_options_that_mean_nothing_are_refused(item: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        TableOptions.from_object(item)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"table": "REDSHIFTS", "missing_values": {"z": [-99, "--"]}, "position": "as given"},
        {"position": {"columns": ["l", "b"], "units": ["deg", "deg"], "frame": "galactic"}},
    ],
)
def test_options_come_back_from_json(item: dict[str, object]) -> None:
    options = TableOptions.from_object(item)
    assert TableOptions.from_object(options.to_object()) == options


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"x": (1,)}, "no column 'x'"),
        ({"z": ("--",)}, "'--' is no number"),
        ({"flag": (1,)}, "neither numbers nor text"),
    ],
)
def test_missing_values_that_do_not_fit_are_refused(missing: dict[str, tuple[object, ...]], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        AdjustedReader(table(z=[1.0], flag=[True]), TableOptions(missing_values=missing))  # type: ignore[arg-type]


def test_the_rows_that_decided_are_not_read_again() -> None:
    rows = 70_000
    source = table(ra=[10.0] * rows, dec=[1.0] * rows, n=list(range(rows)))
    started: list[int] = []

    class Counted(MemoryReader):
        def batches(self, columns: Sequence[str] | None = None, *, size: int = 65_536) -> Iterator[pa.RecordBatch]:
            started.append(size)
            return source.batches(columns, size=size)

    with AdjustedReader(Counted(pa.table({"ra": [10.0], "dec": [1.0], "n": [0]}))) as reader:
        assert reader.forms
        assert guessed_columns(reader) == {"ra": "ra", "dec": "dec", "id": "n"}
        for _ in range(2):
            found = pa.Table.from_batches(reader.batches())
            assert found["n"].to_pylist() == list(range(rows))
    assert len(started) == 2  # one of each whole pass, none for the decisions
