"""Results do not depend on the order of rows, objects or catalogues, but for CRD_ID, which counts rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.combine import combine_redshifts
from pipelines.combine.configuration import CombineConfiguration
from pipelines.training import TrainingSetConfiguration, make_training_set
from tests.pipelines.training.skies import batches_of

_SECOND = 1 / 3600


def _crowd(rows: int, seed: int) -> pa.Table:
    """Make a catalogue of stars and galaxies that crowd at places all catalogues share."""
    random, places = np.random.default_rng(seed), np.random.default_rng(99)
    ra, dec = places.uniform(0, 360, rows // 4), np.degrees(np.arcsin(places.uniform(-1, 1, rows // 4)))
    at = random.integers(0, rows // 4, rows)
    return pa.table(
        {
            "id": [f"{seed}_{row}" for row in range(rows)],
            "ra": (ra[at] + random.normal(0, 0.3 * _SECOND, rows)) % 360,
            "dec": np.clip(dec[at] + random.normal(0, 0.3 * _SECOND, rows), -90, 90),
            "z": random.choice([0.1, 0.1005, 0.101, 0.2, np.nan, 0.3], rows),
            "z_flag": random.choice([0.0, 1.0, 2.0, 3.0, 4.0, 6.0], rows),
            "survey": ["2DFLENS"] * rows,
        }
    )


_CROWDS = {f"00{seed}_crowd": _crowd(800, seed) for seed in (1, 2, 3)}


def _combined(names: Sequence[str], **param: Any) -> Mapping[str, tuple[Any, ...]]:
    """Combine the crowds in some order; give what each row became, its group by the names of its members."""
    columns = {key: key for key in ("id", "ra", "dec", "z", "z_flag", "survey")}
    inputs = {"specz": [{"internal_name": name, "columns": columns} for name in names]}
    configuration = CombineConfiguration.model_validate({"inputs": inputs, "param": param})
    rows = combine_redshifts({name: _CROWDS[name] for name in names}, configuration).table.to_pylist()
    groups: dict[int, list[str]] = {}
    for row in rows:
        groups.setdefault(row["group_id"], []).append(row["CRD_ID"])
    told = ("tie_result", "tie_reason", "compared_to", "z", "ra", "dec")
    return {row["CRD_ID"]: (*(f"{row[key]}" for key in told), sorted(groups[row["group_id"]])) for row in rows}


@pytest.mark.parametrize(
    "param",
    [
        {"combine_type": "concatenate_and_mark_duplicates"},
        {"combine_type": "concatenate_and_remove_duplicates", "tie_treatment_option": "draw_one", "random_seed": 5},
    ],
)
def test_the_order_of_catalogues_changes_numbers_of_groups_alone(param: dict[str, Any]) -> None:
    names = list(_CROWDS)
    first = _combined(names, **param)
    assert len(first) > 200
    for other in (names[::-1], [names[1], names[0], names[2]]):
        assert _combined(other, **param) == first


def test_a_star_between_two_groups_joins_that_of_the_nearest_row() -> None:
    table = pa.table({"ra": [10.0] * 3, "dec": [0.0, 0.8 * _SECOND, 0.45 * _SECOND], "z": [0.1, 0.2, 0.0]})
    table = table.append_column("q", pa.array([4, 4, 6])).append_column("s", pa.array(["2DFLENS"] * 3))
    columns = {"ra": "ra", "dec": "dec", "z": "z", "z_flag": "q", "survey": "s"}
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        configuration = CombineConfiguration.model_validate(
            {
                "inputs": {"specz": [{"internal_name": "1_a", "columns": columns}]},
                "param": {"combine_type": "concatenate_and_mark_duplicates"},
            }
        )
        made = combine_redshifts({"1_a": table.take(pa.array(order))}, configuration).table
        groups = dict(zip(made["z"].to_pylist(), made["group_id"].to_pylist(), strict=True))
        assert groups[0.0] == groups[0.2] != groups[0.1]


def test_rows_that_only_their_place_decides_are_counted_in_the_report() -> None:
    twins = pa.table({"ra": [10.0, 10.0], "dec": [0.0, 0.0], "z": [0.1, 0.1], "q": [4, 4], "s": ["OZDES", "OZDES"]})
    columns = {"ra": "ra", "dec": "dec", "z": "z", "z_flag": "q", "survey": "s"}
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": "1_a", "columns": columns}]},
            "param": {"combine_type": "concatenate_and_mark_duplicates"},
        }
    )
    assert combine_redshifts({"1_a": twins}, configuration).report.kept_by_identifier == 1


@pytest.mark.parametrize("unique", ["none", "objects", "redshifts", "both"])
@pytest.mark.parametrize("neighbors", [1, 2])
def test_the_order_of_redshifts_and_objects_does_not_matter_to_a_training_set(unique: str, neighbors: int) -> None:
    random = np.random.default_rng(4)
    places = np.repeat(np.arange(60), 3)
    # Three redshifts at each place, two of them at the very same, and objects of which several are equally near.
    redshifts = pa.table(
        {
            "name": [f"r{row}" for row in range(180)],
            "ra": 20 + places / 100,
            "dec": np.tile([0.0, 0.0, 0.1], 60) * _SECOND,
            "z": random.choice([0.1, 0.2, 0.3], 180),
        }
    )
    objects = pa.table(
        {
            "objectId": np.arange(180) + 2**60,
            "ra": 20 + places / 100,
            "dec": np.tile([0.3, -0.3, 0.3], 60) * _SECOND,
        }
    )
    configuration = TrainingSetConfiguration.model_validate(
        {
            "inputs": {"dataset": {"columns": {"id": "objectId"}}, "specz": [{"columns": {"id": "name"}}]},
            "param": {"random_seed": 3, "unique": unique, "crossmatch": {"n_neighbors": neighbors}},
        }
    )

    def made(left: np.ndarray, right: np.ndarray, rows: int) -> list[tuple[Any, ...]]:
        batches = batches_of(objects.take(pa.array(right)), rows)
        table = make_training_set(redshifts.take(pa.array(left)), batches, configuration).table
        columns = ("name", "objectId", "is_training_set", "_dist_arcsec", "n_objects_of_redshift")
        return sorted(zip(*(table[name].to_pylist() for name in columns), strict=True))

    first = made(np.arange(180), np.arange(180), 1000)
    assert len(first) >= 60
    for seed in range(5):
        shuffled = np.random.default_rng(seed)
        assert made(shuffled.permutation(180), shuffled.permutation(180), 7) == first
