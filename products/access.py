"""The access rule: SQL conditions for what an identity may read, and checks of what it may change.

REST, pages, TAP tables and rows, VOSpace, downloads and jobs all use it. The rule for reading is an SQL condition, so
that lists, look-ups and joins apply the same condition and nothing is filtered afterwards.
"""

from datetime import date
from functools import lru_cache
from typing import Protocol

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow
from core.database import utc_today
from core.errors import PermissionDeniedError
from products.models import ProductStatus, Visibility
from products.schema import (
    ProductRow,
    ReleaseRow,
    UserSchemaRow,
    UserTableRow,
    hidden_product_readers,
    product_co_owners,
    product_groups,
    release_groups,
)

__all__ = [
    "Owned",
    "changeable",
    "embargo_ended",
    "manageable",
    "readable",
    "release_readable",
    "require_change",
    "require_manage",
    "shared_readable",
    "table_readable",
    "table_writable",
]


class Owned(Protocol):
    """Attributes of a product that decide who may change it."""

    @property
    def owner_id(self) -> int:
        """Number of the owner."""

    @property
    def co_owner_ids(self) -> frozenset[int]:
        """Numbers of the co-owners, who may change it as well."""

    @property
    def official(self) -> bool:
        """Whether it is an official product of the project."""


def readable(identity: Identity, today: date | None = None) -> ColumnElement[bool]:
    """Return the condition on ``ProductRow`` under which the identity may read a product.

    Owners and administrators read every product that is not deleted, and co-owners those whose release, if any, is
    open to them. Others read published products that are public, that are for registered users (when they are one),
    or that are for one of their groups; and only when the product's release is open to them. A link to one product
    makes that one readable as if it were public. From its embargo date on, a product is public.

    A hidden product, such as the truth of a challenge that is not published, is read by its owner, by the users in
    ``hidden_product_readers`` and by administrators alone: no visibility, embargo date, link or co-owner opens it.

    Parameters
    ----------
    today
        The day (UTC) that embargo dates are compared with; by default the present one.
    """
    return _readable(identity, today or utc_today())


@lru_cache(maxsize=256)  # it stands in most statements about products, and takes longer to make than to evaluate
def _readable(identity: Identity, today: date) -> ColumnElement[bool]:
    exists = ProductRow.status != ProductStatus.DELETED
    if identity.acts_as_admin:
        return exists
    shared = or_(
        ProductRow.visibility == Visibility.PUBLIC,
        embargo_ended(today),
        false() if identity.linked_product is None else ProductRow.id == identity.linked_product,
        false() if identity.is_anonymous else ProductRow.visibility == Visibility.REGISTERED,
        _of_groups(identity),
    )
    published = and_(
        ProductRow.status == ProductStatus.PUBLISHED, shared, _release_open(identity, ProductRow.release_id)
    )
    own = false() if identity.user_id is None else ProductRow.owner_id == identity.user_id
    opened = and_(ProductRow.is_hidden.is_(False), or_(published, _co_owned(identity)))
    return and_(exists, or_(own, opened, _shown_while_hidden(identity)))


def embargo_ended(today: date | None = None) -> ColumnElement[bool]:
    """Return the condition on ``ProductRow`` under which a product has an embargo date that is reached."""
    day = today or utc_today()
    return and_(ProductRow.embargo_date.is_not(None), ProductRow.embargo_date <= day)


def changeable(identity: Identity, product: Owned) -> bool:
    """Return whether the identity may change a product: its owner and co-owners may, and administrators.

    Official products are changed by administrators alone.
    """
    if identity.is_anonymous or not identity.scope.includes(Scope.WRITE):
        return False
    owns = identity.user_id == product.owner_id or identity.user_id in product.co_owner_ids
    return identity.acts_as_admin or (owns and not product.official)


def manageable(identity: Identity, product: Owned) -> bool:
    """Return whether the identity may delete a product and change its owner: its owner, and administrators."""
    return changeable(identity, product) and (identity.acts_as_admin or identity.user_id == product.owner_id)


def require_change(identity: Identity, product: Owned) -> None:
    """Raise unless the identity may change a product."""
    identity.require(Scope.WRITE)
    if changeable(identity, product):
        return
    message = "You do not have permission to perform this action: the product belongs to another user."
    if product.official:
        message = "You do not have permission to perform this action: only administrators change official products."
    raise PermissionDeniedError(message)


