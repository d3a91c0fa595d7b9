"""Rows of TAP_SCHEMA that are made from records of columns: those that the descriptions of the tables give."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.auth.models import ANONYMOUS, Identity
from core.auth.service import AccountService
from core.columns import Column
from core.database import Database, utc_now
from core.files.kept import KeptFolder
from core.settings import Settings
from products.lifecycle.published import PublishedProducts
from products.models import ColumnSummary, ProductStatus, Visibility
from products.schema import ProductColumnRow, ProductFileRow, ProductRow, ProductTableRow
from products.service import NewProduct, ProductService
from tap.metadata.catalog import TableBlock
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.product_tables import ProductTables
from tap.metadata.rows import product_column_rows, product_rows, tap_schema_rows

#: Columns, each with its alias and statistics, of tables that differ in what is known of them.
TABLES = (
    (
        (Column("RA", "double", unit="deg", ucd="pos.eq.ra;meta.main"), "RA", ColumnSummary(0, 1.5, 9.0, 8)),
        (Column("Dec", "double", unit="deg", utype="x:dec"), "Dec", ColumnSummary(2, None, None, None)),
        (Column("select", "char", "*", xtype="timestamp", description="a reserved word"), None, None),
        (Column("sdss u-g", "float", "5"), None, ColumnSummary(10, None, None, 0)),
        (Column("pdf", "double", "3x2", density='{"form": "interp"}'), None, None),
    ),
    ((Column("z", "float"), None, None), (Column("größe", "unicodeChar", "12*"), None, None)),
    (),
    ((Column("only_a_column", "int"), None, None),),
)


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


@pytest.fixture
def published(database: Database) -> PublishedProducts:
    accounts = AccountService(database)
    accounts.add_user("owner", None)
    owner = accounts.identity_of_user("owner")
    for columns in TABLES:
        _publish(database, owner, columns, has_table=columns is not TABLES[-1])
    return PublishedProducts(database, ProductService(database))


def _publish(
    database: Database,
    owner: Identity,
    columns: tuple[tuple[Column, str | None, ColumnSummary | None], ...],
    *,
    has_table: bool,
) -> None:
    number = ProductService(database).create(owner, NewProduct(f"Of {len(columns)}", 7, description="*An* example")).id
    with database.write() as session:
        row = session.get_one(ProductRow, number)
        row.status, row.published_at, row.visibility = ProductStatus.PUBLISHED, utc_now(), Visibility.PUBLIC
        if has_table:
            position = {"ra": "RA", "dec": "Dec"} if columns[:1] == TABLES[0][:1] else {}
            names = {"table_schema": "other", "table_name": f"p{number}", "stored_id": f"s{number}"}
            session.add(ProductTableRow(product_id=number, rows=10 if position else 0, **names, **position))
        for place, (column, alias, summary) in reversed(list(enumerate(columns))):
            session.add(
                ProductColumnRow.of(number, place, column, ucd=column.ucd, alias=alias, stated=None, summary=summary)
            )


@pytest.mark.parametrize("name", ["columns", "tables"])
def test_rows_from_records_are_those_from_descriptions(published: PublishedProducts, tmp_path: Path, name: str):
    files = MetadataFiles(tmp_path)
    provider = ProductTables(published, KeptFolder(tmp_path), Settings(base_url="http://x"), files)
    blocks = [block for block in provider.blocks(ANONYMOUS) if not block.has_keys]
    assert blocks
    for block in blocks:
        from_records = block.rows[name]()
        assert from_records.num_rows == {"columns": 7, "tables": 2}[name]
        assert from_records.equals(tap_schema_rows(name, block.tables()))
    files.close()


def test_columns_of_products_are_listed_with_and_without_a_table(published: PublishedProducts):
    rows = product_column_rows(published.columns(tuple(published.visible(ANONYMOUS)))).to_pylist()
    assert [row["column_name"] for row in rows] == [column.name for table in TABLES for column, _, _ in table]
    assert [row["column_index"] for row in rows] == [0, 1, 2, 3, 4, 0, 1, 0]
    assert [row["alias"] for row in rows][:3] == ["RA", "Dec", None]
    assert [row["table_name"] is None for row in rows] == [False] * 7 + [True]


def test_products_are_described_alike_with_and_without_their_columns(published: PublishedProducts, database: Database):
    with database.write() as session:
        number = session.query(ProductRow).first().id
        names = {"name": "a.csv", "media_type": "text/csv", "stored_id": "f1", "md5": "m", "sha256": "s"}
        times = {"created_at": utc_now(), "updated_at": utc_now()}
        session.add(ProductFileRow(product_id=number, role=0, size=3, extension=".csv", details={}, **names, **times))
    products = tuple(published.visible(ANONYMOUS))
    for table in ("products", "product_files"):
        made = [product_rows(table, published.details(products, columns=known), "http://x") for known in (True, False)]
        assert made[0].equals(made[1])
        assert made[0].num_rows == {"products": 4, "product_files": 1}[table]


def test_blocks_that_have_not_changed_stay_the_same_objects(
    published: PublishedProducts, database: Database, tmp_path: Path
):
    """Thousands of new objects for each query would make Python's garbage collector run every few queries."""
    provider = ProductTables(published, tmp_path, Settings(base_url="http://x"), MetadataFiles(tmp_path))

    def blocks() -> list[TableBlock]:
        return [block for block in provider.blocks(ANONYMOUS) if not block.has_keys]

    first = blocks()
    assert [id(block) for block in blocks()] == [id(block) for block in first]
    assert first[0].row_block("columns") is first[0].row_block("columns")
    with database.write() as session:
        session.get_one(ProductRow, 1).description = "Changed"
    changed = blocks()
    assert changed[0].key != first[0].key
    assert changed[0].rows["products"]().column("description").to_pylist()[0] == "Changed"
