"""Jobs, phases, results and limits of UWS (UWS 1.1 §2.1)."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    "JobPage",
    "JobResult",
    "Phase",
    "files_parameter",
    "least_scope",
    "scope_of_request",
]


#: Internal parameters that store the ids of a job's files, and its scope; no parameter of clients begins with a dot.
FILES_PARAMETER, SCOPE_PARAMETER = ".files", ".scope"


class Phase(StrEnum):
    """Execution phase of a job (UWS 1.1 §2.1.3)."""

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
        """Whether the phase is final."""
        return self in _ENDED_PHASES


_ENDED_PHASES = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED})

#: The active phases, in which a client may wait for a change (UWS 1.1 §2.2.1.1).
ACTIVE_PHASES = frozenset({Phase.PENDING, Phase.QUEUED, Phase.EXECUTING})


@dataclass(frozen=True, slots=True)
class JobResult:
    """A result of a job: its address, media type and size.

    Parameters
    ----------
    href
        Address of the bytes, absolute or relative to an address that the kind of the job defines.
    size
        In bytes, when known.
    """

    id: str
    href: str
    mime_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class JobLogLine:
    """A line of the log of a job, written for its owner."""

    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored now.

    Parameters
    ----------
    id
        128 random bits; an anonymous job is open to everyone who knows its id.
    owner
        Name of the user; None for an anonymous job.
    results
        Empty until the job is COMPLETED, or until clients have to do the work of the job.
    error
        Message for the user, when the job ended in ERROR or was stopped by the service.
    progress
        Fraction of the work that is done, 0 to 1; ``message`` describes the present step.
    started
        Start of the present attempt.
    execution_duration
        Seconds that the job may be EXECUTING; 0 means without limit.
    caller
        Key of the address from which an anonymous job was created.
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
    caller: str = ""

    @property
    def scope(self) -> Scope:
        """The scope of the job: the smallest of the scopes of all requests that created or changed it.

        Jobs of which no scope is stored have the smallest scope.
        """
        stored = self.parameters.get(SCOPE_PARAMETER)
        return Scope.READ if stored is None else Scope(stored)

    @property
    def files(self) -> dict[str, str]:
        """Ids of the files that were uploaded with the parameters, by the names of their form fields."""
        files: dict[str, str] = json.loads(self.parameters.get(FILES_PARAMETER, "{}"))
        return files

    def identity(self, identity_of: Callable[[str, Scope], Identity]) -> Identity:
        """Return the identity that the job acts as, limited to the scope of the job.

        Parameters
        ----------
        identity_of
            Returns the identity of an active account with a scope, as it is now.
        """
        return ANONYMOUS if self.owner is None else identity_of(self.owner, self.scope)


@dataclass(frozen=True, slots=True)
class JobEntry:
    """A job in a job list, without parameters and results."""

    id: str
    owner: str | None
    phase: Phase
    run_id: str | None
    created: datetime


@dataclass(frozen=True, slots=True)
class JobPage:
    """A part of the jobs of all kinds, the newest first, and how many there are in all."""

    jobs: tuple[Job, ...]
    count: int


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Limits of jobs: times, numbers and bytes.

    Parameters
    ----------
    seconds, longest_seconds
        Default of the execution duration, and the most that a client may request.
    days, longest_days
        Default and most days until a job is destroyed.
    archive_days
        Days for which the metadata of a job are kept, ARCHIVED, when its results were removed.
    active_per_owner, pending_per_owner
        Jobs of one user, or of one address of anonymous callers, that may be QUEUED or EXECUTING, and PENDING.
    anonymous_pending
        Time after which an anonymous job that is PENDING is removed.
    stored_bytes_per_owner
        Storage limit of the jobs of one user: parameters, files that came with these, results.
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
    anonymous_pending: timedelta = timedelta(hours=1)
    stored_bytes_per_owner: int = 20_000_000_000
    parameter_characters: int = 2_000_000


class JobFiles(Protocol):
    """Storage of the files that come with the parameters of jobs."""

    def stager(self) -> Callable[[], Staging]:
        """Return a function that begins each of the files of one request."""

    def remove(self, ids: Iterable[str]) -> None:
        """Remove files that no job uses any more."""


def files_parameter(files: Mapping[str, str], job: Job | None = None) -> dict[str, str]:
    """Return the parameter that stores the ids of new files beside those of a job; empty without new files."""
    if not files:
        return {}
    return {FILES_PARAMETER: json.dumps((job.files if job else {}) | dict(files))}


def scope_of_request(identity: Identity) -> dict[str, str]:
    """Return the parameter that stores the scope of a request with a job."""
    return {SCOPE_PARAMETER: identity.scope.value}


def least_scope(job: Job, identity: Identity) -> dict[str, str]:
    """Return the parameter that stores the smaller of two scopes; empty when the job has it already."""
    if identity.scope.includes(job.scope):
        return {}
    return scope_of_request(identity)
