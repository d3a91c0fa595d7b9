"""Readers of survey catalogues in queries, TAP_SCHEMA and lists, also of the object catalogue of a release."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.auth.models import Identity, Scope
from core.database import Database
from core.errors import ConflictError, InvalidValueError
from core.files.kept import KeptFolder
from products.lifecycle.releases import ReleaseAdministration, ReleaseValues
from products.models import Visibility
from tap.metadata.catalog import TableCatalog
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.survey_catalogues.copies import PartitionCopies
from tap.metadata.survey_catalogues.models import CatalogueValues
from tap.metadata.survey_catalogues.plans import CataloguePlans
from tap.metadata.survey_catalogues.service import SurveyCatalogues
from tap.metadata.survey_catalogues.tables import SurveyTables
from tests.support.hats import write_hats

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
_FRAME = pd.DataFrame({"id": np.arange(8), "ra": np.arange(0.0, 360, 45), "dec": np.arange(-80.0, 80, 20)})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_hats(_FRAME, tmp_path / "place" / "sky", most_rows=100)
    return tmp_path / "place"


_READERS = {
    Visibility.PUBLIC: {"admin", "member", "stranger", "nobody"},
    Visibility.REGISTERED: {"admin", "member", "stranger"},
    Visibility.GROUPS: {"admin", "member"},
    Visibility.PRIVATE: {"admin"},
}


@pytest.fixture
def catalog(service: SurveyCatalogues, tmp_path: Path) -> Iterator[TableCatalog]:
    files = MetadataFiles(tmp_path / "scratch")
    plans = CataloguePlans(KeptFolder(tmp_path / "lists"), PartitionCopies(tmp_path / "copies", 0), most_bytes=0)
    yield TableCatalog((SurveyTables(service, plans),), files)
    files.close()


def test_a_catalogue_is_in_no_list_of_those_who_may_not_read_it(
    service: SurveyCatalogues, place: Path, catalog: TableCatalog, people: dict[str, Identity]
):
    service.add(_ADMIN, "sky", str(place / "sky"), CatalogueValues())
    for visibility, readers in _READERS.items():
        groups = ("team",) if visibility is Visibility.GROUPS else ()
        service.change(_ADMIN, "sky", CatalogueValues("", visibility, groups))
        for name, identity in people.items():
            assert _sees(catalog, identity) is (name in readers), (visibility, name)


@pytest.mark.parametrize("visibility", list(Visibility))
def test_a_release_restricts_the_readers_of_its_object_catalogue(
    service: SurveyCatalogues,
    place: Path,
    catalog: TableCatalog,
    people: dict[str, Identity],
    sqlite_tables_url: str,
    visibility: Visibility,
):
    database = Database(sqlite_tables_url)
    releases = ReleaseAdministration(database)
    releases.save(_ADMIN, ReleaseValues("dp1", "Data Preview 1"))
    groups = ("team",) if visibility is Visibility.GROUPS else ()
    added = service.add(_ADMIN, "sky", str(place / "sky"), CatalogueValues("", visibility, groups, release="dp1"))
    assert added.release == "dp1"
    inside = {"admin", "member"}
    # What is public stays public, as products do, until groups close the release.
    for values, readers in (
        (ReleaseValues("dp1", "Data Preview 1"), _READERS[visibility]),
        (ReleaseValues("dp1", "Data Preview 1", groups=("team",)), _READERS[visibility] & inside),
        (ReleaseValues("dp1", "Data Preview 1", groups=("team",), is_public=True), _READERS[visibility]),
    ):
        releases.save(_ADMIN, values, name="dp1")
        for name, identity in people.items():
            assert _sees(catalog, identity) is (name in readers), (values, name)
    database.close()


def test_a_release_is_kept_while_it_has_an_object_catalogue(
    service: SurveyCatalogues, place: Path, sqlite_tables_url: str
):
    database = Database(sqlite_tables_url)
    releases = ReleaseAdministration(database)
    with pytest.raises(InvalidValueError, match="no release named 'dp1'"):
        service.add(_ADMIN, "sky", str(place / "sky"), CatalogueValues(release="dp1"))
    releases.save(_ADMIN, ReleaseValues("dp1", "Data Preview 1"))
    service.add(_ADMIN, "sky", str(place / "sky"), CatalogueValues(release="dp1"))
    assert [found.name for found in service.of_release(_ADMIN, "dp1")] == ["sky"]
    with pytest.raises(ConflictError, match="object catalogue of the release 'dp1'"):
        releases.delete(_ADMIN, "dp1")
    service.change(_ADMIN, "sky", CatalogueValues())
    assert service.of_release(_ADMIN, "dp1") == ()
    releases.delete(_ADMIN, "dp1")
    database.close()


def _sees(catalog: TableCatalog, identity: Identity) -> bool:
    """Return whether an identity finds the catalogue anywhere; it finds it everywhere or nowhere."""
    listed: dict[str, list[object]] = {}
    for name in ("tables", "columns"):
        found = catalog.lookup(identity).get(f"tap_schema.{name}")
        assert found is not None
        located = found.engine_table
        wanted = [column for column in ("table_name", located.block_column) if column is not None]
        rows = [row for file in located.files for row in pq.read_table(file, columns=wanted).to_pylist()]
        listed[name] = [row["table_name"] for row in rows if row.get(located.block_column) not in located.hidden]
    places = {
        "hats.sky" in catalog.tables_of(identity).tables,
        "hats" in [schema.name for schema, _ in catalog.schemas(identity)],
        catalog.lookup(identity).get("hats.sky") is not None,
        "hats.sky" in listed["tables"],
        "hats.sky" in listed["columns"],
    }
    assert len(places) == 1
    return places.pop()
