"""What the database stores of users' tables."""

import secrets
from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import GroupRow, UserRow
from core.database import Base, UtcDateTime

__all__ = ["UserSchemaRow", "UserTablePartRow", "UserTableRow"]


class UserSchemaRow(Base):
    """The schema of a user: given once, and kept when the account is renamed."""

    __tablename__ = "user_schemas"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class UserTableRow(Base):
    """A table.

    ``version`` begins anywhere and grows with every change, so that what was made of a table is seen to be old, also
    when a table that was removed had the same number.
    """

    __tablename__ = "user_tables"
    __table_args__ = (UniqueConstraint("owner_id", "name", name="uq_user_tables_owner_id_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    columns: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    indexed: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_public: Mapped[bool] = mapped_column(default=False)
    read_group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    write_group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(BigInteger, default=lambda: secrets.randbits(48))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)
    read_group: Mapped[GroupRow | None] = relationship(lazy="joined", foreign_keys=[read_group_id])
    write_group: Mapped[GroupRow | None] = relationship(lazy="joined", foreign_keys=[write_group_id])
    parts: Mapped[list["UserTablePartRow"]] = relationship(
        lazy="selectin", order_by="UserTablePartRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class UserTablePartRow(Base):
    """Rows that were loaded at once; a job that runs twice stores them once."""

    __tablename__ = "user_table_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("user_tables.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(String(64), unique=True)
    stored_id: Mapped[str] = mapped_column(String(64), unique=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
