"""What we talk about: jobs, their phases and their results (UWS 1.1 §2.1)."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.auth.models import ANONYMOUS, Identity, Scope
from core.files import Staging

__all__ = [
    "ACTIVE_PHASES",
    "FILES_PARAMETER",
    "SCOPE_PARAMETER",
    "Job",
    "JobEntry",
    "JobFiles",
    "JobLimits",
    "JobLogLine",
    "JobResult",
    "Phase",
    "files_parameter",
    "least_scope",
    "scope_of_request",
]


#: Parameters in which the ids of a job's files and its scope are kept; none that a client may set begins with a dot.
FILES_PARAMETER, SCOPE_PARAMETER = ".files", ".scope"


class Phase(StrEnum):
    """Where a job is in its life (UWS 1.1 §2.1.3)."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    HELD = "HELD"
    SUSPENDED = "SUSPENDED"
    UNKNOWN = "UNKNOWN"
    ARCHIVED = "ARCHIVED"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to a job in this phase."""
        return self in _ENDED_PHASES


_ENDED_PHASES = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED})

#: The phases in which a client may wait for a change (UWS 1.1 §2.2.1.1).
ACTIVE_PHASES = frozenset({Phase.PENDING, Phase.QUEUED, Phase.EXECUTING})


@dataclass(frozen=True, slots=True)
class JobResult:
    """One result of a job: where it is, and what.

    Parameters
    ----------
    href
        Address of the bytes, absolute or relative to what the job's kind says.
    size
        In bytes, when known.
    """

    id: str
    href: str
    mime_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class JobLogLine:
    """A sentence that a job wrote about its work, for its owner."""

    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored now.

    Parameters
    ----------
    id
        128 random bits: knowing it is what opens an anonymous job.
    owner
        Name of the user; none for an anonymous job.
    results
        Empty until the job is COMPLETED.
    error
        A sentence for people, when the job ended in ERROR or was stopped by the service.
    progress
        Fraction of the work that is done, 0 to 1, and ``message`` in words.
    started
        Beginning of the present attempt.
    execution_duration
        Seconds that the job may be EXECUTING; 0 means without limit.
    """

    id: str
    kind: str
    owner: str | None
    phase: Phase
    run_id: str | None
    parameters: Mapping[str, str]
    results: tuple[JobResult, ...]
    error: str | None
    progress: float
    message: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    destruction: datetime | None
    quote: datetime | None
    execution_duration: int

    @property
    def scope(self) -> Scope:
        """What the job may do in the name of its owner: no more than each request that set it up could.

        A job runs later, in another process, when the requests are gone. The smallest scope when none was kept.
        """
        kept = self.parameters.get(SCOPE_PARAMETER)
        return Scope.READ if kept is None else Scope(kept)

    @property
    def files(self) -> dict[str, str]:
        """Ids of the files that came with the parameters, by the names of their parts."""
        files: dict[str, str] = json.loads(self.parameters.get(FILES_PARAMETER, "{}"))
        return files

    def identity(self, identity_of: Callable[[str, Scope], Identity]) -> Identity:
        """Return the identity that the job acts as, which may do no more than its scope allows.

        Parameters
        ----------
        identity_of
            Returns the identity of an active account with a scope, as it is now.
        """
        return ANONYMOUS if self.owner is None else identity_of(self.owner, self.scope)


@dataclass(frozen=True, slots=True)
class JobEntry:
    """What a list tells of a job: a list of many must not drag their parameters along."""

    id: str
    owner: str | None
    phase: Phase
    run_id: str | None
    created: datetime


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What jobs may use.

    Parameters
    ----------
    seconds, longest_seconds
        Default of the execution duration, and the most that a client may ask for.
    days, longest_days
        Default and most days until a job is destroyed.
    archive_days
        Days for which the metadata of a job are kept, ARCHIVED, when its results were removed.
    active_per_owner, pending_per_owner
        Jobs of one user, and of all anonymous callers together, that may be QUEUED or EXECUTING, and PENDING.
    stored_bytes_per_owner
        What their jobs may take on disk: parameters, files that came with these, results.
    parameter_characters
        Characters of all parameters of a job together.
    """

    seconds: int = 3600
    longest_seconds: int = 24 * 3600
    days: int = 7
    longest_days: int = 60
    archive_days: int = 30
    active_per_owner: int = 1000
    pending_per_owner: int = 1000
    stored_bytes_per_owner: int = 20_000_000_000
    parameter_characters: int = 2_000_000


class JobFiles(Protocol):
    """What stores the files that come with parameters."""

    def stager(self) -> Callable[[], Staging]:
        """Return what begins each of the files of one request."""

    def remove(self, ids: Iterable[str]) -> None:
        """Remove files that no job needs any more."""


def files_parameter(files: Mapping[str, str], job: Job | None = None) -> dict[str, str]:
    """Return the parameter that keeps files with a job, beside those that it has; nothing when none came."""
    if not files:
        return {}
    return {FILES_PARAMETER: json.dumps((job.files if job else {}) | dict(files))}


def scope_of_request(identity: Identity) -> dict[str, str]:
    """Return the parameter that keeps the scope of a request."""
    return {SCOPE_PARAMETER: identity.scope.value}


def least_scope(job: Job, identity: Identity) -> dict[str, str]:
    """Return the parameter that keeps the smaller of the two scopes; nothing when it is there already."""
    if identity.scope.includes(job.scope):
        return {}
    return scope_of_request(identity)
