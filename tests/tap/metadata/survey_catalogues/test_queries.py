"""Queries of survey catalogues in place: their rows, the partitions that they open, and their limits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from core.auth.models import ANONYMOUS, Identity, Scope
from core.cancellation import Cancellation
from core.errors import InvalidValueError
from core.settings import Settings
from core.web.dali import DaliParameters
from products.models import Visibility
from server.services import Services
from tap.engine import Admission, EngineQuery
from tap.metadata.survey_catalogues.models import CatalogueValues
from tests.support.hats import write_hats

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
_MOST_BYTES = 400_000


@dataclass
class Site:
    """The services of a server with a catalogue, and the last query that its engine was given."""

    services: Services
    frame: pd.DataFrame
    last: EngineQuery | None = None

    def rows(self, query: str) -> list[dict[str, object]]:
        parameters = DaliParameters([("LANG", "ADQL"), ("QUERY", query)], {})
        opened = self.services.tap.service.open(parameters, ANONYMOUS, seconds=60)
        with opened.stream as stream:
            names = [column.name for column in opened.description.columns]
            return [dict(zip(names, row.values(), strict=True)) for batch in stream for row in batch.to_pylist()]

    def ids(self, query: str) -> list[object]:
        return sorted(row["id"] for row in self.rows(query))

    @property
    def opened(self) -> int:
        """Number of the files that the last query was given."""
        assert self.last is not None
        return sum(len(table.files) for table in self.last.tables)

    def near(self, ra: float, dec: float, radius: float) -> list[int]:
        places = SkyCoord(self.frame.ra, self.frame.dec, unit="deg")
        return sorted(self.frame.id[places.separation(SkyCoord(ra, dec, unit="deg")) <= radius * u.deg])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, empty_sqlite) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("surveys")
    frame = _frame()
    write_hats(frame, folder / "sky", most_rows=100)
    write_hats(frame, folder / "bare", most_rows=100, metadata=False, index=False)
    chosen = Settings(
        data=folder / "data",
        database_url=empty_sqlite.url(folder / "photoz.sqlite") if hasattr(empty_sqlite, "url") else None,
        catalogue_places=(str(folder),),
        catalogue_query_bytes=_MOST_BYTES,
        query_workers=1,
    )
    yield from _running(chosen, frame, folder)


def _running(chosen: Settings, frame: pd.DataFrame, folder: Path) -> Iterator[Site]:
    services = Services(chosen)
    made = Site(services, frame)
    try:
        for name in ("sky", "bare"):
            values = CatalogueValues(visibility=Visibility.PUBLIC)
            services.tap.catalogues.add(_ADMIN, name, str(folder / name), values)
        admit = services.tap.engine.admit

        def seen(query: EngineQuery, cancellation: Cancellation | None = None) -> Admission:
            made.last = query
            return admit(query, cancellation)

        services.tap.engine.admit = seen
        yield made
    finally:
        services.close()


def _frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    whole = 1500
    ra = np.concatenate([random.uniform(0, 360, whole), random.normal(0, 0.7, 700) % 360, random.uniform(0, 360, 300)])
    dec = np.concatenate(
        [
            np.degrees(np.arcsin(random.uniform(-1, 1, whole))),
            random.normal(0, 0.7, 700),
            90 - np.abs(random.normal(0, 1.0, 300)),
        ]
    )
    mag = np.where(random.random(len(ra)) < 0.1, np.nan, random.normal(22, 1, len(ra)))
    return pd.DataFrame({"id": np.arange(len(ra)), "ra": ra, "dec": dec, "mag": mag})
