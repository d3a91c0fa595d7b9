"""Decisions between duplicates, compared with a plain, slow reading of the rules."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.combine.resolution import Contest, Priority, compared_to, draw_lots, identifier_ranks, resolve
from pipelines.crossmatch import Pairs

_ROWS = 9
_NAN = float("nan")


def _pairs(edges):
    edges = sorted({(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]})
    left, right = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    return Pairs(left, right, np.zeros(len(edges)))


def _component(start, edges, allowed):
    found, waiting = set(), [start]
    while waiting:
        row = waiting.pop()
        if row not in found:
            found.add(row)
            waiting += [b for a, b in edges + [(b, a) for a, b in edges] if a == row and b in allowed]
    return frozenset(found)


def _survivors(group, rows, threshold):
    """Apply the rules to one group, one sentence after the other."""
    alive = sorted(group)
    for key in ("flag", "instrument"):
        score = {row: -np.inf if np.isnan(rows[row][key]) else rows[row][key] for row in alive}
        alive = [row for row in alive if score[row] == max(score.values())]
    if threshold > 0:
        with_z = sorted((rows[row]["z"], rows[row]["id"], row) for row in alive if not np.isnan(rows[row]["z"]))
        chains = []
        for place, (z, identifier, row) in enumerate(with_z):
            if place and z - with_z[place - 1][0] <= threshold:
                chains[-1].append((identifier, row))
            else:
                chains.append([(identifier, row)])
        alive = [row for row in alive if np.isnan(rows[row]["z"])] + [min(chain)[1] for chain in chains]
    return alive


def _expected(rows, edges, threshold):
    galaxies = {row for row in range(len(rows)) if rows[row]["flag"] != 6}
    groups = {_component(row, edges, galaxies) for row in galaxies}
    ties = [3] * len(rows)
    for group in groups:
        alive = _survivors(group, rows, threshold)
        for row in group:
            if len(group) == 1:
                ties[row] = rows[row]["earlier"]
            else:
                ties[row] = 0 if row not in alive else 1 if len(alive) == 1 else 2
    return ties, groups


def _resolved(rows, edges, threshold):
    identifiers = pa.array([row["id"] for row in rows])
    pairs = _pairs(edges)
    flags, instruments = (np.array([row[key] for row in rows]) for key in ("flag", "instrument"))
    contest = Contest(
        star=flags == 6,
        priorities=[Priority("z_flag_homogenized", flags), Priority("instrument", instruments)],
        z=np.array([row["z"] for row in rows]),
        rank=identifier_ranks(identifiers, pairs),
        earlier=np.array([row["earlier"] for row in rows], dtype=np.int8),
        threshold=threshold,
    )
    return resolve(contest, pairs), identifiers, pairs


_row = st.fixed_dictionaries(
    {
        "flag": st.sampled_from([_NAN, 1.0, 3.0, 4.0, 4.0, 6.0]),
        "instrument": st.sampled_from([0.0, 1.0, 3.0, 3.0]),
        "z": st.sampled_from([_NAN, 0.5, 0.5004, 0.5008, 0.502, 1.0]),
        "earlier": st.sampled_from([1, 1, 1, 0, 2]),
    }
)
_problem = st.fixed_dictionaries(
    {
        "rows": st.lists(_row, min_size=_ROWS, max_size=_ROWS),
        "identifiers": st.permutations([f"CRD{1 + i % 2:03}_{i + 5}" for i in range(_ROWS)]),
        "edges": st.lists(st.tuples(st.integers(0, _ROWS - 1), st.integers(0, _ROWS - 1)), max_size=14),
        "threshold": st.sampled_from([0.0, 0.0005, 0.001]),
        "order": st.permutations(range(_ROWS)),
    }
)


def _rows_of(problem):
    return [{**row, "id": name} for row, name in zip(problem["rows"], problem["identifiers"], strict=True)]


@given(_problem)
@settings(max_examples=300, deadline=None)
def test_decisions_are_those_of_the_plain_rules(problem):
    rows, edges = _rows_of(problem), [edge for edge in problem["edges"] if edge[0] != edge[1]]
    resolution, _, _ = _resolved(rows, edges, problem["threshold"])
    ties, groups = _expected(rows, edges, problem["threshold"])
    assert resolution.tie_result.tolist() == ties
    for group in groups:
        assert len({resolution.group[row] for row in group}) == 1
    assert len({resolution.group[min(group)] for group in groups}) == len(groups)


@given(_problem)
@settings(max_examples=100, deadline=None)
def test_decisions_do_not_depend_on_the_order_of_rows(problem):
    rows, order = _rows_of(problem), problem["order"]
    moved = [rows[row] for row in order]
    place = {row: new for new, row in enumerate(order)}
    edges = [(place[a], place[b]) for a, b in problem["edges"]]
    first, identifiers, pairs = _resolved(rows, problem["edges"], problem["threshold"])
    second, moved_identifiers, moved_pairs = _resolved(moved, edges, problem["threshold"])
    drawn, moved_drawn = draw_lots(first, identifiers, 7), draw_lots(second, moved_identifiers, 7)
    for one, other in ((first, second), (drawn, moved_drawn)):
        assert one.tie_result[list(order)].tolist() == other.tie_result.tolist()
        assert [one.reasons[code] for code in one.reason[list(order)]] == [other.reasons[c] for c in other.reason]
    lists = compared_to(identifiers, identifier_ranks(identifiers, pairs), pairs)
    moved_lists = compared_to(moved_identifiers, identifier_ranks(moved_identifiers, moved_pairs), moved_pairs)
    assert lists.take(pa.array(order)).to_pylist() == moved_lists.to_pylist()


@given(_problem)
@settings(max_examples=100, deadline=None)
def test_a_draw_leaves_one_row_of_each_unresolved_group(problem):
    resolution, identifiers, _ = _resolved(_rows_of(problem), problem["edges"], problem["threshold"])
    drawn = draw_lots(resolution, identifiers, 3)
    for group in set(resolution.group.tolist()):
        here = resolution.group == group
        before, after = resolution.tie_result[here].tolist(), drawn.tie_result[here].tolist()
        if 1 not in before and 2 in before:
            assert after.count(1) == 1
            assert 2 not in after
        else:
            assert after == before


def _row_like(**values):
    return {"flag": 4.0, "instrument": 3.0, "z": 0.5, "earlier": 1, **values}


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (
            [_row_like(id="CRD001_9"), _row_like(id="CRD001_10", flag=3.0)],
            ["kept: highest z_flag_homogenized", "duplicate: lower z_flag_homogenized"],
        ),
        (
            [_row_like(id="CRD001_9", instrument=1.0), _row_like(id="CRD001_10")],
            ["duplicate: lower instrument", "kept: highest instrument"],
        ),
        (
            [_row_like(id="CRD001_9"), _row_like(id="CRD001_10", z=0.5005)],
            [
                "duplicate: not the first CRD_ID of equal redshifts",
                "kept: first CRD_ID of equal redshifts",
            ],
        ),
        (
            [_row_like(id="CRD001_9"), _row_like(id="CRD001_10", z=0.6)],
            ["unresolved: equal in all priorities, at different redshifts"] * 2,
        ),
        (
            [_row_like(id="CRD001_9"), _row_like(id="CRD001_10", flag=6.0)],
            ["alone: no other row within the radius", "star: takes no part"],
        ),
    ],
)
def test_each_decision_has_its_reason(rows, reasons):
    resolution, _, _ = _resolved(rows, [(0, 1)], 0.001)
    assert [resolution.reasons[code] for code in resolution.reason] == reasons


def test_other_seeds_draw_other_rows():
    rows = [_row_like(id=f"CRD001_{i}", z=float(i // 2) + i % 2) for i in range(40)]
    resolution, identifiers, _ = _resolved(rows, [(i, i + 1) for i in range(0, 40, 2)], 0.001)
    draws = {tuple(draw_lots(resolution, identifiers, seed).tie_result.tolist()) for seed in (1, 1, 2, 3)}
    assert len(draws) == 3


def test_a_star_bears_the_number_of_the_group_beside_it():
    rows = [_row_like(id="a"), _row_like(id="b", flag=6.0), _row_like(id="c"), _row_like(id="d", flag=6.0)]
    resolution, _, _ = _resolved(rows, [(1, 2)], 0.001)
    assert resolution.group.tolist() == [1, 3, 3, 4]
