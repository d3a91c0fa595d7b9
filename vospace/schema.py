"""What is stored of people's own nodes; the nodes of products are made from the catalogue and stored nowhere else."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import UserRow
from core.database import Base, UtcDateTime

__all__ = ["NodeRow", "NodeWriteRow"]

#: Names are ordered by their bytes on both databases, so that a page of a listing begins where the last one ended.
_Name = String(255).with_variant(String(255, collation="C"), "postgresql")


class NodeRow(Base):
    """A node below ``/home``; one without a parent is somebody's home, and bears the name of the account.

    ``group_read`` and ``group_write`` hold the identifiers of groups, each between two spaces, so that SQL finds them.
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
        """Name of the account that it belongs to."""
        return self.owner.name


class NodeWriteRow(Base):
    """Bytes that are on their way to a node, which is busy until they are there or the time is up."""

    __tablename__ = "node_writes"

    parent_id: Mapped[int] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(_Name, primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
