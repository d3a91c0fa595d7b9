"""Table of the queries that wait in the web processes."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime

__all__ = ["WaitingQueriesRow"]


class WaitingQueriesRow(Base):
    """Number of queries of one owner that wait in one web process; renewed as long as they do."""

    __tablename__ = "waiting_queries"

    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(255), primary_key=True)
    waiting: Mapped[int]
    renewed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
