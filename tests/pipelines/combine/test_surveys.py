"""Catalogues of more surveys, each with its own columns and flags, combined at once."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.combine import CombineConfiguration, FlagsTranslation, combine_redshifts
from tests.pipelines.combine.golden import GOLDEN, needs_golden, todays_rules

pytestmark = needs_golden

_CATALOGUES = {
    "1_3dhst_v4.1.5": {"id": "phot_id", "ra": "ra", "dec": "dec", "z": "z_best", "z_flag": "z_best_s"},
    "2_6dfgs_dr3": {"id": "SPECID", "ra": "RA_deg", "dec": "DEC_deg", "z": "Z", "z_flag": "QUALITY"},
    "3_desi_dr1_in_lsst_dp1_fields": {
        "id": "TARGETID", "ra": "TARGET_RA", "dec": "TARGET_DEC", "z": "Z", "z_flag": "ZWARN", "z_err": "ZERR",
    },
    "4_mosdef_final_release": {"id": "ID", "ra": "RA", "dec": "DEC", "z": "Z_MOSFIRE", "z_flag": "Z_QUAL"},
    "5_vvds_final_release": {"id": "NUM", "ra": "ALPHA", "dec": "DELTA", "z": "Z", "z_flag": "ZFLAGS"},
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    folder = GOLDEN.parent / "redshift_catalogs"
    return {name: pq.read_table(folder / f"{name[2:]}_random_sample.parquet") for name in _CATALOGUES}


def _combined(tables, rules):
    inputs = [
        {"internal_name": name, "columns": {**columns, "survey": "survey_name"}}
        for name, columns in _CATALOGUES.items()
    ]
    parameters = {"combine_type": "concatenate_and_mark_duplicates", "insert_DP1_footprint_flag": True}
    configuration = CombineConfiguration.model_validate({"inputs": {"specz": inputs}, "param": parameters})
    return combine_redshifts(tables, configuration, rules=rules)


def test_our_rules_say_what_todays_say_of_real_catalogues(tables):
    ours, todays = _combined(tables, FlagsTranslation.default()), _combined(tables, todays_rules())
    assert ours.table.equals(todays.table)
    assert ours.report == todays.report


def test_every_row_comes_with_its_flag_and_its_instrument(tables):
    result = _combined(tables, None)
    assert result.report.rows_out == sum(table.num_rows for table in tables.values())
    assert result.table["instrument_type_homogenized"].null_count == 0
    assert set(result.report.surveys) == {"3D-HST", "6DFGS", "DESI", "MOSDEF", "VVDS"}


def test_catalogue_cut_to_the_data_preview_lies_in_its_fields(tables):
    table = _combined(tables, None).table
    desi = table.filter(pa.array(np.array(table["survey"].to_pylist()) == "DESI"))
    assert set(desi["is_in_DP1_fields"].to_pylist()) == {1}


def test_last_digit_of_vvds_flags_decides(tables):
    table = _combined(tables, None).table
    vvds = table.filter(pa.array(np.array(table["survey"].to_pylist()) == "VVDS")).to_pydict()
    expected = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 9: 2}
    for flag, homogenised in zip(vvds["z_flag"], vvds["z_flag_homogenized"], strict=True):
        assert homogenised == expected.get(int(flag) % 10, 0) or flag < 0
