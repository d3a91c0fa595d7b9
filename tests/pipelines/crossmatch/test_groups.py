"""Groups of rows that hang together, compared with a plain flood fill."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.crossmatch import Pairs, SkyPositions, connected_groups, find_pairs_within


def _pairs(edges):
    left, right = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    return Pairs(left, right, np.zeros(len(edges)))


def _flood_fill(n, edges):
    neighbours = {row: {row} for row in range(n)}
    for i, j in edges:
        neighbours[i].add(j)
        neighbours[j].add(i)
    labels = {}
    for start in range(n):
        if start in labels:
            continue
        number, waiting = len(set(labels.values())), [start]
        while waiting:
            row = waiting.pop()
            if row not in labels:
                labels[row] = number
                waiting.extend(neighbours[row])
    return [labels[row] for row in range(n)]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=15))
@settings(deadline=None)
def test_groups_are_those_of_a_flood_fill(edges):
    assert connected_groups(12, _pairs(edges)).tolist() == _flood_fill(12, edges)


def test_a_chain_of_near_neighbours_is_one_group():
    positions = SkyPositions(np.full(5, 12.0), np.arange(5) * 0.4 / 3600)
    assert connected_groups(5, find_pairs_within(positions, 0.5)).tolist() == [0, 0, 0, 0, 0]


def test_no_rows_have_no_groups():
    assert connected_groups(0, _pairs([])).tolist() == []
