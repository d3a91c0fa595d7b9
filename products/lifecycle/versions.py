"""Service of versions: restore deleted products, and create new versions of published ones."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, select, true

from core.auth.administration import require_admin
from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import ConflictError, NotFoundError
from products.access import readable, require_change
from products.attribution.models import Attribution
from products.models import Product, ProductStatus
from products.product_types import open_type
from products.quotas import QuotaRule, Usage
from products.schema import ProductRow
from products.storage import effective_visibility, find_product, product_of_row, record_product
from products.validation import internal_name

__all__ = ["DeletedProduct", "ProductVersionService", "Versions"]


@dataclass(frozen=True, slots=True)
class DeletedProduct:
    """A deleted product, with the time until which it can be restored."""

    product: Product
    deleted_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Versions:
    """The previous and newer versions of a product that the caller may read.

    Parameters
    ----------
    newer
        Products that have this one as their previous version; several users may each create one.
    """

    previous: Product | None
    newer: tuple[Product, ...]


class ProductVersionService:
    """Restore deleted products, and create new versions of published ones.

    Parameters
    ----------
    days
        Grace time: days after deletion in which a product can be restored.
    """

    def __init__(self, database: Database, quota: QuotaRule, *, days: int) -> None:
        self._database = database
        self._quota = quota
        self._grace = timedelta(days=days)

    def usage(self, identity: Identity) -> Usage:
        """Return the storage used by the caller."""
        with self._database.read() as session:
            return self._quota.usage(session, identity.require(Scope.READ))

    def usage_of(self, identity: Identity, user_id: int) -> Usage:
        """Return the storage used by a user; for administrators."""
        require_admin(identity)
        with self._database.read() as session:
            return self._quota.usage(session, user_id)

    def deleted(self, identity: Identity) -> tuple[DeletedProduct, ...]:
        """Return the caller's restorable products, the last deleted first; for administrators those of all users."""
        identity.require(Scope.READ)
        statement = select(ProductRow).where(*self._restorable(identity)).order_by(ProductRow.deleted_at.desc())
        with self._database.read() as session:
            return tuple(self._deleted(row) for row in session.scalars(statement))

    def restore(self, identity: Identity, key: int | str) -> Product:
        """Restore a deleted product; an upload whose inspection was running becomes a draft.

        Raises
        ------
        NotFoundError
            There is no such product, it is not deleted, its grace time is over, or it belongs to another user.
        """
        identity.require(Scope.WRITE)
        condition = ProductRow.id == key if isinstance(key, int) else ProductRow.internal_name == key
        with self._database.write() as session:
            row = session.scalar(
                select(ProductRow).where(condition, *self._restorable(identity)).with_for_update(of=ProductRow)
            )
            if row is None:
                message = f"There is no deleted product '{key}' that you could restore."
                raise NotFoundError(message)
            row.status = _status_again(row)
            row.deleted_at = row.deleted_from = None
            row.updated_at = utc_now()
            record_product(session, identity, "restore", row)
            session.flush()
            return product_of_row(row)

    def versions(self, identity: Identity, product: Product) -> Versions:
        """Return the previous and newer versions of a product that the caller may read."""
        with self._database.read() as session:
            before = ProductRow.id == product.previous_id if product.previous_id is not None else false()
            previous = session.scalar(select(ProductRow).where(before, readable(identity)))
            after = (ProductRow.previous_id == product.id, ProductRow.status == ProductStatus.PUBLISHED)
            newer = session.scalars(select(ProductRow).where(*after, readable(identity)).order_by(ProductRow.id))
            return Versions(
                None if previous is None else product_of_row(previous), tuple(product_of_row(row) for row in newer)
            )

    def new_version(self, identity: Identity, product_id: int) -> Product:
        """Create a new version of a published product: a draft of the caller with the same metadata.

        Raises
        ------
        ConflictError
            The product is not published.
        InvalidValueError
            No new products of its type may be made.
        """
        owner, now = identity.require(Scope.WRITE), utc_now()
        with self._database.write() as session:
            old = find_product(session, identity, product_id)
            require_change(identity, old)
            if old.status != ProductStatus.PUBLISHED:
                message = "Only a published product can have a new version; this one can still be changed."
                raise ConflictError(message)
            open_type(session, old.product_type_id)
            row = _copy(old, owner, now)
            session.add(row)
            session.flush()
            row.internal_name = internal_name(row.id, row.display_name)
            session.flush()
            session.refresh(row)
            record_product(session, identity, "create", row, previous=old.internal_name)
            return product_of_row(row)

    def _restorable(self, identity: Identity) -> tuple[ColumnElement[bool], ...]:
        return (
            ProductRow.status == ProductStatus.DELETED,
            ProductRow.purged_at.is_(None),
            ProductRow.deleted_at > utc_now() - self._grace,
            true() if identity.acts_as_admin else ProductRow.owner_id == identity.user_id,
            true() if identity.acts_as_admin else ProductRow.official.is_(False),
        )

    def _deleted(self, row: ProductRow) -> DeletedProduct:
        deleted_at = row.deleted_at or row.updated_at
        return DeletedProduct(product_of_row(row), deleted_at, deleted_at + self._grace)


def _status_again(row: ProductRow) -> ProductStatus:
    was = ProductStatus(row.deleted_from or ProductStatus.REGISTERING)
    if was is not ProductStatus.PROCESSING:
        return was
    # The job that made it found it gone, and ended.
    return ProductStatus.REGISTERING if row.origin == "Upload" else ProductStatus.FAILED


def _copy(old: ProductRow, owner: int, now: datetime) -> ProductRow:
    visibility = effective_visibility(old)
    return ProductRow(
        product_type_id=old.product_type_id,
        release_id=old.release_id,
        owner_id=owner,
        display_name=old.display_name,
        description=old.description,
        pz_code=old.pz_code,
        official=old.official,
        visibility=visibility,
        groups=list(old.groups),
        co_owners=[user for user in (old.owner, *old.co_owners) if user.id != owner],
        status=ProductStatus.REGISTERING,
        release_year=old.release_year,
        attribution=_inherited(old),
        embargo_date=old.embargo_date if visibility == old.visibility else None,
        previous_id=old.id,
        created_at=now,
        updated_at=now,
    )


def _inherited(old: ProductRow) -> dict[str, object]:
    """Return the attribution of a product for its new version, without the DOI, which names the old one."""
    attribution = Attribution.model_validate(old.attribution)
    return attribution.model_copy(update={"doi": ""}).model_dump(mode="json", exclude_defaults=True)
