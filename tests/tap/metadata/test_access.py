"""Metadata as tables: three people of differing rights read what they may, through every change and on two servers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from lxml import etree
from sqlalchemy import update

from core.auth.models import ANONYMOUS, Identity
from core.auth.schema import GroupRow, UserRow
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.files.kept import KeptFolder
from core.settings import Settings
from products.attribution.models import AttributionChanges, Author, Keyword
from products.lifecycle.published import PublishedProducts
from products.models import ProductStatus, Visibility
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from products.service import NewProduct, ProductChanges, ProductService
from tap.metadata.catalog import TableCatalog
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.product_tables import ProductTables
from tap.metadata.tableset import Detail, tableset_chunks
from tap.models import TapTable

_VOSI = {"vosi": "http://www.ivoa.net/xml/VOSITables/v1.0"}


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


@pytest.fixture
def people(database: Database) -> dict[str, Identity]:
    accounts = AccountService(database)
    for name in ("owner", "colleague", "stranger"):
        accounts.add_user(name, None)
    with database.write() as session:
        colleague = session.query(UserRow).filter_by(name="colleague").one()
        session.add(GroupRow(name="team", description="", members=[colleague]))
    known = {name: accounts.identity_of_user(name) for name in ("owner", "colleague", "stranger")}
    return known | {"nobody": ANONYMOUS}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[Database], TableCatalog]]:
    """Compose the catalogue of a server on a database."""
    files: list[MetadataFiles] = []

    def compose(database: Database) -> TableCatalog:
        files.append(MetadataFiles(tmp_path / "scratch"))
        published = PublishedProducts(database, ProductService(database))
        return TableCatalog(
            (ProductTables(published, KeptFolder(tmp_path), Settings(base_url="http://x"), files[-1]),), files[-1]
        )

    yield compose
    for each in files:
        each.close()
    assert list(tmp_path.glob("scratch/*")) == []


def _publish(database: Database, owner: Identity, name: str) -> int:
    number = ProductService(database).create(owner, NewProduct(name, 7)).id
    with database.write() as session:
        row = session.get_one(ProductRow, number)
        row.status, row.published_at = ProductStatus.PUBLISHED, utc_now()
        row.groups = [session.query(GroupRow).filter_by(name="team").one()]
        names = {"table_schema": "other", "table_name": f"p{number}", "stored_id": f"s{number}"}
        session.add(ProductTableRow(product_id=number, rows=1, **names))
        session.add(ProductColumnRow(product_id=number, position=0, name="x", datatype="int"))
    return number


def _rows(catalog: TableCatalog, identity: Identity, table: str, column: str) -> list[object]:
    """Read a column of a metadata table from the files that a query gets, without the rows that the engine hides."""
    found = catalog.lookup(identity).get(table)
    assert found is not None
    located = found.engine_table
    columns = [name for name in (column, located.block_column) if name is not None]
    rows = [row for file in located.files for row in pq.read_table(file, columns=columns).to_pylist()]
    return [row[column] for row in rows if row.get(located.block_column) not in located.hidden]


def _sees(catalog: TableCatalog, identity: Identity, number: int) -> bool:
    """Return whether an identity finds a product anywhere; it finds it everywhere or nowhere."""
    name = f"other.p{number}"
    document = etree.fromstring(b"".join(tableset_chunks(catalog.schemas(identity), "http://x/tap")))
    places = [
        number in _rows(catalog, identity, "photoz.products", "product_id"),
        number in _rows(catalog, identity, "photoz.product_columns", "product_id"),
        name in _rows(catalog, identity, "tap_schema.tables", "table_name"),
        name in _rows(catalog, identity, "tap_schema.columns", "table_name"),
        name in document.xpath("schema/table/name/text()", namespaces=_VOSI),
        name in catalog.tables_of(identity).tables,
        catalog.lookup(identity).get(name) is not None,
    ]
    assert len(set(places)) == 1, places
    assert ("other" in _rows(catalog, identity, "tap_schema.schemas", "schema_name")) or not places[0]
    return places[0]


def test_metadata_show_what_one_may_read_after_each_change_on_both_servers(
    database: Database, people: dict[str, Identity], server: Callable[[Database], TableCatalog]
):
    other = Database(database.url)
    catalogs = (server(database), server(other))
    number, public = (_publish(database, people["owner"], name) for name in ("Changing", "Public"))
    with database.write() as session:
        session.get_one(ProductRow, public).visibility = Visibility.PUBLIC
    readers = {
        Visibility.PUBLIC: {"owner", "colleague", "stranger", "nobody"},
        Visibility.PRIVATE: {"owner"},
        Visibility.GROUPS: {"owner", "colleague"},
        Visibility.REGISTERED: {"owner", "colleague", "stranger"},
    }
    before = None
    for visibility in (*readers, Visibility.PRIVATE):
        with database.write() as session:
            session.execute(update(ProductRow).where(ProductRow.id == number).values(visibility=visibility))
        for catalog in catalogs:
            assert {name for name, who in people.items() if _sees(catalog, who, number)} == readers[visibility]
            assert all(_sees(catalog, who, public) for who in people.values())
        stamps = {catalog.stamp(ANONYMOUS) for catalog in catalogs}
        assert len(stamps) == 1
        assert stamps != before
        before = stamps
    other.close()


def test_people_who_may_read_the_same_share_the_files_of_its_rows(
    database: Database, people: dict[str, Identity], server: Callable[[Database], TableCatalog]
):
    catalog = server(database)
    for name in ("One", "Two"):
        number = _publish(database, people["owner"], name)
    with database.write() as session:
        session.execute(update(ProductRow).values(visibility=Visibility.PUBLIC))

    def files(name: str) -> tuple[Path, ...]:
        table = catalog.lookup(people[name]).get("tap_schema.columns")
        assert table is not None
        return table.engine_table.files

    assert files("nobody") == files("stranger") == files("owner")
    with database.write() as session:
        session.get_one(ProductRow, number).visibility = Visibility.PRIVATE
    assert files("nobody") == files("stranger") != files("owner")


def test_after_a_change_the_list_of_tables_describes_the_changed_product_alone(
    database: Database, people: dict[str, Identity], server: Callable[[Database], TableCatalog]
):
    catalog, owner = server(database), people["owner"]
    numbers = [_publish(database, owner, name) for name in ("One", "Two", "Three")]

    def tables() -> dict[str, TapTable]:
        found = catalog.tables_of(owner).tables
        return {name: table for name, table in found.items() if name.startswith("other.")}

    before = tables()
    ProductService(database).change(owner, numbers[1], ProductChanges(description="Changed"))
    after, changed = tables(), f"other.p{numbers[1]}"
    assert [name for name in before if after[name] is not before[name]] == [changed]
    assert after[changed].description.endswith(": Changed")
    # Another identity that may read the same products shares their descriptions.
    with database.write() as session:
        session.execute(update(ProductRow).values(visibility=Visibility.PUBLIC))
    shared = tables()
    assert all(
        shared[name] is table for name, table in catalog.tables_of(people["nobody"]).tables.items() if name in shared
    )


def test_authors_licence_doi_and_keywords_follow_each_change(
    database: Database, people: dict[str, Identity], server: Callable[[Database], TableCatalog]
):
    catalog, owner = server(database), people["owner"]
    number = _publish(database, owner, "Attributed")

    def shown() -> tuple[object, ...]:
        columns = ("authors", "license", "doi", "keywords")
        return tuple(_rows(catalog, owner, "photoz.products", column)[0] for column in columns)

    assert shown() == (None, None, None, None)
    given = AttributionChanges(
        authors=(Author(name="Leavitt, Henrietta Swan"), Author(name="Humason, Milton")),
        license="CC-BY-4.0",
        doi="https://doi.org/10.5281/zenodo.1234567",
        keywords=(Keyword(text="Redshift surveys", uat=1378), Keyword(text="Cosmology")),
    )
    ProductService(database).change(owner, number, ProductChanges(attribution=given))
    assert shown() == (
        "Leavitt, Henrietta Swan; Humason, Milton",
        "CC-BY-4.0",
        "10.5281/zenodo.1234567",
        "Redshift surveys; Cosmology",
    )


def test_the_least_tableset_has_no_columns_and_the_whole_one_is_in_pieces(
    database: Database, people: dict[str, Identity], server: Callable[[Database], TableCatalog]
):
    catalog = server(database)
    _publish(database, people["owner"], "One")
    for detail, columns in ((Detail.MAX, True), (Detail.MIN, False)):
        chunks = tableset_chunks(catalog.schemas(people["owner"]), "http://x/tap", detail=detail)
        document = etree.fromstring(b"".join(chunks))
        assert document.xpath("schema/name/text()") == ["photoz", "other", "tap_schema"]
        assert bool(document.xpath("//column")) is columns
        assert len(document.xpath("schema/table/name")) == 11
