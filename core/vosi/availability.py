"""The availability document of a service (VOSI 1.1 §3.2)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.auth.schema import UserRow
from core.database import Database

__all__ = ["availability_document", "present_availability"]


def present_availability(database: Database, since: datetime) -> bytes:
    """Write the availability document of a service that needs the metadata database, after asking that."""
    try:
        with database.read() as session:
            session.execute(select(UserRow.id).limit(1))
    except SQLAlchemyError:
        return availability_document(False, since, "The metadata database does not answer.")
    return availability_document(True, since)


def availability_document(available: bool, since: datetime, note: str | None = None) -> bytes:
    """Write an availability document.

    Parameters
    ----------
    available
        Whether the service answers requests now.
    since
        When it began to; aware. It is left out while the service is not available.
    note
        Message for users.
    """
    # A large import, which a server does not need to begin.
    from vo_models.vosi.availability import Availability

    document = Availability(available=available, up_since=since if available else None, note=[note] if note else [])
    xml = document.to_xml(encoding="UTF-8", xml_declaration=True)
    return xml if isinstance(xml, bytes) else xml.encode()
