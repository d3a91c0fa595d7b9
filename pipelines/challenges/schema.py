"""Tables of challenges: definitions, organisers, groups, hidden truths, submissions, scores and distributions."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.auth.schema import GroupRow, UserRow
from core.database import Base, UtcDateTime

__all__ = [
    "ChallengeRow",
    "DistributionsRow",
    "ScoreRow",
    "SubmissionRow",
    "TruthRow",
    "challenge_groups",
    "challenge_organisers",
]

challenge_organisers = Table(
    "challenge_organisers",
    Base.metadata,
    Column("challenge_id", Integer, ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
)

challenge_groups = Table(
    "challenge_groups",
    Base.metadata,
    Column("challenge_id", Integer, ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True),
    # Without its groups a challenge would be open to every registered user.
    Column("group_id", Integer, ForeignKey("groups.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class ChallengeRow(Base):
    """A challenge; ``version`` grows with every change of it, of its submissions and of its scores."""

    __tablename__ = "challenges"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    definition: Mapped[dict[str, object]] = mapped_column(JSON)  # a ChallengeDefinition without people
    version: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(150))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    organisers: Mapped[list[UserRow]] = relationship(
        secondary=challenge_organisers, order_by=UserRow.name, lazy="selectin"
    )
    groups: Mapped[list[GroupRow]] = relationship(secondary=challenge_groups, order_by=GroupRow.name, lazy="selectin")


class TruthRow(Base):
    """The hidden truth of a task set."""

    __tablename__ = "challenge_truths"

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True)
    task_set: Mapped[str] = mapped_column(String(64), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)


class SubmissionRow(Base):
    """A submission to a task set: a file, which may come from a product."""

    __tablename__ = "challenge_submissions"
    __table_args__ = (Index("ix_challenge_submissions_of_user", "challenge_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id", ondelete="CASCADE"))
    task_set: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="SET NULL"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    # Its own copy of the bytes; NULL when it was rejected or withdrawn.
    stored_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    # How the table is taken from the file: see products.adjustments.options.TableOptions.
    table_options: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(10))
    method: Mapped[dict[str, object]] = mapped_column(JSON)  # a MethodDescription
    checks: Mapped[list[dict[str, object]]] = mapped_column(JSON)  # CheckResults; the first until all are made
    reproduction: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)  # a Reproduction, when it is scored
    job_id: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    scored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class ScoreRow(Base):
    """A metric of a submission on a fixed subset of the truth; NULL where it has no value."""

    __tablename__ = "challenge_scores"

    submission_id: Mapped[int] = mapped_column(
        ForeignKey("challenge_submissions.id", ondelete="CASCADE"), primary_key=True
    )
    subset: Mapped[str] = mapped_column(String(64), primary_key=True)
    metric: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[float | None] = mapped_column(Double)
    uncertainty: Mapped[float | None] = mapped_column(Double)
    objects: Mapped[int]


class DistributionsRow(Base):
    """Binned distributions of a submission on a part of the truth; scorings by earlier versions made none."""

    __tablename__ = "challenge_distributions"

    submission_id: Mapped[int] = mapped_column(
        ForeignKey("challenge_submissions.id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[str] = mapped_column(String(10), primary_key=True)
    content: Mapped[dict[str, object]] = mapped_column(JSON)  # a Distributions
