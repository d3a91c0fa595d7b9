"""Stored files that belong to submissions, which housekeeping keeps."""

from sqlalchemy import select

from core.database import Database
from pipelines.challenges.schema import SubmissionRow

__all__ = ["stored_file_ids"]


def stored_file_ids(database: Database) -> frozenset[str]:
    """Return the ids of the stored files of submissions."""
    with database.read() as session:
        found = session.scalars(select(SubmissionRow.stored_id).where(SubmissionRow.stored_id.is_not(None)))
        return frozenset(each for each in found if each is not None)
