"""Meanings are guessed for the headers of real catalogues, in any order of their columns."""

import numpy as np
import pyarrow as pa
import pytest

from core.columns import column_of_field
from products.inspection.column_statistics import StatisticsGatherer
from products.inspection.guesses import best_assignment, guess_meanings
from tests.products.inspection.headers import HEADERS

_ROWS = 200


def values_of(kind: str, seed: int) -> pa.Array:
    rng = np.random.default_rng(seed)
    redshifts = rng.uniform(0.01, 2, _ROWS)
    values = {
        "ra": lambda: rng.uniform(100, 250, _ROWS),
        "dec": lambda: rng.uniform(-40, 40, _ROWS),
        "z": lambda: redshifts,
        "zgap": lambda: np.where(np.arange(_ROWS) < 0.78 * _ROWS, -99, redshifts),
        "zerr": lambda: rng.uniform(1e-5, 1e-2, _ROWS),
        "flag": lambda: rng.integers(0, 5, _ROWS),
        "grade": lambda: rng.choice(["A", "B", "C"], _ROWS),
        "conf": lambda: rng.choice([1.5, 2.5, 3.1, 4.5, 9.3], _ROWS),
        "warn": lambda: np.where(rng.random(_ROWS) < 0.9, 0, rng.integers(0, 4, _ROWS)),
        "bits": lambda: rng.integers(0, 2**12, _ROWS),
        "id": lambda: rng.permutation(10**6)[:_ROWS],
        "name": lambda: np.array([f"J{number}" for number in rng.permutation(10**6)[:_ROWS]]),
        "class": lambda: rng.choice(["GALAXY", "QSO", "STAR"], _ROWS),
        "survey": lambda: rng.choice(["2DFGRS", "SDSS"], _ROWS),
        "code": lambda: rng.integers(1000, 1050, _ROWS),
        "mag": lambda: rng.uniform(16, 26, _ROWS),
        "flux": lambda: rng.normal(10, 500, _ROWS),
        "real": lambda: rng.uniform(-50, 500, _ROWS),
        "share": lambda: rng.uniform(0, 1, _ROWS),
        "pixel": lambda: rng.uniform(0, 4000, _ROWS),
        "time": lambda: rng.uniform(51_000, 60_000, _ROWS),
    }
    return pa.array(values[kind]())


def table_of(header: str) -> tuple[pa.Table, dict[str, str]]:
    """Return a table with a header, and its columns by meaning."""
    arrays, expected = {}, {}
    for seed, item in enumerate(header.split()):
        name, _, rest = item.replace("~", " ").rpartition(":")
        kind, _, meaning = rest.partition(">")
        arrays[name] = values_of(kind, seed)
        if meaning:
            expected[meaning] = name
    return pa.table(arrays), expected


def chosen(table: pa.Table) -> dict[str, str]:
    gatherer = StatisticsGatherer(table.schema)
    for batch in table.to_batches():
        gatherer.add(batch)
    columns = [column_of_field(field) for field in table.schema]
    assigned = best_assignment(guess_meanings(columns, gatherer.statistics()))
    return {meaning: name for name, meaning in sorted(assigned.items(), key=lambda item: item[1])}


@pytest.mark.parametrize("catalogue", HEADERS)
def test_meanings_are_guessed_in_any_order_of_columns(catalogue: str) -> None:
    table, expected = table_of(HEADERS[catalogue])
    names = table.column_names
    shuffled = np.random.default_rng(5).permutation(names).tolist()
    for order in (names, names[::-1], sorted(names), sorted(names, key=str.lower), shuffled):
        assert chosen(table.select(order)) == dict(sorted(expected.items()))
