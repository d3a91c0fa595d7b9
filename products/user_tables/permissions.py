"""Permissions of tables and schemas of users, as they are stored."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from core.auth.groups import find_own_group
from core.auth.models import Identity
from products.schema import UserSchemaRow, UserTableRow
from products.user_tables.models import TablePermissions

__all__ = ["apply_permissions", "permissions_of"]


def apply_permissions(
    session: Session, identity: Identity, row: UserTableRow | UserSchemaRow, changes: Mapping[str, object]
) -> None:
    """Set ``public``, ``read_group`` and ``write_group``; what is not named keeps its value.

    Raises
    ------
    InvalidValueError
        A group does not exist, or the caller is not in it.
    """
    if "public" in changes:
        row.is_public = bool(changes["public"])
    for key in ("read_group", "write_group"):
        if key in changes:
            name = str(changes[key] or "")
            setattr(row, key, find_own_group(session, identity, name) if name else None)


def permissions_of(row: UserTableRow | UserSchemaRow) -> TablePermissions:
    """Return the permissions of a stored table or schema."""
    return TablePermissions(
        row.is_public,
        row.read_group.name if row.read_group else None,
        row.write_group.name if row.write_group else None,
    )
