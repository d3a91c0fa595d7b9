"""Rows of files that arrive in parts: which pieces they have, and who may add the next one.

Any server may take any part. A request that begins to write becomes the writer; a piece is added by compare-and-set of
writer and size, so that an older request, whose client has given it up, can add nothing more.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Result, delete, func, select, update
from sqlalchemy.orm import Session

from core.database import Database, in_parts, utc_now
from core.errors import ConflictError, NotFoundError
from core.files.notes import NotedPart
from core.files.partial.schema import PartialFileRow, PartialPieceRow

__all__ = ["PartialRows", "Piece", "arriving_bytes", "forget_partial_files", "gone"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file: the name of its object, where it begins, its bytes, and their SHA-256 in hexadecimal."""

    id: str
    position: int
    size: int
    sha256: str


class PartialRows:
    """Files that arrive in parts, in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, file_id: str, account: str, note: str) -> None:
        """Begin a file without pieces."""
        with self._database.write() as session:
            session.add(PartialFileRow(id=file_id, account=account, note=note, changed_at=utc_now()))

    def noted(self) -> Iterator[NotedPart]:
        """Yield the files with a note."""
        with self._database.read() as session:
            rows = session.scalars(select(PartialFileRow).where(PartialFileRow.note != "")).all()
        yield from (NotedPart(row.id, row.note, row.size, row.changed_at) for row in rows)

    def size(self, file_id: str) -> int | None:
        """Return the bytes of all pieces of a file; None when there is no such file."""
        with self._database.read() as session:
            return session.scalar(select(PartialFileRow.size).where(PartialFileRow.id == file_id))

    def pieces(self, file_id: str) -> tuple[Piece, ...]:
        """Return the pieces of a file in order."""
        wanted = select(PartialPieceRow).where(PartialPieceRow.file_id == file_id).order_by(PartialPieceRow.position)
        with self._database.read() as session:
            return tuple(Piece(row.stored_id, row.position, row.size, row.sha256) for row in session.scalars(wanted))

    def claim(self, file_id: str, size: int) -> str:
        """Become the writer of a file that has so many bytes, and return the name of the writer."""
        writer = secrets.token_hex(16)
        mine = (PartialFileRow.id == file_id, PartialFileRow.size == size)
        with self._database.write() as session:
            _one(session.execute(update(PartialFileRow).where(*mine).values(writer=writer)))
        return writer

    def add(self, file_id: str, writer: str, piece: Piece) -> None:
        """Add the next piece; ConflictError when another request has become the writer."""
        values = {"size": piece.position + piece.size, "changed_at": utc_now()}
        with self._database.write() as session:
            written = _written(file_id, writer, piece.position)
            _one(session.execute(update(PartialFileRow).where(*written).values(values)))
            session.add(_row(file_id, piece))

    def mark(self, file_id: str, writer: str, size: int) -> None:
        """Store the present size as that to which a revert returns."""
        with self._database.write() as session:
            _one(session.execute(update(PartialFileRow).where(*_written(file_id, writer, size)).values(mark=size)))

    def marked(self, file_id: str) -> int:
        """Return the size to which a revert returns; NotFoundError when there is no such file."""
        with self._database.read() as session:
            found = session.scalar(select(PartialFileRow.mark).where(PartialFileRow.id == file_id))
        if found is None:
            raise gone()
        return found

    def cut(self, file_id: str, writer: str, size: int, kept: int, last: Piece | None) -> list[str]:
        """Shorten a file of ``size`` bytes to ``kept``, and return the ids of the pieces that it loses.

        Parameters
        ----------
        last
            Replaces the piece in the middle of which the file is cut.
        """
        end = PartialPieceRow.position + PartialPieceRow.size
        values = {"size": kept, "changed_at": utc_now()}
        with self._database.write() as session:
            _one(session.execute(update(PartialFileRow).where(*_written(file_id, writer, size)).values(values)))
            lost = delete(PartialPieceRow).where(PartialPieceRow.file_id == file_id, end > kept)
            ids = list(session.scalars(lost.returning(PartialPieceRow.stored_id)))
            if last is not None:
                session.add(_row(file_id, last))
        return ids

    def remove(self, file_id: str) -> list[str]:
        """Remove a file, and return the ids of its pieces."""
        with self._database.write() as session:
            lost = delete(PartialPieceRow).where(PartialPieceRow.file_id == file_id)
            ids = list(session.scalars(lost.returning(PartialPieceRow.stored_id)))
            session.execute(delete(PartialFileRow).where(PartialFileRow.id == file_id))
        return ids

    def remove_old(self, known: frozenset[str], horizon: datetime) -> int:
        """Remove the files that are not known and were not continued since a time; return their number."""
        with self._database.write() as session:
            found = session.scalars(select(PartialFileRow.id).where(PartialFileRow.changed_at < horizon))
            old = [file_id for file_id in found if file_id not in known]
            for part in in_parts(old):
                session.execute(delete(PartialFileRow).where(PartialFileRow.id.in_(part)))
        return len(old)

    def piece_ids(self) -> frozenset[str]:
        """Return the ids of all pieces."""
        with self._database.read() as session:
            return frozenset(session.scalars(select(PartialPieceRow.stored_id)))


def arriving_bytes(session: Session, account: str, *, without: str = "") -> int:
    """Return the bytes of all pieces of the files of an account, without those of one file."""
    mine = (PartialFileRow.account == account, PartialFileRow.id != without)
    return int(session.scalar(select(func.coalesce(func.sum(PartialFileRow.size), 0)).where(*mine)) or 0)


def forget_partial_files(session: Session) -> None:
    """Remove all files that are not complete, as when a backup was restored, which has no pieces."""
    session.execute(delete(PartialPieceRow))
    session.execute(delete(PartialFileRow))


def gone() -> NotFoundError:
    """Return the error of a file that does not exist any more."""
    return NotFoundError("This upload does not exist any more; start it again.")


def _written(file_id: str, writer: str, size: int) -> tuple[ColumnElement[bool], ...]:
    return PartialFileRow.id == file_id, PartialFileRow.writer == writer, PartialFileRow.size == size


def _row(file_id: str, piece: Piece) -> PartialPieceRow:
    return PartialPieceRow(
        stored_id=piece.id, file_id=file_id, position=piece.position, size=piece.size, sha256=piece.sha256
    )


def _one(result: Result[Any]) -> None:
    """Raise ConflictError unless a statement changed one row."""
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise ConflictError("Another request sends bytes of this upload at the moment. Try again in a few seconds.")
