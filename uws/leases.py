"""Leases: which process answers for a job that is EXECUTING, and whether that process still lives.

A lease names its owner as host, process number and start of the process, so that on the same machine a dead owner is
recognised at once, and elsewhere when the lease has run out. The attempt is part of the lease: what an earlier
attempt at a job says of it no longer counts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.processes import ProcessIdentity

__all__ = ["LEASE_SECONDS", "RENEW_SECONDS", "Lease", "lease_is_lost"]

LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0

# An owner that lives on this machine but does not renew is stopped, or cannot reach the database: it gets more time.
_ALIVE_GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to tell how a job ended."""

    owner: str
    attempt: int


def lease_is_lost(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Return whether nobody answers for a job any more."""
    if owner is None or until is None:
        return True
    try:
        alive = ProcessIdentity.parse(owner).alive
    except ValueError:
        alive = None
    if alive is None:
        return until < now
    return not alive or until + _ALIVE_GRACE < now
