"""Stored files that belong to submissions, which housekeeping keeps, and which count for the quota of their author."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import Database
from pipelines.challenges.schema import SubmissionRow

__all__ = ["stored_file_ids", "submitted_bytes"]


def stored_file_ids(database: Database) -> frozenset[str]:
    """Return the ids of the stored files of submissions."""
    with database.read() as session:
        found = session.scalars(select(SubmissionRow.stored_id).where(SubmissionRow.stored_id.is_not(None)))
        return frozenset(each for each in found if each is not None)


def submitted_bytes(session: Session, user_id: int) -> int:
    """Return the bytes of the files that a user's submissions keep."""
    kept = (SubmissionRow.user_id == user_id, SubmissionRow.stored_id.is_not(None))
    return int(session.scalar(select(func.coalesce(func.sum(SubmissionRow.size), 0)).where(*kept)) or 0)
