"""Tables of RAIL, as they are and in every format, from upload through TAP to download, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import pandas as pd
import pytest
from astropy.table import Table

from tests.server.real_tables import WRITERS, Site, check_whole_path, running_site, some_formats_each
from tests.support.postgres import PostgresServer
from tests.support.tools import Stilts

pytestmark = pytest.mark.slow

#: Type and meanings of each table.
RAIL = {
    "rubin_dm_dc2_example.pq": ("object_catalog", {"ra": "ra", "decl": "dec", "objectId": "id"}),
    "test_dc2_training_9816.pq": ("training_set", {"redshift": "z", "id": "id"}),
    "test_dc2_training_9816.hdf5": ("training_set", {"redshift": "z", "id": "id"}),
    "test_dc2_validation_9816.hdf5": ("training_set", {"redshift": "z", "id": "id"}),
    "training_100gal.hdf5": ("training_set", {"redshift": "z", "id": "id"}),
}


_AS_IT_IS = "as it is"
FORMATS = (_AS_IT_IS, *WRITERS)


@pytest.fixture(scope="module")
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site") / "data", None) as site:
        yield site


@pytest.fixture(scope="module")
def postgres_site(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with postgres.new_database() as url, running_site(tmp_path_factory.mktemp("site") / "data", url) as site:
        yield site


@pytest.mark.parametrize(("name", "suffix"), some_formats_each(RAIL, FORMATS, 2))
def test_a_table_of_rail_keeps_its_values(
    sqlite_site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    _check(sqlite_site, stilts, shared_data / "rail" / name, tmp_path, suffix)


@pytest.mark.parametrize(("name", "suffix"), some_formats_each(RAIL, FORMATS, 1, start=2))
def test_a_table_of_rail_keeps_its_values_on_postgresql(
    postgres_site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    _check(postgres_site, stilts, shared_data / "rail" / name, tmp_path, suffix)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", ["output_BPZ_lite.fits", "output_BPZ_lite.hdf5"])
def test_estimates_of_rail_are_kept_and_their_point_estimates_are_queried(
    request: pytest.FixtureRequest, shared_data: Path, database: str, name: str
):
    site: Site = request.getfixturevalue(f"{database}_site")
    path = shared_data / "rail" / name
    product = site.api.publish(name, "photoz_estimates", path, {}, visibility="public")
    found = site.tap.search(f"SELECT zmode FROM {product['tap_table']}").to_table()
    assert sorted(found["zmode"]) == sorted(_point_estimates(path))
    assert site.api.call("GET", f"products/{product['id']}/main_file/").content == path.read_bytes()


def _check(site: Site, stilts: Stilts, original: Path, folder: Path, suffix: str) -> None:
    """Write a table to a file, unless it is to be as it is, and take it the whole way."""
    kind, meanings = RAIL[original.name]
    expected = _read(original)
    if suffix == _AS_IT_IS:
        path = folder / original.name
        path.write_bytes(original.read_bytes())
    else:
        path = folder / f"{original.stem}.{suffix}"
        WRITERS[suffix](expected, path)
    check_whole_path(site, stilts, kind, path, meanings, expected)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".pq":
        return pd.read_parquet(path).reset_index(drop=True)
    with h5py.File(path) as file:
        return pd.DataFrame({name: dataset[:] for name, dataset in file["photometry"].items()})


def _point_estimates(path: Path) -> list[float]:
    if path.suffix == ".fits":
        for hdu in range(1, 10):
            table = Table.read(path, hdu=hdu)
            if "zmode" in table.colnames:
                return [float(value) for value in table["zmode"].ravel()]
    with h5py.File(path) as file:
        return [float(value) for value in file["ancil"]["zmode"][:].ravel()]
