"""Everything that one identity may query, put together from the published products and kept while it holds."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from threading import Lock

import pyarrow as pa

from core.auth.models import Identity
from core.columns import Column
from core.markdown import plain_text
from products.models import ProductTable, ProductType, Release
from products.published import PublishedProducts
from products.service import ProductDetails
from products.user_tables.service import UserTableService
from tap.adql import Catalog, CatalogTable
from tap.metadata_rows import photoz_rows, tap_schema_rows
from tap.models import ForeignKey, TapSchema, TapTable
from tap.standard_tables import PHOTOZ_COLUMNS, PHOTOZ_KEYS, TABLE_DESCRIPTIONS, TAP_SCHEMA_COLUMNS, TAP_SCHEMA_KEYS
from tap.user_schemas import user_schemas

__all__ = ["TableCatalog", "TableSet"]

_KEPT = 64
_LONGEST_DESCRIPTION = 1000


@dataclass(frozen=True)
class TableSet:
    """The schemas and tables that one identity may query."""

    schemas: tuple[TapSchema, ...]

    @cached_property
    def tables(self) -> Mapping[str, TapTable]:
        """Every table by its full name."""
        return {table.name: table for schema in self.schemas for table in schema.tables}

    @cached_property
    def catalog(self) -> Catalog:
        """The tables as the translator of ADQL sees them."""
        return Catalog(table.entry for table in self.tables.values())


class TableCatalog:
    """Give each identity the tables that it may query.

    A set is kept until a product or a release changes, so that a query costs one cheap look at the database.

    Parameters
    ----------
    tables_folder
        Folder of the Parquet files with the rows of products.
    user_tables, user_folder
        The tables that users made, and the folder of their rows.
    """

    def __init__(
        self,
        published: PublishedProducts,
        tables_folder: Path,
        public_url: str,
        user_tables: UserTableService,
        user_folder: Path,
    ) -> None:
        self._user_tables = user_tables
        self._user_folder = user_folder
        self._published = published
        self._folder = tables_folder
        self._public_url = public_url
        self._sets: OrderedDict[object, tuple[object, TableSet]] = OrderedDict()
        self._lock = Lock()

    def tables_of(self, identity: Identity) -> TableSet:
        """Give the tables that the identity may query."""
        key = (identity.user_id, identity.acts_as_admin, identity.groups, identity.linked_product)
        stamp = (self._published.stamp(), self._user_tables.stamp())
        with self._lock:
            kept = self._sets.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        made = self._make(identity)
        with self._lock:
            self._sets[key] = (stamp, made)
            self._sets.move_to_end(key)
            while len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        return made

    def _make(self, identity: Identity) -> TableSet:
        products, kinds = self._published.all(identity), self._published.types()
        schemas = [
            _photoz_schema(products, kinds, self._published.releases(identity), self._public_url),
            *_product_schemas(products, kinds, self._folder),
            *user_schemas(self._user_tables.all(identity), self._user_folder),
        ]
        schemas.append(_tap_schema(schemas))
        return TableSet(tuple(schemas))


def _product_schemas(
    products: Iterable[ProductDetails], kinds: Sequence[ProductType], folder: Path
) -> Iterable[TapSchema]:
    by_schema: dict[str, list[TapTable]] = {}
    for details in products:
        if details.table is not None and details.columns:
            by_schema.setdefault(details.table.schema, []).append(_product_table(details, details.table, folder))
    for kind in kinds:
        if kind.name in by_schema:
            yield TapSchema(kind.name, f"{kind.display_name}: {kind.description}", tuple(by_schema[kind.name]))


def _product_table(details: ProductDetails, table: ProductTable, folder: Path) -> TapTable:
    product = details.product
    position = (table.ra, table.dec) if table.ra and table.dec else None
    entry = CatalogTable(
        name=table.full_name,
        columns=tuple(item.column for item in details.columns),
        position=position,
        sorted_by_healpix=position is not None,
        engine_schema=table.schema,
        engine_table=table.name,
    )
    text = f"{product.display_name} ({product.product_type.display_name}, by {product.owner})"
    if product.description:
        text = f"{text}: {plain_text(product.description)}"
    principal = frozenset(item.column.name for item in details.columns if item.alias)
    return TapTable(
        schema=table.schema,
        entry=entry,
        description=text[:_LONGEST_DESCRIPTION],
        principal=principal or frozenset(item.column.name for item in details.columns),
        files=(folder / table.stored_id,),
        row_count=table.rows,
    )


def _photoz_schema(
    products: Sequence[ProductDetails], kinds: Sequence[ProductType], releases: Sequence[Release], public_url: str
) -> TapSchema:
    tables = tuple(
        _fixed_table(
            "photoz", name, columns, PHOTOZ_KEYS, partial(photoz_rows, name, products, kinds, releases, public_url)
        )
        for name, columns in PHOTOZ_COLUMNS.items()
    )
    return TapSchema(
        "photoz", "The catalogue of photometric-redshift data products: metadata of all you may read", tables
    )


def _tap_schema(others: Sequence[TapSchema]) -> TapSchema:
    """Make TAP_SCHEMA; its rows describe the other schemas and itself."""
    all_schemas = list(others)
    tables = tuple(
        _fixed_table("tap_schema", name, columns, TAP_SCHEMA_KEYS, partial(tap_schema_rows, name, all_schemas))
        for name, columns in TAP_SCHEMA_COLUMNS.items()
    )
    schema = TapSchema("tap_schema", "What can be queried here: schemas, tables, columns and keys (TAP 1.1)", tables)
    all_schemas.append(schema)
    return schema


def _fixed_table(
    schema: str, name: str, columns: tuple[Column, ...], keys: Iterable[ForeignKey], rows: Callable[[], pa.Table]
) -> TapTable:
    full_name = f"{schema}.{name}"
    entry = CatalogTable(
        name=full_name,
        columns=columns,
        position=None,
        sorted_by_healpix=False,
        engine_schema=schema,
        engine_table=name,
    )
    return TapTable(
        schema=schema,
        entry=entry,
        description=TABLE_DESCRIPTIONS[full_name],
        principal=frozenset(column.name for column in columns),
        rows=cache(rows),
        standard=schema == "tap_schema",
        foreign_keys=tuple(key for key in keys if key.from_table == full_name),
    )
