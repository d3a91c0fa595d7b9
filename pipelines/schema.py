"""Table of the runs of pipelines, which are kept when their jobs are destroyed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import UserRow
from core.database import Base, UtcDateTime

__all__ = ["PipelineRunRow"]


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
