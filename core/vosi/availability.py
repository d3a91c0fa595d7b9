"""The availability document of a service (VOSI 1.1 §3.2)."""

from datetime import datetime

from vo_models.vosi.availability import Availability

__all__ = ["availability_document"]


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
    document = Availability(available=available, up_since=since if available else None, note=[note] if note else [])
    xml = document.to_xml(encoding="UTF-8", xml_declaration=True)
    return xml if isinstance(xml, bytes) else xml.encode()
