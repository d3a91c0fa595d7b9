"""Values that stand for missing ones are found by how far they are from all others, and are proposed only."""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from core.columns import column_of_field
from products.inspection.column_statistics import ColumnStatistics, StatisticsGatherer
from products.inspection.guesses import best_assignment, guess_meanings
from products.inspection.inspection import Inspection
from products.inspection.missing_values import MissingValue, missing_sentences, missing_values, without_missing

_ROWS = 1000


def gathered(table: pa.Table, rows: int = 300) -> dict[str, ColumnStatistics]:
    gatherer = StatisticsGatherer(table.schema)
    for batch in table.combine_chunks().to_batches(max_chunksize=rows):
        gatherer.add(batch)
    return gatherer.statistics()


def found_in(table: pa.Table, rows: int = 300) -> tuple[MissingValue, ...]:
    return missing_values([column_of_field(field) for field in table.schema], gathered(table, rows))


def values_of(table: pa.Table) -> dict[str, list[tuple[object, int]]]:
    found: dict[str, list[tuple[object, int]]] = {}
    for each in found_in(table):
        found.setdefault(each.column, []).append((each.value, each.rows))
    return found


def with_stand_ins(values: np.ndarray, stand_ins: Mapping[float, int]) -> np.ndarray:
    """Return values of which the last ones are replaced: tables that are sorted have them at one end."""
    changed, end = values.copy(), len(values)
    for value, rows in stand_ins.items():
        changed[end - rows : end] = value
        end -= rows
    return changed


_RANDOM = np.random.default_rng(11)
_REDSHIFTS = _RANDOM.uniform(0.001, 4, _ROWS)
_MAGNITUDES = _RANDOM.uniform(17, 27, _ROWS)
_FLUXES = _RANDOM.normal(0, 2000, _ROWS)


@pytest.mark.parametrize("value", [-9, -99, -999, -9999, -1, 99, 999, -99.9, -9.999, -9.99e33, 1e20])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_of_redshifts(value: float, kind: type) -> None:
    table = pa.table({"z_spec": with_stand_ins(_REDSHIFTS, {value: 780}).astype(kind)})
    assert values_of(table) == {"z_spec": [(value, 780)]}
    proposed = found_in(table)[0].value
    assert np.count_nonzero(table["z_spec"].to_numpy() == kind(proposed)) == 780


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_largest_numbers_of_a_type(kind: type) -> None:
    largest = float(np.finfo(kind).max)
    found = found_in(pa.table({"flux": with_stand_ins(_FLUXES, {-largest: 20}).astype(kind)}))
    assert [(kind(each.value), each.rows) for each in found] == [(kind(-largest), 20)]


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.int64])
def test_the_smallest_whole_number_of_a_type(kind: type) -> None:
    numbers = with_stand_ins(np.arange(_ROWS), {np.iinfo(kind).min: 30}).astype(kind)
    assert values_of(pa.table({"number": numbers})) == {"number": [(np.iinfo(kind).min, 30)]}


def test_several_in_one_column() -> None:
    table = pa.table({"mag_u": with_stand_ins(_MAGNITUDES, {-99: 200, 99: 50, -99.9: 10, -1: 5})})
    assert sorted(values_of(table)["mag_u"]) == [(-99.9, 10), (-99, 200), (-1, 5), (99, 50)]


