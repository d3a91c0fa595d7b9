"""Matching of estimates with references, and what is refused."""

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidValueError
from pipelines.crossmatch import SkyPositions
from pipelines.validation.matching import match_by_id, match_by_order, match_by_position


def test_identifiers_are_matched_whatever_their_type():
    wanted = [2, -1, 0]
    numbers = pa.array([30, 99, 10])
    for reference in (
        pa.array([10, 20, 30]),
        pa.array([10, 20, 30], pa.int32()),
        pa.array([10, 20, 30], pa.uint64()),
        pa.array([10.0, 20.0, 30.0]),
        pa.array(["10", " 20", "30 "]),
    ):
        assert match_by_id(numbers, reference, "a", "b").rows.tolist() == wanted
        assert match_by_id(pa.array(["30", "99", "10"]), reference, "a", "b").rows.tolist() == wanted
    large = 2**63 - 5
    assert match_by_id(pa.array([large + 1, large]), pa.array([str(large)]), "a", "b").rows.tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("ids", "reference", "sentence"),
    [
        ([1, 2, 2, 3, 3], [1], r"2 identifiers occur more than once in est, such as 2, 3"),
        ([1], [4, 4, 1], r"1 identifiers occur more than once in ref, such as 4"),
        ([1, None], [1], r"1 of 2 objects of est have no identifier"),
        ([1.0, float("nan")], [1], r"1 of 2 objects of est have no identifier"),
        (["a", " "], ["a"], r"1 of 2 objects of est have no identifier"),
        ([1, 2], ["x", "y"], r"its identifiers are like 1, 2, those of the reference like x, y"),
    ],
)
def test_missing_doubled_and_foreign_identifiers_end_in_a_sentence(ids, reference, sentence):
    with pytest.raises(InvalidValueError, match=sentence):
        match_by_id(pa.array(ids), pa.array(reference), "est", "ref")


def test_a_reference_goes_to_the_nearest_object_within_the_radius_alone():
    second = 1 / 3600
    objects = SkyPositions([10.0, 10.0, 0.0, 359.9999999, np.nan], [0.0, 0.4 * second, 5.0, -30.0, 0.0])
    reference = SkyPositions([0.0, 10.0], [-30.0, 0.3 * second])
    matches = match_by_position(objects, reference, 1.0, "est", "ref")
    assert matches.rows.tolist() == [-1, 1, -1, 0, -1]
    with pytest.raises(InvalidValueError, match=r"within 0\.01 arcseconds"):
        match_by_position(SkyPositions([10.0], [0.0]), reference, 0.01, "est", "ref")


def test_rows_are_matched_in_order_if_both_have_as_many():
    assert match_by_order(3, 3, "est", "ref").rows.tolist() == [0, 1, 2]
    with pytest.raises(InvalidValueError, match="est has 3 rows and ref 4"):
        match_by_order(3, 4, "est", "ref")
