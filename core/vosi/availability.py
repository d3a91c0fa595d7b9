"""The availability document of a service (VOSI 1.1 §3.2)."""

from collections.abc import Callable, Sequence
from datetime import datetime

__all__ = ["availability_document", "present_availability"]


def present_availability(problems: Callable[[], Sequence[str]], since: datetime) -> bytes:
    """Write the availability document of a service that needs all parts of its server.

    Parameters
    ----------
    problems
        Returns a sentence for each part of the server that does not work at the moment.
    """
    found = tuple(problems())
    return availability_document(not found, since, *found)


def availability_document(available: bool, since: datetime, *notes: str) -> bytes:
    """Write an availability document.

    Parameters
    ----------
    available
        Whether the service answers requests now.
    since
        When it began to; aware. It is left out while the service is not available.
    notes
        Messages for users.
    """
    # A large import, which a server does not need to begin.
    from vo_models.vosi.availability import Availability

    document = Availability(available=available, up_since=since if available else None, note=list(notes))
    xml = document.to_xml(encoding="UTF-8", xml_declaration=True)
    return xml if isinstance(xml, bytes) else xml.encode()
