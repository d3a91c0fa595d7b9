"""Models of what is harvested from other registries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import PhotozError

__all__ = ["HarvestError", "HarvestPage", "HarvestResult", "HarvestedRecord", "RegistrySource"]


class HarvestError(PhotozError):
    """Another registry cannot be harvested: it does not answer, or not as OAI-PMH says."""

    code = "HarvestFailed"
    status = 502


@dataclass(frozen=True, slots=True)
class HarvestedRecord:
    """A record of another registry.

    Parameters
    ----------
    document
        The ``ri:Resource`` element as XML; None for a deleted record.
    """

    identifier: str
    document: bytes | None


@dataclass(frozen=True, slots=True)
class HarvestPage:
    """A page of a list of records.

    Parameters
    ----------
    responded_at
        When the registry answered, by its own clock: changes after it are not in the list.
    token
        Resumption token of the next page; None at the end.
    size
        Records of the whole list, if the registry tells it.
    """

    records: Sequence[HarvestedRecord]
    responded_at: datetime
    token: str | None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class HarvestResult:
    """What a harvest has changed.

    Parameters
    ----------
    ignored
        Records that were not taken: those of this server's authority, and those that a registry before this one has.
    """

    stored: int
    deleted: int
    ignored: int


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """A registry that is harvested.

    Parameters
    ----------
    address
        Base URL of its OAI-PMH interface.
    since
        Response date of the first page of the last whole harvest; None before the first one.
    ended_at
        When the last attempt ended; ``fault`` says why it failed, if it did.
    """

    address: str
    records: int
    since: datetime | None = None
    ended_at: datetime | None = None
    fault: str | None = None
