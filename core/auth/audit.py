"""Audit log, written in the transaction of the change."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ColumnElement, Index, String, event, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.auth.models import Identity
from core.database import Base, Database, UtcDateTime, utc_now
from core.errors import PermissionDeniedError

__all__ = ["AuditEntry", "AuditLog", "AuditQuery", "AuditRow", "Subject", "record"]

_LONGEST_SUBJECT = 300
_LONGEST_ACTION = 40

_log = logging.getLogger(__name__)


class Subject(StrEnum):
    """Kind of object of an audit entry."""

    PRODUCT = "product"
    GROUP = "group"
    RELEASE = "release"
    USER = "user"
    TYPE = "type"
    SITE = "site"
    CHALLENGE = "challenge"
    CATALOGUE = "catalogue"
    JOB = "job"


class AuditRow(Base):
    """Row of an audit entry; it has names beside ids, so that it can be read after the object was deleted."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_kind_subject_id", "kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(150))
    action: Mapped[str] = mapped_column(String(_LONGEST_ACTION))
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(String(_LONGEST_SUBJECT))
    details: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log: an action of an account on an object.

    Parameters
    ----------
    actor
        Name of the account; ``operator`` for commands on the server's machine.
    subject_id, subject
        Id and name of the object.
    details
        What was changed; never a secret.
    """

    id: int
    at: datetime
    actor: str
    action: str
    kind: Subject
    subject_id: int | None
    subject: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Filter of audit entries by exact values, newest first."""

    kind: Subject | None = None
    subject_id: int | None = None
    actor: str = ""
    action: str = ""
    offset: int = 0
    limit: int = 100


def record(
    session: Session,
    identity: Identity,
    action: str,
    kind: Subject,
    subject_id: int | None,
    subject: str,
    **details: object,
) -> None:
    """Add an entry to the audit log, in the transaction of the change; the log has it when that is committed."""
    fields = {
        "action": action,
        "actor": identity.name or "nobody",
        "subject_kind": kind,
        "subject": subject,
        "subject_id": subject_id,
        "details": details,
    }
    event.listen(session, "after_commit", lambda _: _log.info("audit", extra=fields), once=True)
    session.add(
        AuditRow(
            at=utc_now(),
            actor_id=identity.user_id,
            actor=identity.name or "nobody",
            action=action,
            kind=kind,
            subject_id=subject_id,
            subject=subject[:_LONGEST_SUBJECT],
            details=details,
        )
    )


class AuditLog:
    """Access to the audit log, for administrators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, identity: Identity, query: AuditQuery) -> tuple[int, tuple[AuditEntry, ...]]:
        """Return the number of matching entries, and a page of them, newest first.

        Raises
        ------
        PermissionDeniedError
            The identity is no administrator.
        """
        if not identity.acts_as_admin:
            message = "Only administrators read the audit log."
            raise PermissionDeniedError(message)
        conditions = _conditions(query)
        with self._database.read() as session:
            count = session.scalar(select(func.count(AuditRow.id)).where(*conditions)) or 0
            rows = session.scalars(
                select(AuditRow).where(*conditions).order_by(AuditRow.id.desc()).offset(query.offset).limit(query.limit)
            )
            return count, tuple(_entry(row) for row in rows)


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    wanted = (
        (AuditRow.kind, query.kind),
        (AuditRow.subject_id, query.subject_id),
        (AuditRow.actor, query.actor or None),
        (AuditRow.action, query.action or None),
    )
    return [column == value for column, value in wanted if value is not None]


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        row.id, row.at, row.actor, row.action, Subject(row.kind), row.subject_id, row.subject, row.details
    )
