"""Two products that the tests of products read and never change."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from astropy.table import Table
from pzserver import Product, PzServer

from tests.support.accounts import new_account
from tests.support.server import RunningServer

ROWS = 300


@dataclass(frozen=True)
class Surveys:
    """A deep survey, and a shallow one with every second object of it, some arcseconds away."""

    deep: Product
    shallow: Product
    deep_rows: Table
    shallow_rows: Table


@pytest.fixture(scope="session")
def surveyor(library_server: RunningServer) -> Iterator[PzServer]:
    """The account of the two products, which several files read."""
    with PzServer(new_account(library_server, "surveyor"), library_server.base_url) as server:
        yield server


@pytest.fixture(scope="session")
def surveys(surveyor: PzServer, tmp_path_factory: pytest.TempPathFactory) -> Surveys:
    folder, random = tmp_path_factory.mktemp("surveys"), np.random.default_rng(11)
    deep = Table(
        {
            "num": np.arange(ROWS),
            "ra": random.uniform(150.0, 150.05, ROWS),
            "dec": random.uniform(2.0, 2.05, ROWS),
            "z": random.uniform(0, 2, ROWS),
            "flux": random.normal(size=(ROWS, 3)).astype(np.float32),
        }
    )
    shallow = deep[::2]["num", "ra", "dec", "z"]
    shallow["dec"] += random.uniform(-3, 3, len(shallow)) / 3600
    made = []
    for name, table in (("Deep survey", deep), ("Shallow survey", shallow)):
        path = folder / f"{name}.parquet"
        table.write(path)
        columns = {"num": "ID", "ra": "RA", "dec": "Dec", "z": "z"}
        made.append(surveyor[surveyor.upload(name, "redshift_catalog", path, columns=columns).product_id])
    return Surveys(*made, deep, shallow)
