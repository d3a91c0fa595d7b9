"""Tables of nodes below ``/home``; nodes of products are derived from the catalogue and not stored."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import UserRow
from core.database import Base, UtcDateTime

__all__ = ["NodeRow", "NodeWriteRow"]

#: Both databases sort names by bytes, so that the pages of a listing are consistent.
_Name = String(255).with_variant(String(255, collation="C"), "postgresql")


class NodeRow(Base):
    """A node below ``/home``; a row without a parent is the home of the account of the same name.

    ``group_read`` and ``group_write`` hold group identifiers, each between two spaces, so that SQL can search them.
    """

    __tablename__ = "nodes"
    __table_args__ = (
        UniqueConstraint("parent_id", "name", name="uq_nodes_parent_id_name"),
        Index(
            "uq_nodes_home",
            "name",
            unique=True,
            sqlite_where=text("parent_id IS NULL"),
            postgresql_where=text("parent_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(_Name)
    kind: Mapped[str] = mapped_column(String(24))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    modified_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_public: Mapped[bool] = mapped_column(default=False)
    group_read: Mapped[str] = mapped_column(Text, default="")
    group_write: Mapped[str] = mapped_column(Text, default="")
    is_locked: Mapped[bool] = mapped_column(default=False)
    inherits: Mapped[bool] = mapped_column(default=False)
    properties: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    target: Mapped[str | None] = mapped_column(Text)
    media_type: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    md5: Mapped[str | None] = mapped_column(String(32))
    sha256: Mapped[str | None] = mapped_column(String(64))
    stored_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    quota: Mapped[int | None] = mapped_column(BigInteger)
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)

    @property
    def owner_name(self) -> str:
        """Name of the owner's account."""
        return self.owner.name


class NodeWriteRow(Base):
    """A claim on a node whose bytes are being written; the node is busy until the claim is released or expires."""

    __tablename__ = "node_writes"

    parent_id: Mapped[int] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(_Name, primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
