"""Harvests of other registries, each from where the last one ended, and their state."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from core.errors import InvalidValueError
from core.identifiers import split_identifier
from registry.harvesting.client import RegistryClient
from registry.harvesting.models import HarvestedRecord, HarvestError, HarvestPage, HarvestResult, RegistrySource
from registry.harvesting.storage import HarvestStorage

__all__ = ["MANAGED", "HarvestService"]

#: OAI set of the records that a registry itself publishes (Registry Interfaces 1.1 §3.1).
MANAGED = "ivo_managed"

_LONGEST = 1000

_Progress = Callable[[int, int | None], None]


class HarvestService:
    """Harvests of the registries that the settings name, and of no others.

    Parameters
    ----------
    addresses
        Base URLs of their OAI-PMH interfaces. Where two have the same record, that of the first one stays.
    authority
        Authority of this server, whose records are never taken from others.
    client
        Makes the client of an address.
    """

    def __init__(
        self,
        storage: HarvestStorage,
        addresses: Sequence[str],
        authority: str,
        client: Callable[[str], RegistryClient] = RegistryClient,
    ) -> None:
        self._storage = storage
        self._addresses = tuple(dict.fromkeys(addresses))
        self._authority = authority.lower()
        self._client = client

    def sources(self) -> list[RegistrySource]:
        """Return the registries with their state, in the order of the settings."""
        return self._storage.sources(self._addresses)

    def forget_others(self) -> None:
        """Delete the records of registries that the settings no longer name."""
        self._storage.forget_others(self._addresses)

    def harvest(
        self, address: str, *, whole: bool = False, subset: str | None = MANAGED, progress: _Progress | None = None
    ) -> HarvestResult:
        """Harvest what has changed in a registry since the last harvest.

        Each page is stored when it has arrived. A harvest that breaks off keeps the time of the last whole one, and the
        next harvest reads from there again.

        Parameters
        ----------
        whole
            Whether all records are read; those that the registry no longer has are deleted.
        subset
            OAI set; None for all records that the registry knows.
        progress
            Is told the records that were read, and the size of the list if the registry tells it.

        Raises
        ------
        InvalidValueError
            The settings do not name the registry.
        HarvestError
            It cannot be harvested.
        """
        if address not in self._addresses:
            named = ", ".join(self._addresses) or "none"
            message = f"'{address}' is none of the registries that PHOTOZ_REGISTRY_SOURCES names ({named})."
            raise InvalidValueError(message, field="address")
        (state,) = self._storage.sources([address])
        since = None if whole else state.since
        try:
            result, began_at = self._read(address, since, subset, progress)
        except HarvestError as e:
            self._storage.end(address, None, e.message)
            raise
        self._storage.end(address, began_at, None)
        return result

    def _read(
        self, address: str, since: datetime | None, subset: str | None, progress: _Progress | None
    ) -> tuple[HarvestResult, datetime | None]:
        """Store the pages of a list; return what has changed, and when its first page was made."""
        earlier = self._addresses[: self._addresses.index(address)]
        stored = deleted = ignored = read = 0
        began_at: datetime | None = None
        seen: set[str] = set()
        for page in self._client(address).pages(since, subset):
            began_at = began_at or page.responded_at
            usable = list(self._usable(page))
            result = self._storage.store(address, usable, earlier)
            stored, deleted = stored + result.stored, deleted + result.deleted
            ignored += result.ignored + len(page.records) - len(usable)
            seen.update(record.identifier for record in usable if record.document is not None)
            read += len(page.records)
            if progress is not None:
                progress(read, page.size)
        if since is None:
            deleted += self._storage.keep_only(address, seen)
        return HarvestResult(stored, deleted, ignored), began_at

    def _usable(self, page: HarvestPage) -> Iterator[HarvestedRecord]:
        """Yield the records that name something of another authority."""
        for record in page.records:
            found = split_identifier(record.identifier)
            if found is None or found.scheme != "ivo" or len(record.identifier) > _LONGEST:
                continue
            if found.authority and found.authority != self._authority:
                yield record
