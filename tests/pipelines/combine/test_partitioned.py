"""Combination beyond memory: the same result, report and errors as in memory, however rows are partitioned."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidValueError
from pipelines.combine import CombineConfiguration, Combined, Spill, combine_redshifts
from pipelines.outputs.stored_tables import StoredTable

_COLUMNS = {"id": "name", "ra": "RA", "dec": "DEC", "z": "Z", "z_flag": "Q", "survey": "S"}
_SECOND = 1 / 3600
#: Where cells of several orders meet, at both poles, and at RA 0.
_PLACES = ((0.0, 90.0), (123.0, -90.0), (0.0, 0.0), (45.0, 0.0), (45.0, 41.8103149), (359.99999, -30.0))


def _configuration(tables: dict[str, pa.Table], **parameters: Any) -> CombineConfiguration:
    entries = [{"internal_name": name, "columns": _COLUMNS} for name in tables]
    param = {"combine_type": "concatenate_and_mark_duplicates", "crossmatch_radius_arcsec": 1.0, **parameters}
    return CombineConfiguration.model_validate({"inputs": {"specz": entries}, "param": param})


def _sky(seed: int, rows: int, catalogues: int) -> dict[str, pa.Table]:
    """Make catalogues with chains of neighbours around special places, and some rows anywhere."""
    random = np.random.default_rng(seed)
    tables = {}
    for number in range(1, catalogues + 1):
        place = np.array(_PLACES)[random.integers(0, len(_PLACES), rows)]
        spread = random.choice([0.4, 3.0, 30.0]) * _SECOND
        dec = np.clip(place[:, 1] + random.normal(0, spread, rows), -90, 90)
        ra = (place[:, 0] + random.normal(0, spread, rows) / np.maximum(np.cos(np.radians(dec)), 1e-5)) % 360
        anywhere = random.random(rows) < 0.3
        ra[anywhere] = random.uniform(0, 360, anywhere.sum())
        tables[f"{number}_mock"] = _table(random, ra, dec, number)
    return tables


def _table(
    random: np.random.Generator, ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64], number: int
) -> pa.Table:
    rows = len(ra)
    return pa.table(
        {
            "name": [f"ä{number}_{row}" for row in range(rows)],
            "RA": ra,
            "DEC": dec,
            "Z": random.choice([0.1, 0.1004, 0.1008, 0.5, np.nan], rows),
            "Q": random.choice([1, 2, 3, 4, 6], rows, p=[0.1, 0.1, 0.3, 0.3, 0.2]),
            "S": pa.array(random.choice(["2dflens", "OzDES"], rows)),
            "tie_result": random.choice([0, 1, 1, 1, 2], rows),
            "note": pa.array([None if row % 3 else f"n{row}" for row in range(rows)], pa.string()),
        }
    )


def _spilled(
    tables: dict[str, pa.Table],
    configuration: CombineConfiguration,
    folder: Path,
    rows: int = 5,
    rows_at_a_time: int = 1000,
) -> Combined:
    spill = Spill(folder, rows_in_memory=0, rows_in_partition=rows)
    return combine_redshifts(tables, configuration, spill=spill, rows_at_a_time=rows_at_a_time)


def _assert_same(made: Combined, expected: Combined) -> None:
    assert isinstance(made.table, StoredTable)
    assert isinstance(expected.table, pa.Table)
    table = made.table.read()
    assert table.schema.equals(expected.table.schema, check_metadata=True)
    for name in expected.table.column_names:
        # NaN is not equal to itself, and there is none: missing values are null.
        assert table[name].equals(expected.table[name]), name
    assert made.report == expected.report
    assert made.configuration == expected.configuration


_MODES = st.sampled_from(
    [
        {},
        {"drop_empty_columns": True, "insert_DP1_footprint_flag": True},
        {"combine_type": "concatenate_and_remove_duplicates", "tie_treatment_option": "keep_all"},
        {"combine_type": "concatenate_and_remove_duplicates", "tie_treatment_option": "draw_one", "random_seed": 7},
        {"delta_z_threshold": 0.0, "tiebreaking_priority": ["instrument_type_homogenized", "z_flag_homogenized", "z"]},
        {"extra_columns": {"note": "str"}, "z_flag_homogenized_value_to_cut": 2},
        {"combine_type": "concatenate"},
    ]
)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 60),
    catalogues=st.integers(1, 3),
    radius=st.sampled_from([0.3, 1.0, 20.0, 3600.0]),
    most=st.sampled_from([1, 5, 40]),
    at_a_time=st.sampled_from([1, 7, 1000]),
    mode=_MODES,
)
def test_results_are_those_in_memory(
    seed: int, rows: int, catalogues: int, radius: float, most: int, at_a_time: int, mode: dict[str, Any]
) -> None:
    tables = _sky(seed, rows, catalogues)
    configuration = _configuration(tables, **{"crossmatch_radius_arcsec": radius, **mode})
    with TemporaryDirectory() as folder:
        expected = _result_or_error(lambda: combine_redshifts(tables, configuration))
        made = _result_or_error(lambda: _spilled(tables, configuration, Path(folder), most, at_a_time))
        if isinstance(made, str) or isinstance(expected, str):
            assert made == expected
        else:
            _assert_same(made, expected)


def _result_or_error(combine: Callable[[], Combined]) -> Combined | str:
    try:
        return combine()
    except InvalidValueError as error:
        return error.message


def test_a_chain_across_many_partitions_is_one_group(tmp_path: Path) -> None:
    # A chain of rows around the corner at RA 45, Dec 0, where four cells of each order meet, in steps of 0.8".
    steps = np.arange(-50, 50) * 0.8 * _SECOND
    rows = len(steps)
    tables = {"1_chain": _table(np.random.default_rng(1), 45 + steps / 2, steps * np.sqrt(0.75), 1)}
    tables["1_chain"] = tables["1_chain"].set_column(4, "Q", pa.array([3.0] * rows))
    configuration = _configuration(tables)
    made = _spilled(tables, configuration, tmp_path, rows=1)
    assert isinstance(made.table, StoredTable)
    assert set(made.table.read()["group_id"].to_pylist()) == {1}
    assert made.report.group_sizes == {rows: 1}
    _assert_same(made, combine_redshifts(tables, configuration))


def test_rows_go_to_disk_when_they_are_too_many(tmp_path: Path) -> None:
    tables = _sky(5, 40, 3)
    configuration = _configuration(tables)
    expected = combine_redshifts(tables, configuration)
    some = combine_redshifts(tables, configuration, spill=Spill(tmp_path / "some", rows_in_memory=60))
    _assert_same(some, expected)
    few = combine_redshifts(tables, configuration, spill=Spill(tmp_path / "few", rows_in_memory=120))
    assert isinstance(few.table, pa.Table)
    assert few.table.equals(expected.table)
