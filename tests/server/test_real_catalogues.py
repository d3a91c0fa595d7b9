"""Real redshift catalogues, in every format, from upload through TAP to download, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.server.real_tables import WRITERS, Site, check_whole_path, running_site, some_formats_each
from tests.support.postgres import PostgresServer
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
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site") / "data", None) as site:
        yield site


@pytest.fixture(scope="module")
def postgres_site(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with postgres.new_database() as url, running_site(tmp_path_factory.mktemp("site") / "data", url) as site:
        yield site


@pytest.mark.parametrize(("name", "suffix"), some_formats_each(CATALOGUES, WRITERS, 2))
def test_a_redshift_catalogue_keeps_its_values(
    sqlite_site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    _check(sqlite_site, stilts, shared_data, tmp_path / f"{name}.{suffix}")


@pytest.mark.parametrize(("name", "suffix"), some_formats_each(CATALOGUES, WRITERS, 1, start=2))
def test_a_redshift_catalogue_keeps_its_values_on_postgresql(
    postgres_site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    _check(postgres_site, stilts, shared_data, tmp_path / f"{name}.{suffix}")


def _check(site: Site, stilts: Stilts, shared_data: Path, path: Path) -> None:
    """Write a catalogue to a file and take it the whole way."""
    name, suffix = path.name.rsplit(".", 1)
    original = pd.read_parquet(shared_data / "redshift_catalogs" / f"{name}.parquet")
    WRITERS[suffix](original, path)
    check_whole_path(site, stilts, "redshift_catalog", path, CATALOGUES[name], original.reset_index(drop=True))
