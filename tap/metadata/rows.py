"""Rows of TAP_SCHEMA and ``photoz``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import pyarrow as pa

from core.columns import Column, field_of_column
from products.lifecycle.recorded_columns import RecordedColumns
from products.models import ProductTable, ProductType, Release
from products.service import ProductDetails
from tap.identifiers import identifier
from tap.metadata.standard_tables import PHOTOZ_COLUMNS, TAP_SCHEMA_COLUMNS
from tap.models import TapTable

__all__ = [
    "PRODUCT_TABLES",
    "list_rows",
    "product_column_rows",
    "product_rows",
    "product_table_rows",
    "rows_by_name",
    "schema_column_rows",
    "schema_rows",
    "tap_schema_rows",
]

#: Tables of ``photoz`` whose rows describe products.
PRODUCT_TABLES = frozenset({"products", "product_columns", "product_files"})

_Row = tuple[object, ...]


def schema_rows(schemas: Iterable[tuple[str, str | None, str]]) -> pa.Table:
    """Return the rows of ``TAP_SCHEMA.schemas`` for names, UTypes and descriptions in their order."""
    rows = ((*schema, index) for index, schema in enumerate(schemas))
    return _arrow(TAP_SCHEMA_COLUMNS["schemas"], rows)


def tap_schema_rows(table: str, described: Iterable[TapTable]) -> pa.Table:
    """Return the rows of another table of TAP_SCHEMA for the tables that it describes."""
    makers = {"tables": _table_rows, "columns": _column_rows, "keys": _key_rows, "key_columns": _key_column_rows}
    return _arrow(TAP_SCHEMA_COLUMNS[table], makers[table](described))


def product_table_rows(described: Iterable[tuple[ProductTable, str]]) -> pa.Table:
    """Return the rows of ``TAP_SCHEMA.tables`` for the tables of products, with the description of each."""
    rows = ((table.schema, table.full_name, "table", None, text, table.product_id) for table, text in described)
    return _arrow(TAP_SCHEMA_COLUMNS["tables"], rows)


def schema_column_rows(products: Iterable[RecordedColumns]) -> pa.Table:
    """Return the rows of ``TAP_SCHEMA.columns`` for the tables of some products."""
    return _arrow(TAP_SCHEMA_COLUMNS["columns"], (row for product in products for row in _recorded_rows(product)))


def product_column_rows(products: Iterable[RecordedColumns]) -> pa.Table:
    """Return the rows of ``photoz.product_columns`` for some products."""
    rows = (row for product in products for row in _product_column_rows(product))
    return _arrow(PHOTOZ_COLUMNS["product_columns"], rows)


def product_rows(table: str, products: Iterable[ProductDetails], public_url: str) -> pa.Table:
    """Return the rows of another one of `PRODUCT_TABLES` for some products, whose columns need not be known."""
    columns = PHOTOZ_COLUMNS[table]
    if table == "products":
        return _arrow(columns, (_product_row(details) for details in products))
    return _arrow(columns, (row for details in products for row in _product_file_rows(details, public_url)))


def list_rows(table: str, listed: Sequence[ProductType | Release]) -> pa.Table:
    """Return the rows of ``photoz.product_types`` or ``photoz.releases``."""
    return _arrow(PHOTOZ_COLUMNS[table], (_list_row(item) for item in listed))


def rows_by_name(columns: Sequence[Column], rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """Return rows whose values are given by the names of columns; what a row does not have is null."""
    names = [column.name for column in columns]
    return _arrow(columns, (tuple(map(row.get, names)) for row in rows))


def _arrow(columns: Sequence[Column], rows: Iterable[_Row]) -> pa.Table:
    schema = pa.schema([field_of_column(column) for column in columns])
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table([pa.array(list(v), field.type) for v, field in zip(values, schema, strict=True)], schema=schema)


def _table_rows(tables: Iterable[TapTable]) -> Iterable[_Row]:
    for table in tables:
        yield table.schema, table.name, "table", table.utype, table.description, table.order


def _column_rows(tables: Iterable[TapTable]) -> Iterable[_Row]:
    for table in tables:
        for index, column in enumerate(table.columns):
            fixed = column.arraysize if column.arraysize and column.arraysize.isdigit() else None
            yield (
                table.name,
                identifier(column.name),
                column.datatype,
                column.arraysize,
                column.xtype,
                None if fixed is None else int(fixed),
                column.description,
                column.utype,
                column.unit,
                column.ucd,
                int(column.name in table.indexed),
                int(column.name in table.principal),
                int(table.is_standard(column.name)),
                index,
                column.density,
                *_statistics(table, column.name),
            )


def _recorded_rows(product: RecordedColumns) -> Iterable[_Row]:
    if product.table is None:
        return
    # Without aliases all columns are principal, as in the description of the table.
    all_principal = not any(column.alias for column in product.columns)
    for index, column in enumerate(product.columns):
        length, nulls = column.arraysize, column.nulls
        known = nulls is not None
        yield (
            product.table,
            identifier(column.name),
            column.datatype,
            length,
            column.xtype,
            int(length) if length and length.isdigit() else None,
            column.description,
            column.utype,
            column.unit,
            column.ucd,
            int(column.name in product.indexed),
            int(all_principal or bool(column.alias)),
            0,
            index,
            column.density,
            column.minimum if known else None,
            column.maximum if known else None,
            1 - nulls / product.rows if nulls is not None and product.rows else None,
            nulls,
            column.distinct if known else None,
        )


def _statistics(table: TapTable, name: str) -> _Row:
    known = table.summaries.get(name)
    if known is None:
        return (None,) * 5
    filled = 1 - known.nulls / table.row_count if table.row_count else None
    return known.minimum, known.maximum, filled, known.nulls, known.distinct


def _key_rows(tables: Iterable[TapTable]) -> Iterable[_Row]:
    for table in tables:
        for key in table.foreign_keys:
            yield key.key_id, key.from_table, key.target_table, key.description, None


def _key_column_rows(tables: Iterable[TapTable]) -> Iterable[_Row]:
    for table in tables:
        for key in table.foreign_keys:
            for source, target in key.columns:
                yield key.key_id, source, target


def _list_row(item: ProductType | Release) -> _Row:
    if isinstance(item, ProductType):
        return item.name, item.display_name, item.description, item.order
    return item.name, item.display_name, item.description


def _product_row(details: ProductDetails) -> _Row:
    product, table = details.product, details.table
    return (
        product.id,
        product.internal_name,
        product.display_name,
        product.product_type.name,
        product.product_type.display_name,
        product.release.name if product.release else None,
        product.owner,
        product.description,
        product.pz_code,
        int(product.official),
        product.visibility,
        product.origin,
        _iso(product.created_at),
        _iso(product.updated_at),
        _iso(product.published_at),
        table.full_name if table else None,
        table.rows if table else None,
        table.ra if table else None,
        table.dec if table else None,
        table.z if table else None,
        table.footprint if table else None,
        "; ".join(author.name for author in product.attribution.authors) or None,
        product.attribution.license or None,
        product.attribution.doi or None,
        "; ".join(keyword.text for keyword in product.attribution.keywords) or None,
    )


def _product_column_rows(product: RecordedColumns) -> Iterable[_Row]:
    for column in product.columns:
        yield (
            product.product_id,
            product.internal_name,
            product.table,
            column.name,
            column.position,
            column.datatype,
            column.arraysize,
            column.unit,
            column.ucd,
            column.alias,
            column.description,
        )


def _product_file_rows(details: ProductDetails, public_url: str) -> Iterable[_Row]:
    product = details.product
    for file in details.files:
        yield (
            product.id,
            product.internal_name,
            file.name,
            file.role.name.lower(),
            file.media_type,
            file.size,
            file.md5,
            file.sha256,
            f"{public_url}/vospace/files/products/{quote(product.internal_name)}/{quote(file.name)}",
        )


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
