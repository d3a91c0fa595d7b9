"""Tables of the runs of pipelines, which are kept when their jobs are destroyed, and of presets."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import UserRow
from core.database import Base, UtcDateTime

__all__ = ["PipelinePresetRow", "PipelineRunRow"]


class PipelineRunRow(Base):
    """A run of a pipeline: one job with one resulting product."""

    __tablename__ = "pipeline_runs"
    __table_args__ = (
        Index("uq_pipeline_runs_job_id", "job_id", unique=True),
        Index("uq_pipeline_runs_product_id", "product_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pipeline: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(255))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(String(64))
    release_id: Mapped[int | None] = mapped_column(ForeignKey("releases.id"))
    inputs: Mapped[list[int]] = mapped_column(JSON)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)  # a RunRequest
    phase: Mapped[str] = mapped_column(String(10), index=True)  # as last stored; the job has the present phase
    error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    started: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class PipelinePresetRow(Base):
    """Parameters of a pipeline that a user saved under a name; ``key`` is random."""

    __tablename__ = "pipeline_presets"
    __table_args__ = (
        UniqueConstraint("owner_id", "pipeline", "name", name="uq_pipeline_presets_owner_id_pipeline_name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    pipeline: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)  # a RunRequest without inputs
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)
