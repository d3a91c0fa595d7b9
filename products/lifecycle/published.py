"""Published products visible to one identity, with files, columns and rows, for the VO services."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import Protocol, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, in_parts, utc_today
from products.access import readable
from products.lifecycle.change_log import catalogue_version, version_of_product
from products.lifecycle.recorded_columns import RecordedColumns, products_with_columns, recorded_columns
from products.lifecycle.visible import VisibleProduct, VisibleProducts
from products.models import ProductStatus, ProductType, Release
from products.schema import ProductFileRow, ProductRow, ProductTableRow
from products.service import ProductDetails, ProductService
from products.storage import file_of_row, product_columns, product_of_row, table_of_row

__all__ = ["PublishedProducts"]


class _OfProduct(Protocol):
    @property
    def product_id(self) -> int: ...


#: Most products, and sets of products of identities, that are kept.
_MAX_DETAILS = 4096
_MAX_IDENTITIES = 64

_Item = TypeVar("_Item", bound=_OfProduct)


class PublishedProducts:
    """Look-up of published products by the name of their table, or all that an identity may read.

    What an identity may read is read from the database by the access rule: for a name each time, for all after each
    change of the catalogue, and then only the products that have changed, and after midnight (UTC), when embargoes end.
    The details of a product are kept for its version, whoever reads them.

    Parameters
    ----------
    today
        Returns the day (UTC) that embargo dates are compared with.
    """

    def __init__(self, database: Database, products: ProductService, today: Callable[[], date] | None = None) -> None:
        self._database = database
        self._service = products
        self._today = today or utc_today
        self._details: OrderedDict[int, tuple[int, ProductDetails]] = OrderedDict()
        self._visible: OrderedDict[object, VisibleProducts] = OrderedDict()
        self._lock = Lock()

    def stamp(self) -> object:
        """Return what changes whenever products, releases or types change, and when embargoes may end."""
        with self._database.read() as session:
            return catalogue_version(session), self._today()

    def find(self, identity: Identity, schema: str, table: str) -> ProductDetails | None:
        """Return the published product whose table has a name, given in lower case, if the identity may read it."""
        query = _of_name(identity, self._today())
        with self._database.read() as session:
            # Columns alone: without what the session does for objects, it takes half the time.
            found = session.connection().execute(query, {"of_schema": schema, "of_name": table}).first()
            if found is None:
                return None
            number, version = found
            return next(self._read(session, [VisibleProduct(number, version, schema, table)]), None)

    def visible(self, identity: Identity) -> VisibleProducts:
        """Return which published products the identity may read."""
        key = (identity.user_id, identity.acts_as_admin, identity.groups, identity.linked_product)
        today = self._today()
        with self._lock:
            known = self._visible.get(key)
        with self._database.read() as session:
            # The version is read first: what is read afterwards has at least its changes.
            version = catalogue_version(session)
            if known is not None and (known.version, known.day) == (version, today):
                return known
            if known is None or known.version > version or known.day != today:
                current = VisibleProducts.read(session, identity, version, today)
            else:
                current = known.updated(session, identity, version)
        with self._lock:
            self._visible[key] = current
            self._visible.move_to_end(key)
            while len(self._visible) > _MAX_IDENTITIES:
                self._visible.popitem(last=False)
        return current

    def details(self, products: Sequence[VisibleProduct], *, columns: bool = True) -> Iterator[ProductDetails]:
        """Yield the details of products, in their order, without those that were deleted meanwhile.

        Parameters
        ----------
        columns
            Whether their columns are needed; most of the time goes into them.
        """
        for some in in_parts(products):
            with self._database.read() as session:
                if columns:
                    found = list(self._read(session, some))
                else:
                    read = _read(session, [item.id for item in some], columns=False)
                    found = [read[item.id] for item in some if item.id in read]
            yield from found

    def with_columns(self, products: Sequence[VisibleProduct]) -> frozenset[int]:
        """Return the numbers of those of at most 500 products that have columns."""
        with self._database.read() as session:
            return products_with_columns(session, [item.id for item in products])

    def columns(self, products: Sequence[VisibleProduct]) -> Iterator[RecordedColumns]:
        """Yield the columns of those of some products that have columns, by number."""
        for some in in_parts(products):
            with self._database.read() as session:
                found = list(recorded_columns(session, [item.id for item in some]))
            yield from found

    def all(self, identity: Identity) -> tuple[ProductDetails, ...]:
        """Return the published products that the identity may read, by number."""
        return tuple(self.details(tuple(self.visible(identity))))

    def types(self) -> tuple[ProductType, ...]:
        """Return the product types, in their order."""
        return self._service.types()

    def releases(self, identity: Identity) -> tuple[Release, ...]:
        """Return the releases that the identity may see."""
        return self._service.releases(identity)

    def _read(self, session: Session, products: Sequence[VisibleProduct]) -> Iterator[ProductDetails]:
        with self._lock:
            kept = {item.id: self._details[item.id] for item in products if item.id in self._details}
        stale = [item for item in products if item.id not in kept or kept[item.id][0] != item.version]
        if stale:
            fresh = _read(session, [item.id for item in stale])
            read = {item.id: (item.version, fresh[item.id]) for item in stale if item.id in fresh}
            kept.update(read)
            with self._lock:
                self._details.update(read)
                while len(self._details) > _MAX_DETAILS:
                    self._details.popitem(last=False)
        return (kept[item.id][1] for item in products if item.id in kept)


@lru_cache(maxsize=256)  # each query of TAP runs it, and making it takes longer than running it
def _of_name(identity: Identity, today: date) -> Select[int, int]:
    """Return the statement for number and version of the published product that has a table and may be read."""
    # A subquery: of a join, SQLite reads all published products first.
    named = select(ProductTableRow.product_id).where(
        ProductTableRow.table_schema == bindparam("of_schema"), ProductTableRow.table_name == bindparam("of_name")
    )
    return select(ProductRow.id, version_of_product(today)).where(
        ProductRow.id.in_(named), ProductRow.status == ProductStatus.PUBLISHED, readable(identity, today)
    )


def _read(session: Session, ids: Sequence[int], *, columns: bool = True) -> dict[int, ProductDetails]:
    products = session.scalars(select(ProductRow).where(ProductRow.id.in_(ids))).unique().all()
    files = _by_product(
        file_of_row(row)
        for row in session.scalars(
            select(ProductFileRow)
            .where(ProductFileRow.product_id.in_(ids))
            .order_by(ProductFileRow.role, ProductFileRow.id)
        )
    )
    described = _by_product(product_columns(session, ids) if columns else ())
    tables = {
        row.product_id: table_of_row(row)
        for row in session.scalars(select(ProductTableRow).where(ProductTableRow.product_id.in_(ids)))
    }
    return {
        row.id: ProductDetails(
            product=product_of_row(row),
            files=tuple(files[row.id]),
            columns=tuple(described[row.id]),
            table=tables.get(row.id),
            inspection=None,
        )
        for row in products
    }


def _by_product(items: Iterable[_Item]) -> defaultdict[int, list[_Item]]:
    grouped: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        grouped[item.product_id].append(item)
    return grouped
