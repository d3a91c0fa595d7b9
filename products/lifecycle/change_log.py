"""Log of changes of the catalogue: a version for each product, which triggers of the database raise.

Whatever changes what is shown of a product, or to whom, gives it a version above all others, in the same transaction:
also statements on many rows, deletions that follow others, and what an operator types. Versions are committed in their
order, so that who has seen one has seen all before it, on whichever server. `install_triggers` is called after each
migration, because SQLite drops the triggers of a table that is made anew.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, case, func, select, text
from sqlalchemy.orm import Session

from products.access import embargo_ended
from products.schema import ProductChangeRow, ProductRow

__all__ = [
    "ANY_PRODUCT",
    "ANY_USER_TABLE",
    "catalogue_version",
    "changed_since",
    "install_triggers",
    "version_of_product",
]

#: Numbers beside those of products: the last change of any product, release or type, and that of any user table.
ANY_PRODUCT = 0
ANY_USER_TABLE = -1

_OF_GROUP = (
    "SELECT product_id FROM product_groups WHERE group_id = {row}.id UNION SELECT id FROM products "
    "WHERE release_id IN (SELECT release_id FROM release_groups WHERE group_id = {row}.id)"
)

# For each table: the statements that count, and the products that they concern; {row} is the row that was changed.
_OF_RELEASE = "SELECT id FROM products WHERE release_id = {row}."
_PRODUCT_SOURCES: Sequence[tuple[str, Sequence[str], str]] = (
    ("products", ("INSERT", "UPDATE", "DELETE"), "SELECT {row}.id"),
    ("product_groups", ("INSERT", "DELETE"), "SELECT {row}.product_id"),
    ("product_co_owners", ("INSERT", "DELETE"), "SELECT {row}.product_id"),
    ("hidden_product_readers", ("INSERT", "DELETE"), "SELECT {row}.product_id"),
    ("product_files", ("INSERT", "UPDATE", "DELETE"), "SELECT {row}.product_id"),
    ("product_tables", ("INSERT", "UPDATE", "DELETE"), "SELECT {row}.product_id"),
    ("product_types", ("INSERT", "UPDATE", "DELETE"), "SELECT id FROM products WHERE product_type_id = {row}.type_id"),
    ("releases", ("INSERT", "UPDATE", "DELETE"), f"{_OF_RELEASE}id"),
    ("release_groups", ("INSERT", "DELETE"), f"{_OF_RELEASE}release_id"),
    ("users", ("UPDATE OF name",), "SELECT id FROM products WHERE owner_id = {row}.id"),
    ("groups", ("UPDATE OF name",), _OF_GROUP),
)
_USER_TABLE_SOURCES = tuple(
    (table, ("INSERT", "UPDATE", "DELETE"), "") for table in ("user_tables", "user_schemas", "user_table_parts")
)

# Raised when a trigger changes: the names of installed triggers tell which they are.
_EDITION = 1
_PREFIX = "catalogue_change_"
_LOCK = 7_402_133_901


def catalogue_version(session: Session, of: int = ANY_PRODUCT) -> int:
    """Return the version of the last change of any product, release or type, or of any user table."""
    return session.scalar(select(ProductChangeRow.version).where(ProductChangeRow.product_id == of)) or 0


def changed_since(session: Session, version: int) -> tuple[int, ...]:
    """Return the numbers of the products that have changed since a version, deleted ones too."""
    changed = select(ProductChangeRow.product_id).where(
        ProductChangeRow.version > version, ProductChangeRow.product_id > ANY_PRODUCT
    )
    return tuple(session.scalars(changed))


def version_of_product(today: date | None = None) -> ColumnElement[int]:
    """Return the version of a product as an expression beside ``ProductRow``.

    It also changes when the embargo of the product ends, which no trigger sees: it is odd from then on.
    """
    own = select(ProductChangeRow.version).where(ProductChangeRow.product_id == ProductRow.id).scalar_subquery()
    return func.coalesce(own, 0) * 2 + case((embargo_ended(today), 1), else_=0)


def install_triggers(connection: Connection) -> None:
    """Make the triggers, and remove those of earlier versions, unless they are there already."""
    statements = dict(_triggers(connection.dialect.name))
    installed = _installed(connection)
    if installed.keys() == statements.keys():
        return
    for name, table in installed.items():
        suffix = f" ON {table}" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{suffix}")
    if connection.dialect.name == "postgresql":
        for function in _functions():
            connection.exec_driver_sql(function)
    for statement in statements.values():
        connection.exec_driver_sql(statement)


def _installed(connection: Connection) -> dict[str, str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE :prefix"
    else:
        query = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgname LIKE :prefix"
        )
    found = connection.execute(text(query), {"prefix": f"{_PREFIX}%"})
    return {str(name): str(table) for name, table in found}


def _triggers(dialect: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each trigger, and the statement that makes it."""
    for table, events, ids in (*_PRODUCT_SOURCES, *_USER_TABLE_SOURCES):
        for when in events:
            name = f"{_PREFIX}{_EDITION}_{table}_{when.split()[0].lower()}"
            if dialect == "sqlite":
                body = _upsert(ids, "OLD" if when == "DELETE" else "NEW")
                yield name, f"CREATE TRIGGER {name} AFTER {when} ON {table} BEGIN {body}; END"
            else:
                # At the end of the transaction, so that it waits for others when it holds all its locks already.
                timing = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
                call = f"EXECUTE FUNCTION {_PREFIX}{table}()"
                yield name, f"CREATE CONSTRAINT TRIGGER {name} AFTER {when} ON {table} {timing} {call}"


def _functions() -> Iterator[str]:
    for table, _, ids in (*_PRODUCT_SOURCES, *_USER_TABLE_SOURCES):
        yield f"""
CREATE OR REPLACE FUNCTION {_PREFIX}{table}() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE changed record;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  PERFORM pg_advisory_xact_lock({_LOCK});
  {_upsert(ids, "changed")};
  RETURN NULL;
END $body$"""


def _upsert(ids: str, row: str) -> str:
    """Return the statement that gives products, and the one number that stands for all, the next version."""
    numbers = f"SELECT {ANY_PRODUCT} AS id UNION {ids.format(row=row)}" if ids else f"SELECT {ANY_USER_TABLE} AS id"
    return (
        "INSERT INTO product_changes (product_id, version) SELECT n.id, v.next "  # noqa: S608 - nothing is given
        f"FROM ({numbers}) AS n, (SELECT COALESCE(MAX(version), 0) + 1 AS next FROM product_changes) AS v WHERE true "
        "ON CONFLICT (product_id) DO UPDATE SET version = excluded.version"
    )
