"""SQLAlchemy tables of jobs and their logs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime

__all__ = ["JobLogRow", "JobRow"]


class JobRow(Base):
    """Row of a job. Every change of ``phase`` is a compare-and-set; see ``uws.storage``."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_owner_created", "owner", "created"),
        Index("ix_jobs_owner_phase", "owner", "phase"),
        Index("ix_jobs_phase_created", "phase", "created"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str | None] = mapped_column(String(150))
    #: Key of the address from which an anonymous job was made; empty for jobs of users.
    caller: Mapped[str] = mapped_column(String(100), default="", server_default="")
    phase: Mapped[str] = mapped_column(String(10))
    #: Property of its kind at the time when the job is created.
    long_running: Mapped[bool] = mapped_column("lengthy", default=False, server_default=false())
    run_id: Mapped[str | None] = mapped_column(Text)
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # fields of JobResult: strings and one number
    parameter_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    file_bytes: Mapped[int] = mapped_column(
        BigInteger, default=0, server_default="0"
    )  # files that came with parameters
    result_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted: Mapped[datetime | None] = mapped_column(UtcDateTime)  # last submission to the queue
    started: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)
    destruction: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    quote: Mapped[datetime | None] = mapped_column(UtcDateTime)
    execution_duration: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(150))  # the process that runs an EXECUTING job
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_calls: Mapped[int] = mapped_column(default=0, index=True)  # calls of on_end that may still be needed


class JobLogRow(Base):
    """Row of a line of a job's log."""

    __tablename__ = "job_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    time: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)
