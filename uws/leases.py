"""Leases of EXECUTING jobs: which process runs a job, and whether that process is alive.

A lease names its owner by host, process id and start time. A dead owner is recognised at once on its own machine, and
on others when the lease has expired. The attempt is part of the lease: an earlier attempt cannot change the job.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.processes import ProcessIdentity

__all__ = ["CLIENT_OWNER", "LEASE_SECONDS", "RENEW_SECONDS", "Lease", "lease_is_lost"]

#: Owner of the leases of jobs whose work requests of clients do; such a lease is lost when its time is over.
CLIENT_OWNER = "client"

LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0

# A process that is alive on this machine and does not renew may be suspended, or unable to reach the database.
_ALIVE_GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right of one attempt to change an EXECUTING job."""

    owner: str
    attempt: int


def lease_is_lost(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Return whether the process that ran a job is dead, or its lease has expired."""
    if owner is None or until is None:
        return True
    try:
        alive = ProcessIdentity.parse(owner).alive
    except ValueError:
        alive = None
    if alive is None:
        return until < now
    return not alive or until + _ALIVE_GRACE < now
