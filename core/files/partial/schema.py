"""Tables of files that arrive in parts, and of their pieces, which are objects."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime

__all__ = ["PartialFileRow", "PartialPieceRow"]


class PartialFileRow(Base):
    """A file that is written by several requests, and is not complete.

    ``size`` is the sum of its pieces, ``mark`` the size to which a revert returns, and ``writer`` the request that may
    add the next piece.
    """

    __tablename__ = "partial_files"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(String(32), index=True)
    note: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    mark: Mapped[int] = mapped_column(BigInteger, default=0)
    writer: Mapped[str] = mapped_column(String(32), default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PartialPieceRow(Base):
    """A piece of such a file; ``stored_id`` is the name of its object."""

    __tablename__ = "partial_pieces"
    __table_args__ = (UniqueConstraint("file_id", "position", name="uq_partial_pieces_file_id_position"),)

    stored_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("partial_files.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
