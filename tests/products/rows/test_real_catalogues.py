"""The rows of real catalogues are all in their derived Parquet, in the order of the sky."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from cdshealpix.nested import skycoord_to_healpix

from core.columns import HEALPIX_COLUMN
from products.readers import open_table
from products.rows.derive import derive_rows
from tests.products.rows.tables import silent, stored_table

_CATALOGUES = Path(__file__).parents[4] / "shared" / "data" / "redshift_catalogs"
_POSITIONS = {
    "2dfgrs_final_release_random_sample": ("ra_j2000_deg", "dec_j2000_deg"),
    "2mrs_v240_random_sample": ("RA", "DEC"),
    "3dhst_v4.1.5_random_sample": ("ra", "dec"),
    "desi_dr1_in_lsst_dp1_fields_random_sample": ("TARGET_RA", "TARGET_DEC"),
    "elaiss1oid": ("RAdeg", "DEdeg"),
    "vvds_final_release_random_sample": ("ALPHA", "DELTA"),
}


@pytest.mark.parametrize("name", _POSITIONS)
def test_rows_of_a_real_catalogue_are_those_that_pandas_reads(name, tmp_path) -> None:
    source = _CATALOGUES / f"{name}.parquet"
    if not source.exists():
        pytest.skip(f"the real data are not here: {source.name}")
    target = tmp_path / "rows.parquet"
    with open_table(source, source.name, scratch=tmp_path) as reader:
        found = derive_rows(reader, target, meanings=None, progress=silent, scratch=tmp_path)
    original, rows = pd.read_parquet(source), stored_table(target)
    ra, dec = (original[column].to_numpy(float) for column in _POSITIONS[name])
    cells = skycoord_to_healpix(SkyCoord(ra, dec, unit="deg"), 29).astype(np.int64)
    order = np.argsort(cells, kind="stable")
    np.testing.assert_array_equal(rows[HEALPIX_COLUMN].to_numpy(), cells[order])
    assert found.rows == len(original)
    for column in found.columns:
        if column.is_numeric:
            expected = original[column.name].to_numpy(float, na_value=np.nan)
            stored = rows[column.name].to_numpy().astype(float)
            np.testing.assert_array_equal(stored, expected[order], err_msg=column.name)
