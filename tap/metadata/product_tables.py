"""Table provider of published products and of the schema ``photoz``."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from core.auth.models import Identity
from core.database import in_parts
from core.files.kept import KeptFiles
from core.markdown import plain_text
from core.settings import Settings
from products.lifecycle.published import PublishedProducts
from products.lifecycle.visible import Block, VisibleProduct
from products.models import Product, ProductTable
from products.rows.stored_columns import stored_names
from products.service import ProductDetails
from tap.adql import CatalogTable
from tap.metadata.catalog import TableBlock
from tap.metadata.challenge_tables import ChallengeTables
from tap.metadata.data_origin import origin_of_product
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.metadata.rows import (
    PRODUCT_TABLES,
    list_rows,
    product_column_rows,
    product_rows,
    product_table_rows,
    schema_column_rows,
)
from tap.metadata.standard_tables import PHOTOZ_COLUMNS, PHOTOZ_KEYS, standard_table
from tap.models import RowFiles, TapSchema, TapTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ProductTables"]

_PHOTOZ = TapSchema(
    "photoz", "The catalogue of photometric-redshift data products: metadata of those that you may read", ()
)
_LONGEST_DESCRIPTION = 1000

#: Blocks are forgotten when there are so many times as many as those that were used last, and some more.
_MOST_BLOCKS_EACH = 2
_FEW_BLOCKS = 32


class ProductTables:
    """`TableProvider` of the products that an identity may read.

    The table of a version of a product is described once, as long as somebody uses the description: after a change of
    one product, the list of all tables of an identity reads that product alone.

    Parameters
    ----------
    stored
        The Parquet files with the rows of products.
    settings
        Authority and address of the server, for what results and ``photoz`` tell of products.
    files
        Where the rows of ``photoz`` are kept.
    challenges
        The tables of ``photoz`` about challenges, if there are any.
    """

    def __init__(
        self,
        published: PublishedProducts,
        stored: KeptFiles,
        settings: Settings,
        files: MetadataFiles,
        challenges: ChallengeTables | None = None,
    ) -> None:
        self._published = published
        self._stored = stored
        self._settings = settings
        self._files = files
        self._challenges = challenges
        self._segments = RowSegments(files, files.stored)
        self._described_tables: WeakValueDictionary[tuple[int, int], TapTable] = WeakValueDictionary()
        self._blocks: dict[str, TableBlock] = {}

    def stamp(self) -> object:
        """Return a value that changes whenever a product, a type or a release changes."""
        return self._published.stamp()

    def schemas(self, identity: Identity) -> list[TapSchema]:
        """Return ``photoz``, then one schema for each product type that has tables."""
        used = self._published.visible(identity).schemas
        kinds = [kind for kind in self._published.types() if kind.name in used]
        return [_PHOTOZ, *(TapSchema(kind.name, f"{kind.display_name}: {kind.description}", ()) for kind in kinds)]

    def tables(self, identity: Identity, schema: str) -> Iterator[TapTable]:
        """Yield the tables of a schema, read while they are used."""
        if schema == _PHOTOZ.name:
            yield from self._metadata(identity)
            return
        products = [product for product in self._published.visible(identity) if product.schema == schema]
        yield from self._described(products)

    def named(self, identity: Identity, schema: str, name: str) -> Iterator[TapTable]:
        """Yield the table of a name in any case."""
        schema, name = schema.lower(), name.lower()  # all have lower-case letters only
        if schema == _PHOTOZ.name:
            if name in PHOTOZ_COLUMNS:
                yield self._standard(identity, name)
            elif self._challenges is not None:
                yield from self._challenges.named(identity, name)
            return
        details = self._published.find(identity, schema, name)
        if details is not None and details.table is not None and details.columns:
            yield _product_table(details, details.table, self._stored, self._settings)

    def blocks(self, identity: Identity) -> Iterator[TableBlock]:
        """Yield the tables of ``photoz``, and those of products with neighbouring numbers."""
        yield TableBlock(_PHOTOZ.name, partial(self._metadata, identity), has_keys=True)
        yield from self._product_blocks(identity)

    def _product_blocks(self, identity: Identity) -> list[TableBlock]:
        """Return the products in blocks, the same objects until they change.

        New ones for each query would be thousands of objects, for which Python's garbage collector runs.
        """
        kept = self._blocks
        found = [
            kept.get(block.key) or kept.setdefault(block.key, self._block(block))
            for block in self._published.visible(identity).blocks.values()
        ]
        if len(kept) > _MOST_BLOCKS_EACH * (len(found) + _FEW_BLOCKS):
            self._blocks = {block.key: block for block in found}
        return found

    def _block(self, block: Block) -> TableBlock:
        rows = {name: partial(self._product_rows, name, block.products) for name in PRODUCT_TABLES}
        rows |= {
            "columns": partial(self._column_rows, block.products),
            "tables": partial(self._table_rows, block.products),
        }
        return TableBlock(block.key, partial(self._described, block.products), rows=rows)

    def _described(self, products: Sequence[VisibleProduct]) -> Iterator[TapTable]:
        for some in in_parts(products):
            known = {item.id: self._described_tables.get((item.id, item.version)) for item in some}
            missing = [item for item in some if known[item.id] is None]
            versions = {item.id: item.version for item in missing}
            for details in self._published.details(missing):
                if details.table is not None and details.columns:
                    number = details.product.id
                    made = _product_table(details, details.table, self._stored, self._settings)
                    known[number] = self._described_tables[number, versions[number]] = made
            yield from (table for item in some if (table := known[item.id]) is not None)

    def _metadata(self, identity: Identity) -> list[TapTable]:
        own = [self._standard(identity, name) for name in PHOTOZ_COLUMNS]
        return own if self._challenges is None else [*own, *self._challenges.tables(identity)]

    def _standard(self, identity: Identity, name: str) -> TapTable:
        order = list(PHOTOZ_COLUMNS).index(name)
        files = partial(self._rows, identity, name)
        return standard_table(_PHOTOZ.name, name, PHOTOZ_COLUMNS[name], PHOTOZ_KEYS, files, order)

    def _rows(self, identity: Identity, name: str) -> RowFiles:
        """Return the files of the rows of a table of ``photoz``."""
        full_name = f"{_PHOTOZ.name}.{name}"
        if name in PRODUCT_TABLES:
            rows = [block.row_block(name) for block in self._product_blocks(identity)]
            empty = RowBlock("", partial(self._product_rows, name, ()))
            return self._segments.files(full_name, reader_of(identity), rows or [empty])
        listed = self._published.types() if name == "product_types" else self._published.releases(identity)
        return RowFiles((self._files.file(full_name, repr(listed), partial(list_rows, name, listed)),))

    def _product_rows(self, name: str, products: Sequence[VisibleProduct]) -> "pa.Table":
        if name == "product_columns":
            return product_column_rows(self._published.columns(products))
        return product_rows(name, self._published.details(products, columns=False), self._settings.public_url)

    def _table_rows(self, products: Sequence[VisibleProduct]) -> "pa.Table":
        described = self._published.with_columns(products)
        return product_table_rows(
            (details.table, _description(details.product))
            for details in self._published.details(products, columns=False)
            if details.table is not None and details.product.id in described
        )

    def _column_rows(self, products: Sequence[VisibleProduct]) -> "pa.Table":
        return schema_column_rows(self._published.columns(products))


def _product_table(details: ProductDetails, table: ProductTable, stored: KeptFiles, settings: Settings) -> TapTable:
    product = details.product
    position = (table.ra, table.dec) if table.ra and table.dec else None
    entry = CatalogTable(
        name=table.full_name,
        columns=tuple(item.column for item in details.columns),
        position=position,
        sorted_by_healpix=position is not None,
        engine_schema=table.schema,
        engine_table=table.name,
        engine_columns=stored_names(len(details.columns)),
    )
    principal = frozenset(item.column.name for item in details.columns if item.alias)
    return TapTable(
        schema=table.schema,
        entry=entry,
        description=_description(product),
        principal=principal or frozenset(item.column.name for item in details.columns),
        files=(stored.local(table.stored_id),),
        hold=partial(stored.hold, table.stored_id),
        row_count=table.rows,
        order=product.id,
        origin=origin_of_product(product, settings),
        summaries={item.column.name: item.summary for item in details.columns if item.summary is not None},
    )


def _description(product: Product) -> str:
    text = f"{product.display_name} ({product.product_type.display_name}, by {product.owner})"
    if product.description:
        text = f"{text}: {plain_text(product.description)}"
    return text[:_LONGEST_DESCRIPTION]
