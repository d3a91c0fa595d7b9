"""Rows of TAP_SCHEMA and ``photoz`` for one identity."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote

import pyarrow as pa

from core.columns import Column, field_of_column
from products.models import ProductType, Release
from products.service import ProductDetails
from tap.identifiers import identifier
from tap.metadata.standard_tables import PHOTOZ_COLUMNS, TAP_SCHEMA_COLUMNS
from tap.models import TapSchema

__all__ = ["photoz_rows", "tap_schema_rows"]

_Row = tuple[object, ...]


def tap_schema_rows(table: str, schemas: Sequence[TapSchema]) -> pa.Table:
    """Return the rows of a table of TAP_SCHEMA."""
    makers = {
        "schemas": _schema_rows,
        "tables": _table_rows,
        "columns": _column_rows,
        "keys": _key_rows,
        "key_columns": _key_column_rows,
    }
    return _arrow(TAP_SCHEMA_COLUMNS[table], makers[table](schemas))


def photoz_rows(
    table: str,
    products: Sequence[ProductDetails],
    kinds: Sequence[ProductType],
    releases: Sequence[Release],
    public_url: str,
) -> pa.Table:
    """Return the rows of a table of ``photoz``."""
    columns = PHOTOZ_COLUMNS[table]
    if table == "products":
        return _arrow(columns, (_product_row(details) for details in products))
    if table == "product_columns":
        return _arrow(columns, (row for details in products for row in _product_column_rows(details)))
    if table == "product_files":
        return _arrow(columns, (row for details in products for row in _product_file_rows(details, public_url)))
    if table == "product_types":
        return _arrow(columns, ((kind.name, kind.display_name, kind.description, kind.order) for kind in kinds))
    return _arrow(columns, ((release.name, release.display_name, release.description) for release in releases))


def _arrow(columns: Sequence[Column], rows: Iterable[_Row]) -> pa.Table:
    schema = pa.schema([field_of_column(column) for column in columns])
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table([pa.array(list(v), field.type) for v, field in zip(values, schema, strict=True)], schema=schema)


def _schema_rows(schemas: Sequence[TapSchema]) -> Iterable[_Row]:
    return ((schema.name, None, schema.description, index) for index, schema in enumerate(schemas))


def _table_rows(schemas: Sequence[TapSchema]) -> Iterable[_Row]:
    for schema in schemas:
        for index, table in enumerate(schema.tables):
            yield schema.name, table.name, "table", None, table.description, index


def _column_rows(schemas: Sequence[TapSchema]) -> Iterable[_Row]:
    for table in (table for schema in schemas for table in schema.tables):
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
                int(table.standard),
                index,
            )


def _key_rows(schemas: Sequence[TapSchema]) -> Iterable[_Row]:
    for table in (table for schema in schemas for table in schema.tables):
        for key in table.foreign_keys:
            yield key.key_id, key.from_table, key.target_table, key.description, None


def _key_column_rows(schemas: Sequence[TapSchema]) -> Iterable[_Row]:
    for table in (table for schema in schemas for table in schema.tables):
        for key in table.foreign_keys:
            for source, target in key.columns:
                yield key.key_id, source, target


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
    )


def _product_column_rows(details: ProductDetails) -> Iterable[_Row]:
    product, table = details.product, details.table
    for item in details.columns:
        column = item.column
        yield (
            product.id,
            product.internal_name,
            table.full_name if table else None,
            column.name,
            item.order,
            column.datatype,
            column.arraysize,
            column.unit,
            column.ucd,
            item.alias,
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
