"""Texts of the site that administrators write, such as the page of curated datasets."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.auth.administration import require_admin
from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.database import Base, Database, UtcDateTime, utc_now
from core.errors import ConflictError, InvalidValueError

__all__ = ["SiteText", "SiteTextRow", "SiteTexts"]

_LONGEST = 100_000


class SiteTextRow(Base):
    """Row of a text."""

    __tablename__ = "site_texts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(String(150))


@dataclass(frozen=True, slots=True)
class SiteText:
    """A text in Markdown.

    Parameters
    ----------
    version
        Number of times that it was saved.
    changed_at
        None for a text that nobody has written yet.
    """

    text: str = ""
    version: int = 0
    changed_at: datetime | None = None


class SiteTexts:
    """Texts of the site, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def text(self, name: str) -> SiteText:
        """Return a text; an empty one when nobody has written it."""
        with self._database.read() as session:
            row = session.get(SiteTextRow, name)
            return SiteText() if row is None else SiteText(row.text, row.version, row.changed_at)

    def save(self, identity: Identity, name: str, text: str, *, version: int | None = None) -> None:
        """Store a text, in place of the one that the author has seen.

        Parameters
        ----------
        version
            Version that the author has seen; None to replace any.

        Raises
        ------
        PermissionDeniedError
            The identity is no administrator.
        ConflictError
            Somebody else has changed the text since.
        InvalidValueError
            The text is too long.
        """
        require_admin(identity)
        if len(text) > _LONGEST:
            message = f"The text has {len(text)} characters; at most {_LONGEST} are stored."
            raise InvalidValueError(message, field="text")
        with self._database.write() as session:
            row = session.get(SiteTextRow, name, with_for_update=True)
            known = row.version if row is not None else 0
            if version is not None and version != known:
                message = (
                    "The text was changed by somebody else while you edited it. Copy yours, reload the page, and "
                    "enter it again."
                )
                raise ConflictError(message)
            if row is None:
                row = SiteTextRow(name=name, text="", version=0, changed_at=utc_now(), changed_by="")
                session.add(row)
            length = len(row.text)
            row.text, row.version, row.changed_at, row.changed_by = text, known + 1, utc_now(), identity.name or ""
            record(session, identity, "change text", Subject.SITE, None, name, characters=[length, len(text)])
