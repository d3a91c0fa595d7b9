"""Table provider of published products and of the schema ``photoz``."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from core.auth.models import Identity
from core.markdown import plain_text
from products.lifecycle.published import PublishedProducts
from products.models import ProductTable, ProductType, Release
from products.rows.stored_columns import stored_names
from products.service import ProductDetails
from tap.adql import CatalogTable
from tap.metadata.rows import photoz_rows
from tap.metadata.standard_tables import PHOTOZ_COLUMNS, PHOTOZ_KEYS, standard_table
from tap.models import TapSchema, TapTable

__all__ = ["ProductTables"]

_LONGEST_DESCRIPTION = 1000


class ProductTables:
    """`TableProvider` of the products that an identity may read.

    Parameters
    ----------
    folder
        Folder of the Parquet files with the rows of products.
    public_url
        Address of the server, for the addresses of files in ``photoz``.
    """

    def __init__(self, published: PublishedProducts, folder: Path, public_url: str) -> None:
        self._published = published
        self._folder = folder
        self._public_url = public_url

    def stamp(self) -> object:
        """Return a value that changes whenever a product, a type or a release changes."""
        return self._published.stamp()

    def named(self, identity: Identity, schema: str, name: str) -> Iterator[TapTable]:
        """Yield the table of a product by its name in any case; those of ``photoz`` are in `schemas`."""
        # Names of product tables have lower-case letters only.
        details = self._published.find(identity, schema.lower(), name.lower())
        if details is not None and details.table is not None and details.columns:
            yield _product_table(details, details.table, self._folder)

    def schemas(self, identity: Identity) -> Iterator[TapSchema]:
        """Yield ``photoz``, then one schema for each product type that has tables."""
        products, kinds = self._published.all(identity), self._published.types()
        yield _photoz_schema(products, kinds, self._published.releases(identity), self._public_url)
        yield from _product_schemas(products, kinds, self._folder)


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
        engine_columns=stored_names(len(details.columns)),
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
        standard_table(
            "photoz", name, columns, PHOTOZ_KEYS, partial(photoz_rows, name, products, kinds, releases, public_url)
        )
        for name, columns in PHOTOZ_COLUMNS.items()
    )
    return TapSchema(
        "photoz",
        "The catalogue of photometric-redshift data products: metadata of those that you may read",
        tables,
    )