def require_manage(identity: Identity, product: Owned) -> None:
    """Raise unless the identity may delete a product and change its owner."""
    require_change(identity, product)
    if not manageable(identity, product):
        message = "You do not have permission to perform this action: only the product's owner may do this."
        raise PermissionDeniedError(message)


def release_readable(identity: Identity) -> ColumnElement[bool]:
    """Return the condition on ``ReleaseRow`` under which the identity may see a release."""
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


def _release_open(identity: Identity, release_id: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    if identity.is_anonymous:
        # What its owner made public is public; a release only closes it when it has access groups.
        closed = select(release_groups.c.release_id).join(ReleaseRow).where(ReleaseRow.is_public.is_(False))
        return or_(release_id.is_(None), release_id.not_in(closed))
    return or_(release_id.is_(None), release_id.in_(select(ReleaseRow.id).where(release_readable(identity))))


def _co_owned(identity: Identity) -> ColumnElement[bool]:
    if identity.user_id is None:
        return false()
    own = select(product_co_owners.c.product_id).where(product_co_owners.c.user_id == identity.user_id)
    return and_(ProductRow.id.in_(own), _release_open(identity, ProductRow.release_id))


def _shown_while_hidden(identity: Identity) -> ColumnElement[bool]:
    if identity.user_id is None:
        return false()
    readers = hidden_product_readers
    own = select(readers.c.product_id).where(readers.c.user_id == identity.user_id)
    return and_(ProductRow.is_hidden.is_(True), ProductRow.id.in_(own))


def _of_groups(identity: Identity) -> ColumnElement[bool]:
    if not identity.groups:
        return false()
    groups = (
        select(product_groups.c.product_id)
        .join(GroupRow, GroupRow.id == product_groups.c.group_id)
        .where(GroupRow.name.in_(identity.groups))
    )
    return and_(ProductRow.visibility == Visibility.GROUPS, ProductRow.id.in_(groups))


def shared_readable(
    identity: Identity,
    visibility: InstrumentedAttribute[str],
    in_groups: ColumnElement[bool],
    release_id: InstrumentedAttribute[int | None],
) -> ColumnElement[bool]:
    """Return the condition under which the identity may read what administrators share, such as survey catalogues.

    Administrators read all of it; others what is public, for registered users (when they are one), or for one of their
    groups, and as with products only while its release, if any, is open to them.

    Parameters
    ----------
    visibility
        Column with the visibility.
    in_groups
        Condition that it is shared with one of the identity's groups.
    release_id
        Column with the number of its release, or NULL.
    """
    if identity.acts_as_admin:
        return true()
    shared = or_(
        visibility == Visibility.PUBLIC,
        false() if identity.is_anonymous else visibility == Visibility.REGISTERED,
        and_(visibility == Visibility.GROUPS, in_groups) if identity.groups else false(),
    )
    return and_(shared, _release_open(identity, release_id))


def table_readable(identity: Identity) -> ColumnElement[bool]:
    """Return the condition on ``UserTableRow`` under which the identity may read a user's table.

    Owners and administrators read them; others read those that are public, or shared with one of their groups, or whose
    schema is.
    """
    if identity.acts_as_admin:
        return true()
    shared = or_(UserTableRow.is_public.is_(True), _in_groups(identity, UserTableRow.read_group_id))
    schema = or_(UserSchemaRow.is_public.is_(True), _in_groups(identity, UserSchemaRow.read_group_id))
    return or_(shared, _in_schema(schema), table_writable(identity, any_scope=True))


def table_writable(identity: Identity, *, any_scope: bool = False) -> ColumnElement[bool]:
    """Return the condition on ``UserTableRow`` under which the identity may add rows to a user's table.

    Parameters
    ----------
    any_scope
        Whether to ignore the scope of the token, so that the identity's own rights count alone.
    """
    if identity.user_id is None or not (any_scope or identity.scope.includes(Scope.WRITE)):
        return false()
    if identity.acts_as_admin:
        return true()
    return or_(
        UserTableRow.owner_id == identity.user_id,
        _in_groups(identity, UserTableRow.write_group_id),
        _in_schema(_in_groups(identity, UserSchemaRow.write_group_id)),
    )


def _in_schema(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return UserTableRow.owner_id.in_(select(UserSchemaRow.user_id).where(condition))


def _in_groups(identity: Identity, column: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    if not identity.groups:
        return false()
    return column.in_(select(GroupRow.id).where(GroupRow.name.in_(identity.groups)))
