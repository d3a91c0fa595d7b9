"""Checksums of the files of rows, as the database has them."""

from sqlalchemy import select

from core.database import Database
from products.schema import ProductTableRow, UserTablePartRow

__all__ = ["part_checksum", "row_checksum"]


def row_checksum(database: Database, stored_id: str) -> str | None:
    """Return the SHA-256 of the rows of a product; None when no product has them, or they are of an early version."""
    with database.read() as session:
        return session.scalar(select(ProductTableRow.sha256).where(ProductTableRow.stored_id == stored_id))


def part_checksum(database: Database, stored_id: str) -> str | None:
    """Return the SHA-256 of a part of a table of a user; None when no table has it, or it is of an early version."""
    with database.read() as session:
        return session.scalar(select(UserTablePartRow.sha256).where(UserTablePartRow.stored_id == stored_id))
