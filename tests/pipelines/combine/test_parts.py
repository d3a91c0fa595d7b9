"""Catalogues that are prepared in parts: what depends on all rows is the same as of one part, and so are errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidValueError
from pipelines.combine import CombineConfiguration, Combined, Spill, combine_redshifts
from pipelines.inputs.rows import TableRows

_ROWS = 40
_NAMES = ("ra", "dec", "z", "id", "z_flag", "survey")


def _catalogue(**changes: Any) -> pa.Table:
    columns = {
        "ra": np.linspace(10, 20, _ROWS),
        "dec": np.zeros(_ROWS),
        "z": np.linspace(0.1, 0.9, _ROWS),
        "id": np.arange(_ROWS),
        "z_flag": [3.0] * _ROWS,
        "survey": ["2DFLENS"] * _ROWS,
    }
    return pa.table(columns | changes)


def _last(value: Any, others: list[Any]) -> list[Any]:
    """Return a column whose last value differs from the others."""
    return [*others[:-1], value]


def _combined(table: pa.Table, rows_at_a_time: int, spill: Spill | None = None, **parameters: Any) -> Combined | str:
    columns = {name: name for name in (*_NAMES, "z_flag_homogenized", "instrument_type_homogenized")}
    columns = {name: source for name, source in columns.items() if source in table.column_names}
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": "1_a", "columns": columns}]},
            "param": {"combine_type": "concatenate_and_mark_duplicates", **parameters},
        }
    )
    try:
        # Opened anew, as a file is: its rows can be read in batches only.
        inputs = {"1_a": lambda: TableRows(table)}
        return combine_redshifts(inputs, configuration, spill=spill, rows_at_a_time=rows_at_a_time)
    except InvalidValueError as error:
        return error.message


_WHOLE = [float(number) for number in range(_ROWS)]
_CASES = {
    "probabilities": _catalogue(z_flag=_last(0.95, [1.0] * _ROWS)),
    "a flag that is no probability": _catalogue(z_flag=_last(3.0, [0.95] * _ROWS)),
    "identifiers with a fraction": _catalogue(id=_last(0.5, _WHOLE)),
    "identifiers of which one is NaN": _catalogue(id=_last(float("nan"), _WHOLE)),
    "identifiers of which one is missing": _catalogue(id=_last(None, _WHOLE)),
    "types of instruments": _catalogue(type=_last("G", [None] * _ROWS)),
    "types of objects": _catalogue(type=_last("qso", ["s"] * _ROWS)),
    "right ascensions below 0": _catalogue(ra=_last(-0.0, list(np.linspace(-20, 360, _ROWS)))),
    "hours": _catalogue(ra=np.linspace(0, 23, _ROWS), dec=np.linspace(-50, 50, _ROWS)),
    "rows without a position": _catalogue(dec=_last(None, [0.0] * _ROWS)),
    "hardly any position": _catalogue(dec=_last(1.0, [None] * _ROWS)),
    "texts that are no numbers": _catalogue(z=["0.1", "a", "b", "b"] * 9 + ["c", "d", "e", "f"]),
    "flags out of range": _catalogue(z_flag_homogenized=[3.0, 9.0, 8.0, 7.0] * 9 + [-1.0, 11.0, 12.0, 13.0]),
    "instruments out of range": _catalogue(instrument_type_homogenized=["s", "x"] * 19 + ["y", "z"]),
    "no flag": _catalogue(z_flag=np.arange(100.0, 100 + _ROWS)),
    "no survey": _catalogue(survey=pa.nulls(_ROWS, pa.string())),
    "a survey without rules": _catalogue(survey=_last("nowhere", ["2DFLENS"] * _ROWS)),
    "earlier ties out of range": _catalogue(tie_result=_last(7, [1] * _ROWS)),
    "many flags": _catalogue(z_flag=[float(number % 7) for number in range(_ROWS)]),
    "no rows": _catalogue().slice(0, 0),
}


@pytest.mark.parametrize("case", _CASES)
def test_parts_give_what_the_whole_gives(case: str, tmp_path: Path) -> None:
    expected = _combined(_CASES[case], 1000)
    spill = Spill(tmp_path, rows_in_memory=10)
    for made in (_combined(_CASES[case], 7), _combined(_CASES[case], 7, spill)):
        if isinstance(made, str) or isinstance(expected, str):
            assert made == expected
            continue
        assert _rows(made) == _rows(expected)
        assert made.report == expected.report


def test_extra_columns_of_numbers_become_texts_alike() -> None:
    table = _catalogue(note=_last(0.5, _WHOLE))
    whole, parts = (_combined(table, rows, extra_columns={"note": "str"}) for rows in (1000, 7))
    assert isinstance(whole, Combined)
    assert isinstance(parts, Combined)
    assert [row["note"] for row in _rows(whole)] == [f"{number:g}" for number in _last(0.5, _WHOLE)]
    assert _rows(parts) == _rows(whole)


def _rows(made: Combined) -> list[dict[str, Any]]:
    table = made.table if isinstance(made.table, pa.Table) else made.table.read()
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
