"""The published products that an identity may read, with files, columns and rows: what VO services show."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol, TypeVar

from sqlalchemy import case, func, select

from core.auth.models import Identity
from core.database import Database
from products.access import readable
from products.models import ProductStatus, Release
from products.schema import ProductColumnRow, ProductFileRow, ProductRow, ProductTableRow
from products.service import ProductDetails, ProductService
from products.storage import column_of_row, file_of_row, product_of_row, table_of_row

__all__ = ["PublishedProducts"]


class _OfProduct(Protocol):
    @property
    def product_id(self) -> int: ...


_Item = TypeVar("_Item", bound=_OfProduct)


class PublishedProducts:
    """Read all published products at once, and tell cheaply whether anything changed since."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._service = ProductService(database)

    def stamp(self) -> tuple[object, ...]:
        """Give a value that differs from an earlier one when products were published, changed or deleted since."""
        published = func.sum(case((ProductRow.status == ProductStatus.PUBLISHED, 1), else_=0))
        with self._database.read() as session:
            row = session.execute(select(func.max(ProductRow.updated_at), func.count(ProductRow.id), published)).one()
            return tuple(row)

    def all(self, identity: Identity) -> tuple[ProductDetails, ...]:
        """The published products that the identity may read, by number."""
        condition = (ProductRow.status == ProductStatus.PUBLISHED, readable(identity))
        ids = select(ProductRow.id).where(*condition)
        with self._database.read() as session:
            products = session.scalars(select(ProductRow).where(*condition).order_by(ProductRow.id)).unique().all()
            files = _by_product(
                file_of_row(row)
                for row in session.scalars(
                    select(ProductFileRow)
                    .where(ProductFileRow.product_id.in_(ids))
                    .order_by(ProductFileRow.role, ProductFileRow.id)
                )
            )
            columns = _by_product(
                column_of_row(row)
                for row in session.scalars(
                    select(ProductColumnRow)
                    .where(ProductColumnRow.product_id.in_(ids))
                    .order_by(ProductColumnRow.position)
                )
            )
            tables = {
                row.product_id: table_of_row(row)
                for row in session.scalars(select(ProductTableRow).where(ProductTableRow.product_id.in_(ids)))
            }
            return tuple(
                ProductDetails(
                    product=product_of_row(row),
                    files=tuple(files[row.id]),
                    columns=tuple(columns[row.id]),
                    table=tables.get(row.id),
                    inspection=None,
                )
                for row in products
            )

    def releases(self, identity: Identity) -> tuple[Release, ...]:
        """The releases that the identity may see."""
        return self._service.releases(identity)


def _by_product(items: Iterable[_Item]) -> defaultdict[int, list[_Item]]:
    grouped: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        grouped[item.product_id].append(item)
    return grouped
