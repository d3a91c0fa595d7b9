"""Real catalogues, in every format, from upload through TAP to download, against a running server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import pandas as pd
import pytest
import pyvo
import requests
from astropy.table import Table

from tests.server.api import Api
from tests.server.comparing import assert_same_rows
from tests.support.server import running_server
from tests.support.tools import Stilts

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
RAIL = {
    "rubin_dm_dc2_example.pq": ("object_catalog", {"ra": "ra", "decl": "dec", "objectId": "id"}),
    "test_dc2_training_9816.pq": ("training_set", {"redshift": "z", "id": "id"}),
    "test_dc2_training_9816.hdf5": ("training_set", {"redshift": "z", "id": "id"}),
    "test_dc2_validation_9816.hdf5": ("training_set", {"redshift": "z", "id": "id"}),
    "training_100gal.hdf5": ("training_set", {"redshift": "z", "id": "id"}),
}


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and a user of it."""

    api: Api
    tap: pyvo.dal.TAPService


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_server(tmp_path_factory.mktemp("site") / "data") as server:
        assert server.account is not None
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {server.account.token}"
        yield Site(
            Api(server.base_url, server.account.token), pyvo.dal.TAPService(f"{server.base_url}/tap", session=session)
        )


def _csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _fits(frame: pd.DataFrame, path: Path) -> None:
    _astropy_table(frame).write(path, format="fits")


def _hdf5(frame: pd.DataFrame, path: Path) -> None:
    _astropy_table(frame).write(path, format="hdf5", path="data", serialize_meta=True)


def _astropy_table(frame: pd.DataFrame) -> Table:
    table = Table()
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            table[name] = column.fillna("").astype(str).to_numpy().astype(str)
        else:
            table[name] = column.to_numpy()
    return table


def _photometry(path: Path) -> pd.DataFrame:
    with h5py.File(path) as file:
        return pd.DataFrame({name: dataset[:] for name, dataset in file["photometry"].items()})


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": _csv,
    "fits": _fits,
    "hdf5": _hdf5,
    "parquet": _parquet,
}


def _check(site: Site, stilts: Stilts, product: dict, path: Path, expected: pd.DataFrame, tmp_path: Path) -> None:
    query = f"SELECT * FROM {product['tap_table']}"
    assert_same_rows(site.tap.search(query, maxrec=1_000_000).to_table(), expected)
    result = tmp_path / "result.fits"
    stilts(
        "tapquery",
        f"tapurl={site.api.base_url}/tap",
        "sync=true",
        f"adql={query}",
        f"out={result}",
    )
    assert_same_rows(Table.read(result), expected)
    download = site.api.call("GET", f"products/{product['id']}/main_file/")
    assert download.content == path.read_bytes()


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("name", CATALOGUES)
def test_a_redshift_catalogue_keeps_its_values(
    site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    original = pd.read_parquet(shared_data / "redshift_catalogs" / f"{name}.parquet")
    path = tmp_path / f"{name}.{suffix}"
    WRITERS[suffix](original, path)
    product = site.api.publish(f"{name} {suffix}", "redshift_catalog", path, CATALOGUES[name], visibility="public")
    expected = original.reset_index(drop=True)
    _check(site, stilts, product, path, expected, tmp_path)


@pytest.mark.parametrize("name", RAIL)
def test_a_table_of_rail_keeps_its_values(site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str):
    path = shared_data / "rail" / name
    kind, meanings = RAIL[name]
    expected = pd.read_parquet(path).reset_index(drop=True) if path.suffix == ".pq" else _photometry(path)
    product = site.api.publish(name, kind, path, meanings, visibility="public")
    _check(site, stilts, product, path, expected, tmp_path)
