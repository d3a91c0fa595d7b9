"""Log of harvests: which harvester asked for a whole list, and when it had all of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from core.database import Database, utc_now
from registry.schema import HarvestRow

__all__ = ["Harvest", "HarvestLog"]

_MOST = 50
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Harvest:
    """The last harvest of a harvester, by the name that its requests give (User-Agent).

    Parameters
    ----------
    began_at
        When the first page was asked for: records that have changed since are not yet known there.
    records
        Number of records.
    """

    agent: str
    prefix: str
    began_at: datetime
    ended_at: datetime
    records: int


class HarvestLog:
    """Store and list the last harvest of each harvester."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, agent: str, prefix: str, began_at: datetime, records: int) -> None:
        """Store a harvest that has ended; those of the harvesters that came longest ago are removed."""
        name = agent.replace("\0", "")[:_LONGEST]
        with self._database.write() as session:
            session.merge(HarvestRow(agent=name, prefix=prefix, began_at=began_at, ended_at=utc_now(), records=records))
            session.flush()
            kept = select(HarvestRow.agent).order_by(HarvestRow.ended_at.desc()).limit(_MOST)
            session.execute(delete(HarvestRow).where(HarvestRow.agent.not_in(kept)))

    def all(self) -> tuple[Harvest, ...]:
        """Return the harvests, the latest first."""
        with self._database.read() as session:
            rows = session.scalars(select(HarvestRow).order_by(HarvestRow.ended_at.desc()))
            return tuple(Harvest(row.agent, row.prefix, row.began_at, row.ended_at, row.records) for row in rows)
