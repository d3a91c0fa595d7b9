"""Service of tables of users: create, describe, share, fill and remove them."""

import re
from collections.abc import Collection, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.auth.schema import UserRow
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError
from products.access import table_readable, table_writable
from products.lifecycle.change_log import ANY_USER_TABLE, catalogue_version
from products.quotas import QuotaRule
from products.schema import UserSchemaRow, UserTablePartRow, UserTableRow
from products.user_tables.models import TableDefinition, TablePart, TablePermissions, UserTable
from products.user_tables.permissions import apply_permissions, permissions_of
from products.user_tables.records import json_columns, json_summaries, table_of_row

__all__ = ["SCHEMA_PREFIX", "UserTableService"]

#: Beginning of the names of all schemas of users.
SCHEMA_PREFIX = "user_"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_MOST_TABLES = 1000


class UserTableService:
    """Service of tables of users.

    Parameters
    ----------
    reserved
        Words, in upper case, that cannot be names of tables.
    """

    def __init__(self, database: Database, quota: QuotaRule, *, reserved: Collection[str] = ()) -> None:
        self._database = database
        self._quota = quota
        self._reserved = reserved

    def stamp(self) -> int:
        """Return a value that changes whenever a table is created, filled, changed or removed."""
        with self._database.read() as session:
            return catalogue_version(session, ANY_USER_TABLE)

    def named(self, identity: Identity, schema: str, name: str) -> tuple[UserTable, ...]:
        """Return the tables that the identity may read and whose schema and name, in any case, are given."""
        query = (
            select(UserTableRow, UserSchemaRow.name)
            .join(UserSchemaRow, UserSchemaRow.user_id == UserTableRow.owner_id)
            .where(
                func.lower(UserSchemaRow.name) == schema.lower(),
                func.lower(UserTableRow.name) == name.lower(),
                table_readable(identity),
            )
            .order_by(UserSchemaRow.name, UserTableRow.name)
        )
        with self._database.read() as session:
            return tuple(table_of_row(row, found) for row, found in session.execute(query).unique())

    def all(self, identity: Identity) -> tuple[UserTable, ...]:
        """Return the tables that the identity may read, by schema and name."""
        query = (
            select(UserTableRow, UserSchemaRow.name)
            .join(UserSchemaRow, UserSchemaRow.user_id == UserTableRow.owner_id)
            .where(table_readable(identity))
            .order_by(UserSchemaRow.name, UserTableRow.name)
        )
        with self._database.read() as session:
            return tuple(table_of_row(row, schema) for row, schema in session.execute(query).unique())

    def schema_of(self, identity: Identity) -> str:
        """Return the schema of a user, which is created on first use."""
        user_id = identity.require(Scope.WRITE)
        with self._database.write() as session:
            found = session.get(UserSchemaRow, user_id)
            if found is None:
                found = UserSchemaRow(user_id=user_id, name=_free_schema(session, identity.name or "", user_id))
                session.add(found)
            return found.name

    def create(self, identity: Identity, full_name: str, definition: TableDefinition) -> UserTable:
        """Create a table without rows.

        Raises
        ------
        PermissionDeniedError
            The name is not in the caller's schema.
        ConflictError
            A table of this name exists.
        """
        user_id, own = identity.require(Scope.WRITE), self.schema_of(identity)
        schema, name = _parts(full_name)
        if schema != own:
            raise PermissionDeniedError(f"Your own tables are in the schema '{own}': make {own}.{name or 'name'}.")
        if not _NAME.fullmatch(name) or name.upper() in self._reserved:
            raise InvalidValueError(
                f"'{name[:100]}' cannot be the name of a table: it takes letters, digits and underscores, begins "
                "with a letter, and must not be a reserved word of ADQL."
            )
        row = UserTableRow(
            owner_id=user_id,
            name=name,
            description=definition.description,
            columns=json_columns(definition.columns),
            created_at=utc_now(),
        )
        try:
            with self._database.write() as session:
                owned = select(func.count(UserTableRow.id)).where(UserTableRow.owner_id == user_id)
                if (session.scalar(owned) or 0) >= _MOST_TABLES:
                    raise ConflictError(
                        f"You have {_MOST_TABLES} tables, which is the maximum. Remove tables that you no longer need."
                    )
                session.add(row)
                session.flush()
        except IntegrityError as e:
            message = f"There is a table {own}.{name} already; remove it, or choose another name."
            raise ConflictError(message) from e
        return self.find(identity, full_name)

    def find(self, identity: Identity, full_name: str) -> UserTable:
        """Find a table that the identity may read, or raise NotFoundError."""
        with self._database.read() as session:
            row, schema = _find(session, identity, full_name)
            return table_of_row(row, schema)

    def describe(self, identity: Identity, full_name: str, definition: TableDefinition) -> None:
        """Change the descriptions of a table and of its columns; names and types stay."""
        with self._database.write() as session:
            row, schema = _find(session, identity, full_name)
            _require_owner(identity, row.owner_id)
            known = table_of_row(row, schema).definition
            if unknown := [c.name for c in definition.columns if c.name not in {k.name for k in known.columns}]:
                raise InvalidValueError(f"{full_name} has no column '{unknown[0][:100]}'; columns cannot be added.")
            described = known.described_as(definition)
            row.description, row.columns = described.description, json_columns(described.columns)
            row.version += 1

    def permit(self, identity: Identity, full_name: str, **changes: object) -> TablePermissions:
        """Change who else may read a table or add to it: ``public``, ``read_group``, ``write_group``.

        Raises
        ------
        InvalidValueError
            A group does not exist, or the caller is not in it.
        """
        with self._database.write() as session:
            row, schema = _find(session, identity, full_name)
            _require_owner(identity, row.owner_id)
            apply_permissions(session, identity, row, changes)
            row.version += 1
            session.flush()
            return table_of_row(row, schema).permissions

    def schema_permissions(self, identity: Identity, name: str) -> tuple[str, TablePermissions]:
        """Return the owner of a user's schema and who else may read or add to all its tables.

        Raises
        ------
        NotFoundError
            There is no such schema, or the caller may read no table of it.
        PermissionDeniedError
            It belongs to another user.
        """
        with self._database.read() as session:
            row = _find_schema(session, identity, name)
            owner = session.get_one(UserRow, row.user_id).name
            return owner, permissions_of(row)

    def permit_schema(self, identity: Identity, name: str, **changes: object) -> None:
        """Change who else may read all tables of a user's schema or add to them, as `permit` does for one table."""
        identity.require(Scope.WRITE)
        with self._database.write() as session:
            apply_permissions(session, identity, _find_schema(session, identity, name), changes)

    def remove(self, identity: Identity, full_name: str) -> tuple[str, ...]:
        """Remove a table, and return the ids of its files, which can then be removed."""
        with self._database.write() as session:
            row, _ = _find(session, identity, full_name)
            _require_owner(identity, row.owner_id)
            files = tuple(part.stored_id for part in row.parts)
            session.delete(row)
        return files

    def require_quota(self, identity: Identity, full_name: str, more: int = 0) -> UserTable:
        """Return a table to which the identity may add rows of so many bytes.

        Raises
        ------
        PermissionDeniedError
            The identity may read the table but not add rows.
        QuotaExceededError
            The rows exceed the owner's quota.
        """
        identity.require(Scope.WRITE)
        with self._database.read() as session:
            row, schema = _find(session, identity, full_name)
            writable = select(UserTableRow.id).where(UserTableRow.id == row.id, table_writable(identity))
            if session.scalar(writable) is None:
                raise PermissionDeniedError(f"You may read {full_name}, not add to it: it belongs to another user.")
            self._quota.check(session, row.owner_id, more)
            return table_of_row(row, schema)

    def payer(self, identity: Identity, full_name: str) -> int:
        """Return the id of the user in whose quota rows that are sent for a table count while they are received.

        It is the owner of a table to which the identity may add rows, else the caller.
        """
        user_id = identity.require(Scope.WRITE)
        try:
            return self.require_quota(identity, full_name).owner_id
        except (NotFoundError, PermissionDeniedError):
            return user_id

    def check_quota(self, user_id: int) -> None:
        """Raise QuotaExceededError when a user, uploads that have begun included, is above the quota."""
        with self._database.read() as session:
            self._quota.check(session, user_id, 0)

    def get(self, table_id: int) -> UserTable:
        """Find a table for a job of this server, or raise NotFoundError."""
        with self._database.read() as session:
            row = session.get(UserTableRow, table_id)
            if row is None:
                raise NotFoundError("The table has been removed.")
            return table_of_row(row, session.get_one(UserSchemaRow, row.owner_id).name)

    def add_part(
        self,
        table_id: int,
        part: TablePart,
        job_id: str,
        *,
        instead_of: Sequence[TablePart] = (),
        beside: Sequence[TablePart] | None = None,
    ) -> bool:
        """Add rows written by a job; return False if the job did so before, or the parts to replace do not exist.

        Parameters
        ----------
        instead_of
            Parts that the new one replaces.
        beside
            All parts with which the new one was compared.

        Raises
        ------
        ConflictError
            Rows were added after the comparison.
        """
        with self._database.write() as session:
            row = session.get(UserTableRow, table_id)
            if row is None:
                raise NotFoundError("The table has been removed.")
            if session.scalar(select(UserTablePartRow.id).where(UserTablePartRow.job_id == job_id)) is not None:
                return False
            if beside is not None and {known.id for known in beside} != {known.id for known in row.parts}:
                raise ConflictError("Rows were added to the table at the same time. Try again.")
            old = [known for known in row.parts if known.id in {part.id for part in instead_of}]
            if len(old) != len(instead_of):
                return False
            self._quota.check(session, row.owner_id, part.size - sum(known.size for known in old), lock=True)
            for known in old:
                session.delete(known)
            session.add(
                UserTablePartRow(
                    table_id=table_id,
                    job_id=job_id,
                    stored_id=part.stored_id,
                    rows=part.rows,
                    size=part.size,
                    sha256=part.sha256,
                    statistics=json_summaries(part),
                )
            )
            row.version += 1
        return True

    def add_index(self, table_id: int, column: str, *, unique: bool = False) -> None:
        """Record that an index on a column was requested, whose values may have to be unique from now on."""
        with self._database.write() as session:
            row = session.get(UserTableRow, table_id)
            if row is None:
                return
            values = {
                "indexed": list(dict.fromkeys((*row.indexed, column))),
                "unique_columns": list(dict.fromkeys((*row.unique_columns, *([column] if unique else [])))),
                "version": row.version + 1,
            }
            session.execute(update(UserTableRow).where(UserTableRow.id == table_id).values(**values))

    def stored_ids(self) -> frozenset[str]:
        """Return the ids of all files of tables."""
        with self._database.read() as session:
            return frozenset(session.scalars(select(UserTablePartRow.stored_id)))


