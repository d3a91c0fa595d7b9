"""Real redshift catalogues, in every format, from upload through TAP to download, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.server.real_tables import WRITERS, Site, check_whole_path, running_site
from tests.support.tools import Stilts

pytestmark = pytest.mark.slow

#: Columns of position and redshift, as the notes that come with the data say.
CATALOGUES = {
    "2dfgrs_final_release_random_sample": {"ra_j2000_deg": "ra", "dec_j2000_deg": "dec", "z": "z", "quality": "z_flag"},
    "2dflens_final_release_random_sample": {"RA": "ra", "Dec": "dec", "z": "z", "qual": "z_flag", "unique_id": "id"},
    "2mrs_v240_random_sample": {"RA": "ra", "DEC": "dec", "redshift": "z", "redshift_err": "z_err", "TMID": "id"},
    "3dhst_v4.1.5_random_sample": {"ra": "ra", "dec": "dec", "z_best": "z"},
    "6dfgs_dr3_random_sample": {"RA_deg": "ra", "DEC_deg": "dec", "Z": "z", "QUALITY": "z_flag", "SPECID": "id"},
    "desi_dr1_in_lsst_dp1_fields_random_sample": {
        "TARGET_RA": "ra",
        "TARGET_DEC": "dec",
        "Z": "z",
        "ZERR": "z_err",
        "ZWARN": "z_flag",
        "TARGETID": "id",
    },
    "elaisfbmc": {"RAdeg": "ra", "DEdeg": "dec", "zbest": "z", "zbest_quality": "z_flag"},
    "elaiss1oid": {"RAdeg": "ra", "DEdeg": "dec", "z": "z", "q_z": "z_flag"},
    "mosdef_final_release_random_sample": {"RA": "ra", "DEC": "dec", "Z_MOSFIRE": "z", "Z_QUAL": "z_flag", "ID": "id"},
    "test_homogenized_columns_out_of_range": {"ra": "ra", "dec": "dec", "z": "z"},
    "test_survey_col_missing": {"ra": "ra", "dec": "dec", "z": "z"},
    "test_survey_not_supported": {"ra": "ra", "dec": "dec", "z": "z"},
    "test_survey_supported_but_wrong_flags": {"ra": "ra", "dec": "dec", "z": "z"},
    "vvds_final_release_random_sample": {"ALPHA": "ra", "DELTA": "dec", "Z": "z", "ZFLAGS": "z_flag", "NUM": "id"},
    "z_cat_NED_clean_sitcomtn-154_random_sample": {"RA": "ra", "DEC": "dec", "redshift": "z", "quality": "z_flag"},
}


@pytest.fixture(scope="module")
def site(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site") / "data", module_database_url) as site:
        yield site


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("name", CATALOGUES)
def test_a_redshift_catalogue_keeps_its_values(
    site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    original = pd.read_parquet(shared_data / "redshift_catalogs" / f"{name}.parquet")
    path = tmp_path / f"{name}.{suffix}"
    WRITERS[suffix](original, path)
    # Rows do not come from the metadata database, so STILTS reads one format of each on the second one.
    reader = stilts if site.database == "sqlite" or suffix == "parquet" else None
    check_whole_path(site, reader, "redshift_catalog", path, CATALOGUES[name], original.reset_index(drop=True))
