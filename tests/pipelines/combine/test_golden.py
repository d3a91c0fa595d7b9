"""Our results equal those of today's pipeline, row by row, on real catalogues and on edge cases.

Accepted differences: group_id is a number of its own and is compared as a partition of the non-stars, without the
rows of groups that today's splits at the edges of HEALPix tiles; compared_to is whole where today's stops at nine
neighbours; the footprint of the LSST is drawn anew; columns without values stay.
"""

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidValueError
from tests.pipelines.combine.golden import GOLDEN, combined_with, needs_golden

pytestmark = needs_golden

CONFIGURATIONS = [
    "crc_mark4",
    "crc_elais_mark",
    "crc_elais_cut3",
    "crc_elais_keep_all",
    "crc_elais_remove_all",
    "crc_edge",
    "crc_edge_keep_all",
    "crc_edge_remove_all",
]
_NEIGHBOURS_TODAY = 9


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def both(request):
    ours = combined_with(request.param).table.to_pandas().set_index("CRD_ID")
    today = pd.read_parquet(GOLDEN / f"{request.param}.parquet").set_index("CRD_ID")
    assert set(ours.index) == set(today.index)
    return ours, today.loc[ours.index]


def test_values_are_those_of_today(both):
    ours, today = both
    for name in today.columns.difference(["group_id", "compared_to", "is_in_rubin_footprint"]):
        first, second = ours[name], today[name]
        if pd.api.types.is_numeric_dtype(second):
            first, second = (side.astype("Float64").to_numpy(np.float64, na_value=np.nan) for side in (first, second))
            assert np.array_equal(first, second, equal_nan=True), name
        else:
            first, second = (side.astype(object).where(side.notna(), None) for side in (first, second))
            assert first.tolist() == second.tolist(), name


def test_columns_that_today_drops_are_empty(both):
    ours, today = both
    new = ours.columns.difference([*today.columns, "tie_reason"])
    assert ours[new].isna().all().all()


def test_rows_compared_are_those_of_today(both):
    ours, today = both
    first, second = (
        [set() if pd.isna(cell) else set(cell.split(", ")) for cell in side["compared_to"]] for side in (ours, today)
    )
    for mine, theirs in zip(first, second, strict=True):
        assert mine == theirs or (mine > theirs and len(mine) > _NEIGHBOURS_TODAY)


def test_groups_are_those_of_today(both):
    ours, today = both
    galaxies = ours["tie_result"] != 3
    mine, theirs = ours.loc[galaxies, "group_id"], today.loc[galaxies, "group_id"]
    # Each group of today lies in one of ours; ours is the union of those that today split.
    assert mine.groupby(theirs).nunique().max() == 1
    split = theirs.groupby(mine).nunique()
    assert (split > 1).sum() <= 3


@pytest.mark.parametrize("name", ["crc_edge", "crc_elais_mark"])
def test_order_of_catalogues_changes_no_decision(name):
    first = combined_with(name).table.to_pandas().set_index("CRD_ID")
    second = combined_with(name, reverse=True).table.to_pandas().set_index("CRD_ID").loc[first.index]
    pd.testing.assert_frame_equal(first.drop(columns="group_id"), second.drop(columns="group_id"))
    assert len(set(zip(first.group_id, second.group_id, strict=True))) == first.group_id.nunique()


@pytest.mark.parametrize("name", ["crc_mark4", "crc_elais_mark", "crc_edge"])
def test_our_own_rules_say_the_same(name):
    assert combined_with(name, default_rules=True).table.equals(combined_with(name).table)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("homogenized_columns_out_of_range", r"003_homogenized_out_of_range: \d+ values of z_flag_homogenized.*5, 7"),
        ("survey_col_missing", "003_survey_col_missing: no row gets.*no survey"),
        ("survey_not_supported", "003_survey_not_supported: the survey 'NOT_SUPPORTED' has no z_flag_translation"),
        ("survey_supported_but_wrong_flags", "wrong_flags: no row gets.*2DFGRS have none.*10, 11, 12"),
    ],
)
def test_wrong_catalogues_end_in_a_sentence(name, words):
    with pytest.raises(InvalidValueError, match=words):
        combined_with(f"crc_bad_{name}")
