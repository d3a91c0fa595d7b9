"""Tables of provenance: activities and the entities that they used."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, UtcDateTime

__all__ = ["ActivityRow", "UsedEntityRow"]


class ActivityRow(Base):
    """The activity that made a product; at most one for each."""

    __tablename__ = "activities"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    code_name: Mapped[str] = mapped_column(String(255))
    code_version: Mapped[str] = mapped_column(String(255))
    configuration: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    timings: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    job_id: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used: Mapped[list["UsedEntityRow"]] = relationship(
        cascade="all, delete-orphan", order_by="UsedEntityRow.id", lazy="selectin"
    )


class UsedEntityRow(Base):
    """An entity used by an activity: a product of this server, or something else with a name."""

    __tablename__ = "used_entities"

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    role: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[str | None] = mapped_column(String(255))
    sha256: Mapped[str | None] = mapped_column(String(64))