def test_negative_fluxes_may_lie_beyond() -> None:
    assert values_of(pa.table({"flux_g": with_stand_ins(_FLUXES, {-99: 64})})) == {"flux_g": [(-99, 64)]}
    assert values_of(pa.table({"flux_g": with_stand_ins(_FLUXES, {-99: 2})})) == {}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("quality", np.arange(_ROWS) % 5 - 1),
        ("zflags", np.array([-2, -1, 0, 1, 2, 3, 4, 9, 99] * 100)),
        ("quality", np.array([1, 2, 3, 4, -9] * 100)),
        ("neighbours", np.arange(_ROWS) % 100),
        ("percent", np.round(np.linspace(0, 100, _ROWS))),
        ("percent", np.append(np.linspace(0, 100, _ROWS), [99.0] * 20)),
        ("dec", np.append(np.linspace(-60, 60, _ROWS), [-9.0, -1.0] * 20)),
        ("dec", np.append(np.linspace(0, 60, _ROWS), [-9.0, -1.0] * 20)),
        ("ra", np.append(np.linspace(-180, 180, _ROWS), [-99.0] * 20)),
        ("colour", np.append(_RANDOM.normal(0, 2, _ROWS), [-1.0] * 20)),
        ("logarithm", np.append(_RANDOM.uniform(-12, -7, _ROWS), [-9.0] * 20)),
        ("luminosity", _RANDOM.uniform(1e43, 1e46, _ROWS)),
        ("id", np.arange(_ROWS)),
        ("constant", np.full(_ROWS, 99)),
        ("constant", np.full(_ROWS, -1.0)),
    ],
)
def test_ordinary_values_are_not_proposed(name: str, values: np.ndarray) -> None:
    assert values_of(pa.table({name: values})) == {}


def test_a_value_of_many_columns_is_one_sentence() -> None:
    """Of any number of columns: a catalogue of hundreds of magnitudes has one stand-in for all of them."""
    table = pa.table({f"mag_{n}": with_stand_ins(_MAGNITUDES, {-99.0: 7 + n}) for n in range(5)})
    (many,) = missing_sentences(found_in(table))
    assert many == (
        "In the columns 'mag_0', 'mag_1', 'mag_2' and 2 more, -99 (up to 11 rows) seems to mean that there is no value."
    )
    (two,) = missing_sentences(found_in(table.select([3, 4])))
    assert two.startswith("In the columns 'mag_3', 'mag_4', -99 (up to 11 rows)")
    (one,) = missing_sentences(found_in(table.select([0])))
    assert one == "In the column 'mag_0', -99 (7 rows) seems to mean that there is no value."


def test_flags_and_identifiers() -> None:
    flags = with_stand_ins(np.arange(_ROWS) % 5, {-99: 31})
    identifiers = with_stand_ins(np.arange(_ROWS) + 10_000, {-1: 5, -9999: 99})
    table = pa.table({"flag": flags, "match_id": identifiers})
    assert values_of(table) == {"flag": [(-99, 31)], "match_id": [(-1, 5), (-9999, 99)]}


def test_a_position_is_missing_in_both_columns() -> None:
    ra = with_stand_ins(np.linspace(0, 359, _ROWS), {-99: 7})
    dec = with_stand_ins(np.linspace(-80, 80, _ROWS), {-99: 7})
    assert values_of(pa.table({"ra": ra, "dec": dec})) == {"ra": [(-99, 7)], "dec": [(-99, 7)]}
    assert values_of(pa.table({"ra": ra, "dec": np.linspace(-80, 80, _ROWS)})) == {}
    reason = found_in(pa.table({"ra": ra, "dec": dec}))[1].reason
    assert (
        reason
        == "7 of 1 000 rows; the other values are -80 to 78.8789, and -99 is impossible for a declination or latitude"
    )


