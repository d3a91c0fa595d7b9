"""Table catalogue composed from providers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from core.auth.models import ANONYMOUS, Identity
from core.columns import Column
from tap.adql import CatalogTable, QueryError, translate
from tap.engine import DuckDBEngine, EngineQuery
from tap.metadata.catalog import TableBlock, TableCatalog, TableProvider
from tap.metadata.metadata_files import MetadataFiles
from tap.models import TapSchema, TapTable

SOMEBODY = Identity(user_id=7, name="somebody")


class Provider:
    """One schema with one table of the versions that it had; what it holds back is for accounts alone."""

    def __init__(self, schema: str, *, for_everybody: bool = True) -> None:
        self.schema = schema
        self.for_everybody = for_everybody
        self.version = 1
        self.asked: list[str | None] = []

    def stamp(self) -> object:
        return self.version

    def schemas(self, identity: Identity) -> list[TapSchema]:
        return [TapSchema(self.schema, f"Schema {self.schema}", ())] if self.shows(identity) else []

    def tables(self, identity: Identity, schema: str) -> list[TapTable]:
        self.asked.append(identity.name)
        return [_table(self.schema, self.version)] if self.shows(identity) and schema == self.schema else []

    def blocks(self, identity: Identity) -> Iterator[TableBlock]:
        if self.shows(identity):
            yield TableBlock(f"{self.schema} {self.version}", lambda: self.tables(identity, self.schema))

    def shows(self, identity: Identity) -> bool:
        return self.for_everybody or identity.user_id is not None

    def named(self, identity: Identity, schema: str, name: str) -> Iterator[TapTable]:
        if self.shows(identity) and (schema.lower(), name.lower()) == (self.schema, "things"):
            yield _table(self.schema, self.version)


def _table(schema: str, version: int) -> TapTable:
    columns = (Column("version", "long", description="Version of the provider"), Column("text", "unicodeChar", "*"))
    return TapTable(
        schema=schema,
        entry=CatalogTable(f"{schema}.things", columns, None, False, schema, "things"),
        description=f"Things of {schema}",
        principal=frozenset({"version"}),
        rows=lambda: pa.table({"version": [version], "text": [schema]}),
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Callable[..., TableCatalog]:
    def compose(*providers: TableProvider) -> TableCatalog:
        return TableCatalog(providers, MetadataFiles(tmp_path))

    return compose


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., list[dict]]]:
    engine = DuckDBEngine(workers=1, waiting=0, temp_folder=Path(tmp_path_factory.mktemp("engine")))

    def run_query(tables: TableCatalog, adql: str, identity: Identity = ANONYMOUS) -> list[dict]:
        tables_of_query = tables.lookup(identity)
        translation = translate(adql, tables_of_query)
        read = tuple(tables_of_query.found[entry.name].engine_table for entry in translation.tables)
        query = EngineQuery(translation.sql, read, 30, 200_000_000, 1, 10_000_000)
        with engine.open(query) as stream:
            return [row for batch in stream for row in batch.to_pylist()]

    try:
        yield run_query
    finally:
        engine.close()


def test_tables_of_all_providers_can_be_joined(run, catalog):
    tables = catalog(Provider("rr"), Provider("other"))
    query = "SELECT a.text AS a, b.text AS b FROM rr.things AS a JOIN other.things AS b ON a.version = b.version"
    assert run(tables, query) == [{"a": "rr", "b": "other"}]


def test_tap_schema_describes_what_providers_give_in_their_order_and_itself_last(run, catalog):
    tables = catalog(Provider("rr"), Provider("other"))
    schemas = "SELECT schema_name, description FROM tap_schema.schemas ORDER BY schema_index"
    names = [(row["schema_name"], row["description"]) for row in run(tables, schemas)]
    assert names[:2] == [("rr", "Schema rr"), ("other", "Schema other")]
    assert [name for name, _ in names[2:]] == ["tap_schema"]
    columns = "SELECT column_name, datatype FROM tap_schema.columns WHERE table_name = 'rr.things'"
    assert [row["column_name"] for row in run(tables, columns)] == ["version", "text"]
    assert [schema.name for schema in catalog().tables_of(ANONYMOUS).schemas] == ["tap_schema"]


def test_providers_decide_what_an_identity_may_query(run, catalog):
    tables = catalog(Provider("rr"), Provider("hidden", for_everybody=False))
    assert run(tables, "SELECT text FROM hidden.things", SOMEBODY) == [{"text": "hidden"}]
    with pytest.raises(QueryError, match=r"Unknown table hidden\.things"):
        run(tables, "SELECT text FROM hidden.things")
    assert run(tables, "SELECT schema_name FROM tap_schema.schemas WHERE schema_name = 'hidden'") == []


def test_metadata_are_made_again_for_what_has_changed_only(run, catalog):
    one, other = Provider("rr"), Provider("other")
    tables = catalog(one, other)
    query = "SELECT table_name, column_name FROM tap_schema.columns WHERE table_name LIKE '%things'"
    first = run(tables, query)
    assert len(first) == 4
    assert run(tables, query, SOMEBODY) == first
    assert one.asked == other.asked == [None]  # whoever may query the same reads the same rows
    other.version = 2
    assert run(tables, query) == first
    assert (one.asked, other.asked) == ([None], [None, None])
    assert run(tables, "SELECT version FROM other.things") == [{"version": 2}]
    assert (one.asked, other.asked) == ([None], [None, None])  # one table is looked up alone


def test_stamps_differ_by_version_and_identity(catalog):
    one = Provider("rr")
    tables = catalog(one)
    stamps = {tables.stamp(ANONYMOUS), tables.stamp(SOMEBODY), tables.stamp(ANONYMOUS)}
    one.version = 2
    stamps |= {tables.stamp(ANONYMOUS), tables.stamp(SOMEBODY)}
    assert len(stamps) == 4


def test_a_misspelt_name_is_answered_with_one_that_the_identity_may_query(run, catalog):
    tables = catalog(Provider("rr"), Provider("hidden", for_everybody=False))
    with pytest.raises(
        QueryError, match=r"Unknown table hidden\.thing at line 1, column 18; did you mean hidden\.things"
    ):
        run(tables, "SELECT text FROM hidden.thing", SOMEBODY)
    for name in ("hidden.thing", "hidden.things", "things", "a.b.c"):
        with pytest.raises(QueryError, match="Unknown table") as caught:
            run(tables, f"SELECT text FROM {name}")
        assert "mean hidden" not in str(caught.value)
