"""Accounts that a user may see: collaborators only, never the full list."""

from sqlalchemy import or_, select, union

from core.auth.models import Identity, Scope, User
from core.auth.schema import UserRow, group_members
from core.database import Database
from products.access import readable
from products.schema import ProductRow, product_co_owners

__all__ = ["visible_accounts"]


def visible_accounts(database: Database, identity: Identity) -> tuple[User, ...]:
    """Return the active accounts that the caller may see, by name.

    These are the caller's own, those of owners and co-owners of products that the caller may read, and of members of
    the caller's groups; for administrators all.
    """
    user_id = identity.require(Scope.READ)
    statement = select(UserRow).where(UserRow.is_active).order_by(UserRow.name)
    if not identity.acts_as_admin:
        read = readable(identity)
        mine = select(group_members.c.group_id).where(group_members.c.user_id == user_id)
        known = union(
            select(ProductRow.owner_id).where(read),
            select(product_co_owners.c.user_id)
            .join(ProductRow, ProductRow.id == product_co_owners.c.product_id)
            .where(read),
            select(group_members.c.user_id).where(group_members.c.group_id.in_(mine)),
        )
        statement = statement.where(or_(UserRow.id == user_id, UserRow.id.in_(known)))
    with database.read() as session:
        return tuple(
            User(row.id, row.name, row.first_name, row.last_name, row.email, row.is_admin, row.created_at)
            for row in session.scalars(statement)
        )
