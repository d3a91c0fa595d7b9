"""Tables of RAIL, as they are and in every format, from upload through TAP to download, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import pandas as pd
import pytest
from astropy.table import Table

from tests.server.real_tables import WRITERS, Site, check_whole_path, running_site
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


@pytest.fixture(scope="module")
def site(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site") / "data", module_database_url) as site:
        yield site


@pytest.mark.parametrize("suffix", ["as it is", *WRITERS])
@pytest.mark.parametrize("name", RAIL)
def test_a_table_of_rail_keeps_its_values(
    site: Site, stilts: Stilts, shared_data: Path, tmp_path: Path, name: str, suffix: str
):
    original = shared_data / "rail" / name
    kind, meanings = RAIL[name]
    expected = _read(original)
    if suffix == "as it is":
        path = tmp_path / name
        path.write_bytes(original.read_bytes())
    else:
        path = tmp_path / f"{original.stem}.{suffix}"
        WRITERS[suffix](expected, path)
    # Rows do not come from the metadata database, so STILTS reads one format of each on the second one.
    reader = stilts if site.database == "sqlite" or suffix == "parquet" else None
    check_whole_path(site, reader, kind, path, meanings, expected)


@pytest.mark.parametrize("name", ["output_BPZ_lite.fits", "output_BPZ_lite.hdf5"])
def test_estimates_of_rail_are_kept_and_their_point_estimates_are_queried(site: Site, shared_data: Path, name: str):
    path = shared_data / "rail" / name
    product = site.api.publish(name, "photoz_estimates", path, {}, visibility="public")
    found = site.tap.search(f"SELECT zmode FROM {product['tap_table']}").to_table()
    assert sorted(found["zmode"]) == sorted(_point_estimates(path))
    assert site.api.call("GET", f"products/{product['id']}/main_file/").content == path.read_bytes()


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
