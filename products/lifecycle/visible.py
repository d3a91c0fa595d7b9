"""Sets of published products that an identity may read, in blocks that are kept while their products stay the same."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from products.access import readable
from products.lifecycle.change_log import changed_since, version_of_product
from products.models import ProductStatus
from products.schema import ProductRow, ProductTableRow

__all__ = ["Block", "VisibleProduct", "VisibleProducts"]

#: So many products are described anew when one of them changes.
_BLOCK = 32

#: Most changed products that are looked up by number; databases limit the number of parameters.
_MOST_CHANGES = 500


@dataclass(frozen=True, slots=True)
class VisibleProduct:
    """A product: its number, its version, and the schema and the name of its table, if it has one."""

    id: int
    version: int
    schema: str | None
    table: str | None


@dataclass(frozen=True)
class Block:
    """Products with neighbouring numbers."""

    products: tuple[VisibleProduct, ...]

    @cached_property
    def key(self) -> str:
        """Return a digest of the products and their versions: blocks of one key are equal, whoever reads them."""
        return hashlib.sha256(repr([(item.id, item.version) for item in self.products]).encode()).hexdigest()


@dataclass(frozen=True)
class VisibleProducts:
    """The published products that an identity may read at a version of the catalogue, by number.

    Parameters
    ----------
    day
        The day (UTC) that embargo dates were compared with.
    blocks
        The blocks by their number, in order; none is empty.
    """

    version: int
    day: date
    blocks: Mapping[int, Block]

    def __iter__(self) -> Iterator[VisibleProduct]:
        """Return the products in the order of their numbers."""
        return (product for block in self.blocks.values() for product in block.products)

    @cached_property
    def schemas(self) -> frozenset[str]:
        """The schemas of all tables."""
        return frozenset(product.schema for product in self if product.schema is not None)

    @cached_property
    def key(self) -> str:
        """A digest of all products and their versions."""
        return hashlib.sha256("".join(block.key for block in self.blocks.values()).encode()).hexdigest()

    @classmethod
    def read(cls, session: Session, identity: Identity, version: int, day: date) -> "VisibleProducts":
        """Read the products of an identity; the version is that of the catalogue before."""
        return cls(version, day, _blocks(_select(session, identity, day)))

    def updated(self, session: Session, identity: Identity, version: int) -> "VisibleProducts":
        """Return the products as they are now; only those that have changed are read."""
        changed = changed_since(session, self.version)
        if len(changed) > _MOST_CHANGES:
            return self.read(session, identity, version, self.day)
        touched = {number // _BLOCK for number in changed}
        kept = [p for number in touched if number in self.blocks for p in self.blocks[number].products]
        fresh = _select(session, identity, self.day, changed) if changed else []
        gone = frozenset(changed)
        blocks = {number: block for number, block in self.blocks.items() if number not in touched}
        blocks |= _blocks([*(product for product in kept if product.id not in gone), *fresh])
        return VisibleProducts(version, self.day, dict(sorted(blocks.items())))


def _select(
    session: Session, identity: Identity, day: date, among: Collection[int] | None = None
) -> list[VisibleProduct]:
    query = (
        select(ProductRow.id, version_of_product(day), ProductTableRow.table_schema, ProductTableRow.table_name)
        .outerjoin(ProductTableRow, ProductTableRow.product_id == ProductRow.id)
        .where(ProductRow.status == ProductStatus.PUBLISHED, readable(identity, day))
    )
    if among is not None:
        query = query.where(ProductRow.id.in_(among))
    return [VisibleProduct(*row) for row in session.execute(query)]


def _blocks(products: Iterable[VisibleProduct]) -> dict[int, Block]:
    grouped: dict[int, list[VisibleProduct]] = {}
    for product in sorted(products, key=lambda item: item.id):
        grouped.setdefault(product.id // _BLOCK, []).append(product)
    return {number: Block(tuple(members)) for number, members in grouped.items()}
