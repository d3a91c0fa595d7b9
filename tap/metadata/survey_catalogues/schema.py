"""Tables of survey catalogues, and of the groups that may read them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import GroupRow
from core.database import Base, UtcDateTime
from products.schema import ReleaseRow

__all__ = ["SurveyCatalogueRow", "survey_catalogue_groups"]

survey_catalogue_groups = Table(
    "survey_catalogue_groups",
    Base.metadata,
    Column("catalogue_id", Integer, ForeignKey("survey_catalogues.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", Integer, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class SurveyCatalogueRow(Base):
    """A registered survey catalogue.

    ``version`` starts at a random number and grows with every change. ``content`` has what was found in the files:
    columns, position, HEALPix column, indexes, columns that were left out.
    """

    __tablename__ = "survey_catalogues"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[str] = mapped_column(String(10))
    release_id: Mapped[int | None] = mapped_column(ForeignKey("releases.id"), index=True)
    # The columns of the position as an administrator gave them, which a refresh uses again.
    given: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)  # values of JSON
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    partitions: Mapped[int]
    listing: Mapped[str] = mapped_column(String(160))
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refreshed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    groups: Mapped[list[GroupRow]] = relationship(
        secondary=survey_catalogue_groups, order_by=GroupRow.name, lazy="selectin"
    )
    release: Mapped[ReleaseRow | None] = relationship(lazy="joined")
