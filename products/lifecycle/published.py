"""Published products visible to one identity, with files, columns and rows, for the VO services."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Lock
from typing import Protocol, TypeVar

from sqlalchemy import ScalarSelect, Table, and_, case, func, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database
from products.access import readable
from products.models import ProductStatus, ProductType, Release, Visibility
from products.schema import (
    ProductFileRow,
    ProductRow,
    ProductTableRow,
    ProductTypeRow,
    ReleaseRow,
    product_co_owners,
    product_groups,
    release_groups,
)
from products.service import ProductDetails, ProductService
from products.storage import file_of_row, product_columns, product_of_row, table_of_row

__all__ = ["PublishedProducts"]


class _OfProduct(Protocol):
    @property
    def product_id(self) -> int: ...


#: Products read in one statement; databases limit the number of parameters.
_AT_ONCE = 500

_Item = TypeVar("_Item", bound=_OfProduct)

#: Time of the last change of a product, and version of its type.
_Version = tuple[datetime, int]


class PublishedProducts:
    """Cache of all published products, with a cheap stamp that shows whether anything changed.

    A product is cached until it changes, so that a change to one of ten thousand costs reading that one.
    """

    def __init__(self, database: Database, products: ProductService) -> None:
        self._database = database
        self._service = products
        self._cache: dict[int, tuple[_Version, ProductDetails]] = {}
        self._lock = Lock()

    def stamp(self) -> tuple[object, ...]:
        """Return a value that changes whenever products, releases or types change."""
        # Times alone would miss a change by a server whose clock is behind; changes of access must be seen at once.
        shown = [
            func.sum(
                case((and_(ProductRow.status == ProductStatus.PUBLISHED, ProductRow.visibility == v), ProductRow.id))
            )
            for v in Visibility
        ]
        products = select(func.max(ProductRow.updated_at), func.count(ProductRow.id), *shown)
        releases = select(
            func.count(ReleaseRow.id),
            func.sum(case((ReleaseRow.is_public, 1), else_=0)),
            select(func.sum(ProductTypeRow.version)).scalar_subquery(),
            *(_fingerprint(table) for table in (release_groups, product_groups, product_co_owners)),
        )
        with self._database.read() as session:
            return (*session.execute(products).one(), *session.execute(releases).one())

    def all(self, identity: Identity) -> tuple[ProductDetails, ...]:
        """Return the published products that the identity may read, by number."""
        condition = (ProductRow.status == ProductStatus.PUBLISHED, readable(identity))
        with self._database.read() as session:
            current = session.execute(
                select(ProductRow.id, ProductRow.updated_at, func.coalesce(ProductTypeRow.version, 0))
                .outerjoin(ProductTypeRow, ProductTypeRow.type_id == ProductRow.product_type_id)
                .where(*condition)
                .order_by(ProductRow.id)
            ).all()
            with self._lock:
                kept = {key: self._cache[key] for key, *_ in current if key in self._cache}
            stale = [key for key, *version in current if key not in kept or kept[key][0] != tuple(version)]
            for start in range(0, len(stale), _AT_ONCE):
                kept.update(_read(session, stale[start : start + _AT_ONCE]))
        with self._lock:
            self._cache.update(kept)
        return tuple(kept[key][1] for key, *_ in current if key in kept)

    def types(self) -> tuple[ProductType, ...]:
        """Return the product types, in their order."""
        return self._service.types()

    def releases(self, identity: Identity) -> tuple[Release, ...]:
        """Return the releases that the identity may see."""
        return self._service.releases(identity)


def _fingerprint(table: Table) -> ScalarSelect[int]:
    """Return a checksum of the rows of an association table."""
    left, right = table.primary_key.columns
    return select(func.count() + func.coalesce(func.sum(left * 1_000 + right), 0)).select_from(table).scalar_subquery()


def _read(session: Session, ids: Sequence[int]) -> dict[int, tuple[_Version, ProductDetails]]:
    products = session.scalars(select(ProductRow).where(ProductRow.id.in_(ids))).unique().all()
    files = _by_product(
        file_of_row(row)
        for row in session.scalars(
            select(ProductFileRow)
            .where(ProductFileRow.product_id.in_(ids))
            .order_by(ProductFileRow.role, ProductFileRow.id)
        )
    )
    columns = _by_product(product_columns(session, ids))
    tables = {
        row.product_id: table_of_row(row)
        for row in session.scalars(select(ProductTableRow).where(ProductTableRow.product_id.in_(ids)))
    }
    return {
        row.id: (
            (row.updated_at, 0 if row.type_changes is None else row.type_changes.version),
            ProductDetails(
                product=product_of_row(row),
                files=tuple(files[row.id]),
                columns=tuple(columns[row.id]),
                table=tables.get(row.id),
                inspection=None,
            ),
        )
        for row in products
    }


def _by_product(items: Iterable[_Item]) -> defaultdict[int, list[_Item]]:
    grouped: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        grouped[item.product_id].append(item)
    return grouped
