"""Service of sharing: groups that may read a product, its co-owners, and its transfer to a new owner."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.auth.schema import GroupRow, UserRow, group_members
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError
from products.access import require_change, require_manage
from products.models import Product, Visibility
from products.quotas import QuotaRule
from products.schema import ProductRow, release_groups
from products.sharing.schema import ProductLinkRow
from products.storage import find_product, product_of_row, record_product

__all__ = ["SharingService", "share_with"]


def share_with(
    session: Session, identity: Identity, row: ProductRow, visibility: Visibility, names: Sequence[str] | None
) -> None:
    """Set who may read a product.

    Parameters
    ----------
    names
        Names of all groups with which it is shared; None leaves them as they are. The caller may add only groups that
        the caller belongs to; groups with which it is shared already may stay.

    Raises
    ------
    InvalidValueError
        There is no such group, the caller does not belong to it, or a product for groups would have no group.
    """
    if names is not None:
        row.groups = [_group(session, identity, row, name) for name in dict.fromkeys(names)]
    if visibility is Visibility.GROUPS and not row.groups:
        message = "Choose at least one group that the product is shared with."
        raise InvalidValueError(message, field="groups")
    row.visibility = visibility


class SharingService:
    """Add and remove co-owners, and transfer products to other owners."""

    def __init__(self, database: Database, quota: QuotaRule) -> None:
        self._database = database
        self._quota = quota

    def add_co_owner(self, identity: Identity, product_id: int, user_name: str) -> Product:
        """Add a co-owner, who may change a product but not delete it.

        Raises
        ------
        InvalidValueError
            There is no such account, or it may not see the product's release.
        ConflictError
            The account is the owner's.
        """
        with self._database.write() as session:
            row = self._managed(session, identity, product_id)
            user = _user(session, row, user_name)
            if user.id == row.owner_id:
                message = f"'{user.name}' owns the product already."
                raise ConflictError(message, field="user")
            if user not in row.co_owners:
                row.co_owners.append(user)
                record_product(session, identity, "add co-owner", row, user=user.name)
            return _changed(session, row)

    def remove_co_owner(self, identity: Identity, product_id: int, user_name: str) -> None:
        """Remove a co-owner; co-owners may remove themselves."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            (require_change if user_name == identity.name else require_manage)(identity, row)
            user = next((user for user in row.co_owners if user.name == user_name), None)
            if user is None:
                message = f"'{user_name:.150}' is not a co-owner of this product."
                raise InvalidValueError(message, field="user")
            row.co_owners.remove(user)
            record_product(session, identity, "remove co-owner", row, user=user.name)
            _changed(session, row)

    def transfer(self, identity: Identity, product_id: int, user_name: str, *, stay: bool = True) -> Product:
        """Transfer a product to a new owner; links to it are revoked.

        Parameters
        ----------
        stay
            Whether the old owner remains as a co-owner.

        Raises
        ------
        InvalidValueError
            There is no such account, or it may not see the product's release.
        QuotaExceededError
            The product does not fit into the new owner's quota.
        """
        with self._database.write() as session:
            row = self._managed(session, identity, product_id)
            user, old = _user(session, row, user_name), row.owner
            if user.id == old.id:
                message = f"'{user.name}' owns the product already."
                raise ConflictError(message, field="user")
            self._quota.check_product(session, user.id, row.id)
            row.co_owners = [other for other in row.co_owners if other.id != user.id]
            if stay:
                row.co_owners.append(old)
            row.owner = user
            session.execute(delete(ProductLinkRow).where(ProductLinkRow.product_id == row.id))
            record_product(session, identity, "transfer", row, owner=[old.name, user.name], stays=stay)
            return _changed(session, row)

    def _managed(self, session: Session, identity: Identity, product_id: int) -> ProductRow:
        row = find_product(session, identity, product_id, lock=True)
        require_manage(identity, row)
        return row


def _changed(session: Session, row: ProductRow) -> Product:
    row.updated_at = utc_now()
    session.flush()
    session.refresh(row)
    return product_of_row(row)


def _group(session: Session, identity: Identity, row: ProductRow, name: str) -> GroupRow:
    group = session.scalar(select(GroupRow).where(GroupRow.name == name.strip()))
    known = group is not None and (group.name in identity.groups or identity.acts_as_admin or group in row.groups)
    if group is None or not known:
        message = f"You belong to no group named '{name.strip():.150}'."
        raise InvalidValueError(message, field="groups")
    return group


def _user(session: Session, row: ProductRow, user_name: str) -> UserRow:
    user = session.scalar(select(UserRow).where(UserRow.name == user_name.strip(), UserRow.is_active))
    if user is None:
        message = f"There is no account named '{user_name.strip():.150}'."
        raise InvalidValueError(message, field="user")
    if row.release is not None and not row.release.is_public and not user.is_admin:
        allowed = select(release_groups.c.group_id).where(release_groups.c.release_id == row.release_id)
        closed = set(session.scalars(allowed))
        own = session.scalars(select(group_members.c.group_id).where(group_members.c.user_id == user.id))
        if closed and closed.isdisjoint(own):
            message = f"'{user.name}' may not see the release {row.release.display_name}, which the product belongs to."
            raise InvalidValueError(message, field="user")
    return user