def _find(session: Session, identity: Identity, full_name: str) -> tuple[UserTableRow, str]:
    schema, name = _parts(full_name)
    query = (
        select(UserTableRow, UserSchemaRow.name)
        .join(UserSchemaRow, UserSchemaRow.user_id == UserTableRow.owner_id)
        .where(table_readable(identity), UserSchemaRow.name == schema, UserTableRow.name == name)
    )
    found = session.execute(query).unique().first()
    if found is None:
        raise NotFoundError(f"There is no table '{full_name[:200]}'.")
    return found[0], found[1]


def _find_schema(session: Session, identity: Identity, name: str) -> UserSchemaRow:
    """Return a schema of the caller, or any for administrators."""
    row = session.scalar(select(UserSchemaRow).where(UserSchemaRow.name == name.lower()))
    own = row is not None and (row.user_id == identity.user_id or identity.acts_as_admin)
    if row is not None and own:
        return row
    seen = row is not None and session.scalar(
        select(UserTableRow.id).where(UserTableRow.owner_id == row.user_id, table_readable(identity)).limit(1)
    )
    if seen:
        raise PermissionDeniedError("Only the owner of a schema may see or change its permissions.")
    raise NotFoundError(f"There is no schema '{name[:200]}'.")


def _require_owner(identity: Identity, owner_id: int) -> None:
    identity.require(Scope.WRITE)
    if identity.user_id != owner_id and not identity.acts_as_admin:
        raise PermissionDeniedError("Only the owner of a table may do this.")


def _parts(full_name: str) -> tuple[str, str]:
    schema, _, name = full_name.partition(".")
    return schema.lower(), name.lower()


def _free_schema(session: Session, user: str, user_id: int) -> str:
    """Return a free schema name for a user: the name as an identifier, with the user's number if it is taken."""
    plain = SCHEMA_PREFIX + (re.sub(r"[^a-z0-9]+", "_", user.lower()).strip("_")[:100] or str(user_id))
    taken = session.scalar(select(UserSchemaRow.user_id).where(UserSchemaRow.name == plain))
    return plain if taken is None else f"{plain}_{user_id}"
