"""Tables of the registry: identifiers that were ever published, last harvests, and records of other registries."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime

__all__ = ["HarvestRow", "HarvestedRecordRow", "RegistryRow", "RegistrySourceRow"]


class RegistryRow(Base):
    """A published identifier; rows are never removed.

    Their numbers are the order of harvests, so that a record that changes meanwhile stays at its place. ``path`` is the
    identifier without the authority, and ``version`` what the record was made of, by which changes are found. There is
    no foreign key: the row of a deleted product stays.
    """

    __tablename__ = "registry_records"
    __table_args__ = (Index("ix_registry_records_changed_at", "changed_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(400), unique=True)
    product_id: Mapped[int | None] = mapped_column(unique=True)
    version: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_deleted: Mapped[bool] = mapped_column(default=False)


class HarvestRow(Base):
    """The last whole list that a harvester read, by its User-Agent."""

    __tablename__ = "registry_harvests"

    agent: Mapped[str] = mapped_column(String(200), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(40))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    records: Mapped[int]


class HarvestedRecordRow(Base):
    """A record of another registry: its XML, compressed by zlib, and the SHA-256 of the XML."""

    __tablename__ = "registry_harvested_records"
    __table_args__ = (Index("ix_registry_harvested_records_source", "source"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    identifier: Mapped[str] = mapped_column(String(1000), unique=True)
    source: Mapped[str] = mapped_column(String(500))
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[bytes] = mapped_column(LargeBinary)


class RegistrySourceRow(Base):
    """A registry that is harvested, by its address; the revision is another one after each change of its records."""

    __tablename__ = "registry_sources"

    address: Mapped[str] = mapped_column(String(500), primary_key=True)
    revision: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    fault: Mapped[str | None] = mapped_column(Text, default=None)
