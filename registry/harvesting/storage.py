"""Storage of the records of other registries, page by page, and of the state of each registry."""

import hashlib
import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.database import Database, in_parts, utc_now
from registry.harvesting.models import HarvestedRecord, HarvestResult, RegistrySource
from registry.schema import HarvestedRecordRow, RegistrySourceRow

__all__ = ["HarvestStorage"]

_Record = HarvestedRecordRow
_Source = RegistrySourceRow


class HarvestStorage:
    """Stored records of other registries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sources(self, addresses: Sequence[str]) -> list[RegistrySource]:
        """Return the state of registries, in the order of their addresses."""
        with self._database.read() as session:
            counted = select(_Record.source, func.count()).group_by(_Record.source)
            counts: dict[str, int] = dict(session.execute(counted).all())
            rows = {row.address: row for row in session.scalars(select(_Source))}
            return [_state(address, counts.get(address, 0), rows.get(address)) for address in addresses]

    def store(self, address: str, records: Sequence[HarvestedRecord], earlier: Collection[str]) -> HarvestResult:
        """Store a page of records of a registry in one transaction; what is deleted there is deleted here.

        Parameters
        ----------
        earlier
            Addresses of registries that come first: their records stay.
        """
        # A page may have a record twice; the last one counts.
        given = {record.identifier: record for record in records}
        stored = deleted = ignored = 0
        with self._database.write() as session:
            source = _source(session, address)
            known = _known(session, list(given))
            fresh: list[dict[str, object]] = []
            for identifier, record in given.items():
                number, owner, digest = known.get(identifier, (None, None, None))
                if owner is not None and owner != address and (owner in earlier or record.document is None):
                    ignored += 1
                elif record.document is None:
                    if number is not None:
                        session.execute(delete(_Record).where(_Record.id == number))
                        deleted += 1
                else:
                    values = _values(address, record.document)
                    if number is None:
                        fresh.append({"identifier": identifier, **values})
                    elif (owner, digest) != (address, values["digest"]):
                        session.execute(update(_Record).where(_Record.id == number).values(values))
                    else:
                        continue
                    stored += 1
            if fresh:
                session.execute(insert(_Record), fresh)
            if stored or deleted:
                source.revision += 1
        return HarvestResult(stored, deleted, ignored)

    def end(self, address: str, since: datetime | None, fault: str | None) -> None:
        """Store how a harvest has ended; the time from which to go on is kept when it failed."""
        with self._database.write() as session:
            source = _source(session, address)
            source.ended_at, source.fault = utc_now(), fault
            if fault is None:
                source.since = since

    def keep_only(self, address: str, identifiers: Collection[str]) -> int:
        """Delete the records of a registry that a whole list did not have; return their number."""
        with self._database.write() as session:
            query = select(_Record.id, _Record.identifier).where(_Record.source == address)
            gone = [number for number, identifier in session.execute(query) if identifier not in identifiers]
            for some in in_parts(gone):
                session.execute(delete(_Record).where(_Record.id.in_(some)))
            if gone:
                _source(session, address).revision += 1
        return len(gone)

    def forget_others(self, addresses: Collection[str]) -> None:
        """Delete the records of registries that are no longer harvested; they would be harvested from the start."""
        with self._database.write() as session:
            session.execute(delete(_Record).where(_Record.source.not_in(addresses)))
            values = {"revision": _Source.revision + 1, "since": None, "ended_at": None, "fault": None}
            session.execute(update(_Source).where(_Source.address.not_in(addresses)).values(values))

    def revisions(self, addresses: Collection[str]) -> Mapping[str, int]:
        """Return the revision of each registry that has one."""
        with self._database.read() as session:
            query = select(_Source.address, _Source.revision).where(_Source.address.in_(addresses))
            found: dict[str, int] = dict(session.execute(query.order_by(_Source.address)).all())
            return found

    def digests(self, addresses: Collection[str]) -> Sequence[tuple[int, str]]:
        """Return the number and the digest of each record, in the order of the numbers."""
        with self._database.read() as session:
            query = select(_Record.id, _Record.digest).where(_Record.source.in_(addresses)).order_by(_Record.id)
            return [(number, digest) for number, digest in session.execute(query)]

    def documents(self, numbers: Sequence[int]) -> list[bytes]:
        """Return the XML of records, in the order of their numbers."""
        with self._database.read() as session:
            found: list[bytes] = []
            for some in in_parts(sorted(numbers)):
                query = select(_Record.document).where(_Record.id.in_(some)).order_by(_Record.id)
                found += map(zlib.decompress, session.scalars(query))
            return found


def _state(address: str, count: int, row: RegistrySourceRow | None) -> RegistrySource:
    if row is None:
        return RegistrySource(address, count)
    return RegistrySource(address, count, row.since, row.ended_at, row.fault)


def _source(session: Session, address: str) -> RegistrySourceRow:
    found = session.get(_Source, address, with_for_update=True)
    if found is None:
        found = _Source(address=address, revision=0)
        session.add(found)
        session.flush()
    return found


def _known(session: Session, identifiers: Sequence[str]) -> dict[str, tuple[int, str, str]]:
    found: dict[str, tuple[int, str, str]] = {}
    for some in in_parts(identifiers):
        query = select(_Record.identifier, _Record.id, _Record.source, _Record.digest)
        for identifier, number, source, digest in session.execute(query.where(_Record.identifier.in_(some))):
            found[identifier] = (number, source, digest)
    return found


def _values(address: str, document: bytes) -> dict[str, object]:
    digest = hashlib.sha256(document).hexdigest()
    return {"source": address, "digest": digest, "document": zlib.compress(document)}