@pytest.mark.parametrize("word", ["--", "NULL", "null", "nan", "N/A", "none", "...", "INDEF"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_words_among_numbers(word: str, kind: pa.DataType) -> None:
    numbers = [f"{number:.4f}" for number in _REDSHIFTS]
    words = [word] * 400 + numbers[400:]
    table = pa.table({"z": pa.array(words, kind), "name": pa.array([word] * 400 + ["NGC"] * 600, kind)})
    assert values_of(table) == {"z": [(word, 400)]}
    assert "such as" in found_in(table)[0].reason
    sexagesimal = pa.table({"ra": pa.array([word] * 4 + ["10:00:28.6", "10:00:29.6"], kind)})
    assert values_of(sexagesimal) == {"ra": [(word, 4)]}


def test_slices_and_empty_text_are_counted_right() -> None:
    table = pa.table({"z": ["0.1", "", None, "--", "0.2", "--", "0.3"]})
    assert values_of(table.slice(3)) == {"z": [("--", 2)]}
    assert values_of(table.slice(1)) == {"z": [("--", 2)]}
    assert values_of(pa.table({"z": pa.array([None, None], pa.string())})) == {}


@pytest.mark.parametrize("rows", [7, 300, _ROWS])
@pytest.mark.parametrize(
    "stand_ins", [{-99.0: 700}, {-1.0: 10, -9.0: 400, 99.0: 3}, {-9.99e33: 100}, {1e20: 5, -99.0: 8}]
)
def test_statistics_with_and_without_them_are_those_of_numpy(rows: int, stand_ins: dict[float, int]) -> None:
    values = with_stand_ins(_REDSHIFTS, stand_ins)
    others = values[: _ROWS - sum(stand_ins.values())]
    table = pa.table({"z": values})
    whole = gathered(table, rows)
    assert (whole["z"].minimum, whole["z"].maximum, whole["z"].nulls) == (values.min(), values.max(), 0)
    assert whole["z"].mean == pytest.approx(values.mean(), rel=1e-12)
    assert whole["z"].std == pytest.approx(values.std(), rel=1e-12)
    rest = without_missing(whole, found_in(table, rows))["z"]
    assert (rest.minimum, rest.maximum, rest.nulls) == (others.min(), others.max(), sum(stand_ins.values()))
    assert rest.mean == pytest.approx(others.mean(), rel=1e-10)
    assert rest.std == pytest.approx(others.std(), rel=1e-10)


def test_large_numbers_keep_their_digits_beside_them() -> None:
    values = with_stand_ins(1e9 + _RANDOM.normal(0, 1, _ROWS), {-99: 300})
    rest = without_missing(gathered(pa.table({"time": values})), found_in(pa.table({"time": values})))["time"]
    assert rest.std == pytest.approx(values[:700].std(), rel=1e-5)


def test_guesses_look_at_the_other_values() -> None:
    photometric = _REDSHIFTS + 0.1
    for value in (-99.0, -9.0, -999.0, 99.0, -9.99e33):
        table = pa.table(
            {
                "zphot": photometric,
                "z_spec": with_stand_ins(_REDSHIFTS, {value: 780}),
                "ra": with_stand_ins(np.linspace(150, 151, _ROWS), {-9999.0: 990}),
                "dec": with_stand_ins(np.linspace(2, 3, _ROWS), {-9999.0: 990}),
            }
        )
        columns = [column_of_field(field) for field in table.schema]
        assert best_assignment(guess_meanings(columns, gathered(table))) == {"z_spec": "z", "ra": "ra", "dec": "dec"}


def test_inspections_keep_proposals() -> None:
    table = pa.table({"z": with_stand_ins(_REDSHIFTS, {-99: 780}), "t": ["1.5", "2.5", "--", "3"] * 250})
    columns = tuple(column_of_field(field) for field in table.schema)
    statistics = gathered(table)
    inspection = Inspection(_ROWS, columns, statistics, missing_values=missing_values(columns, statistics))
    assert [each.value for each in inspection.missing_values] == [-99, "--"]
    assert Inspection.from_json(inspection.to_json()) == inspection
    older = json.loads(inspection.to_json())
    del older["missing_values"]
    for item in older["statistics"].values():
        for key in ("samples", "stand_ins", "others"):
            del item[key]
    assert Inspection.from_json(json.dumps(older)).missing_values == ()


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_statistics_of_every_type_are_those_of_numpy(kind: str) -> None:
    generator = np.random.default_rng(5)
    for _ in range(20):
        values = np.abs(generator.normal(20, 15, 90)).astype(kind)
        codes = [99, 100, 1] if kind.startswith("u") else [99, -1, -9, -99]
        for code in codes:
            values[generator.random(90) < 0.2] = code
        if kind not in {"f2", "f4", "f8"}:
            values[generator.random(90) < 0.1] = np.iinfo(kind).min
        known = gathered(pa.table({"x": values}), rows=40)["x"]
        numbers = values.astype(float)
        assert (known.minimum, known.maximum) == (values.min(), values.max())
        assert known.mean == pytest.approx(numbers.mean(), rel=1e-9)
        assert known.std == pytest.approx(numbers.std(), rel=1e-9)
        for each in known.stand_ins:
            assert each.rows <= np.count_nonzero(values == each.value)
