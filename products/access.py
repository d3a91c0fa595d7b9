"""The one access rule: who may read a product, and who may change it.

Everything that a user can reach asks it: REST, pages, TAP tables and rows, VOSpace, downloads, jobs. It is an SQL
condition, so that lists, look-ups and joins use the very same words and nothing is filtered afterwards.
"""

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow
from core.errors import PermissionDeniedError
from products.models import ProductStatus, Visibility
from products.schema import ProductRow, ReleaseRow, product_groups, release_groups

__all__ = ["changeable", "readable", "release_readable", "require_change"]


def readable(identity: Identity) -> ColumnElement[bool]:
    """Give the condition on ``ProductRow`` under which the identity may read a product.

    Owners and administrators read every product that is not deleted. Others read published products that are
    public, that are for registered users (when they are one), or that are for one of their groups; and only when
    the product's release, if any, is open to them.
    """
    exists = ProductRow.status != ProductStatus.DELETED
    if identity.acts_as_admin:
        return exists
    shared = or_(
        ProductRow.visibility == Visibility.PUBLIC,
        false() if identity.is_anonymous else ProductRow.visibility == Visibility.REGISTERED,
        _of_groups(identity),
    )
    published = and_(ProductRow.status == ProductStatus.PUBLISHED, shared, _release_open(identity))
    own = false() if identity.user_id is None else ProductRow.owner_id == identity.user_id
    return and_(exists, or_(own, published))


def changeable(identity: Identity, owner_id: int) -> bool:
    """Say whether the identity may change a product of this owner: its owner, and administrators."""
    writes = not identity.is_anonymous and identity.scope.includes(Scope.WRITE)
    return writes and (identity.user_id == owner_id or identity.acts_as_admin)


def require_change(identity: Identity, owner_id: int) -> None:
    """Raise unless the identity may change a product of this owner."""
    identity.require(Scope.WRITE)
    if not changeable(identity, owner_id):
        message = "You do not have permission to perform this action: the product belongs to another user."
        raise PermissionDeniedError(message)


def release_readable(identity: Identity) -> ColumnElement[bool]:
    """Give the condition on ``ReleaseRow`` under which the identity may see a release."""
    if identity.acts_as_admin:
        return true()
    if identity.is_anonymous:
        return ReleaseRow.is_public.is_(True)
    groups = (
        select(release_groups.c.release_id)
        .join(GroupRow, GroupRow.id == release_groups.c.group_id)
        .where(GroupRow.name.in_(identity.groups))
    )
    closed = select(release_groups.c.release_id)
    return or_(ReleaseRow.is_public.is_(True), ReleaseRow.id.not_in(closed), ReleaseRow.id.in_(groups))


def _release_open(identity: Identity) -> ColumnElement[bool]:
    if identity.is_anonymous:
        # A product that its owner made public is public; a release only closes it when it has access groups.
        closed = select(release_groups.c.release_id).join(ReleaseRow).where(ReleaseRow.is_public.is_(False))
        return or_(ProductRow.release_id.is_(None), ProductRow.release_id.not_in(closed))
    return or_(
        ProductRow.release_id.is_(None),
        ProductRow.release_id.in_(select(ReleaseRow.id).where(release_readable(identity))),
    )


def _of_groups(identity: Identity) -> ColumnElement[bool]:
    if not identity.groups:
        return false()
    groups = (
        select(product_groups.c.product_id)
        .join(GroupRow, GroupRow.id == product_groups.c.group_id)
        .where(GroupRow.name.in_(identity.groups))
    )
    return and_(ProductRow.visibility == Visibility.GROUPS, ProductRow.id.in_(groups))
