"""Jobs of all kinds (UWS 1.1): queries, pipelines, transfers in VOSpace, changes of tables."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from pzserver.connections.progress import fraction_bar
from pzserver.errors import InvalidValueError, NotFoundError, PzServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from pzserver.connections.connection import Connection

__all__ = ["FailedJobError", "Job", "JobEntry", "JobStatus", "Jobs"]

_ENDED = frozenset({"COMPLETED", "ERROR", "ABORTED", "ARCHIVED"})
_WAIT_SECONDS = 20
_LISTS: Mapping[str, str] = {
    "query": "/tap/async",
    "table update": "/tap/table-update",
    "transfer": "/vospace/transfers",
    "deletion": "/vospace/async-delete",
    "properties": "/vospace/async-setprops",
}


class FailedJobError(PzServerError):
    """A job ended without a result, or did not end in time; the message states the reason."""


@dataclass(frozen=True, slots=True)
class JobEntry:
    """A job in a list of jobs.

    Parameters
    ----------
    kind
        Kind of job: ``query``, ``transfer``, … or the name of a pipeline.
    """

    id: str
    kind: str
    phase: str
    created: datetime | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """State of a job at one moment.

    Parameters
    ----------
    progress
        Fraction between 0 and 1; None where the job reports none.
    message
        What the job does, as it reported last.
    error
        Why it failed.
    results
        Addresses of the results by name.
    """

    id: str
    phase: str
    owner: str | None = None
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    progress: float | None = None
    message: str = ""
    error: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether the phase does not change any more."""
        return self.phase in _ENDED


class Job:
    """A job on the server.

    Parameters
    ----------
    job_list
        Path of the list of jobs, such as ``/tap/async``.
    job_id
        Its identifier in the list.
    """

    def __init__(self, connection: Connection, job_list: str, job_id: str) -> None:
        self._connection = connection
        self._job_list = job_list
        self.id = job_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job_list}/{self.id}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.delete()

    @property
    def _title(self) -> str:
        """Title of a bar of progress."""
        return f"{type(self).__name__} {self.id}"

    @property
    def url(self) -> str:
        """Address of the job."""
        return f"{self._connection.base_url}{self._job_list}/{self.id}"

    @property
    def status(self) -> JobStatus:
        """Present state."""
        return self._status()

    @property
    def phase(self) -> str:
        """Present phase: PENDING, QUEUED, EXECUTING, COMPLETED, ERROR, ABORTED or another one."""
        return self._connection.request("GET", f"{self.url}/phase").text.strip()

    def run(self) -> Self:
        """Start a PENDING job."""
        return self._set_phase("RUN")

    def abort(self) -> Self:
        """Abort the job."""
        return self._set_phase("ABORT")

    def delete(self) -> None:
        """Abort the job if it has not ended, and remove it with its results."""
        self._connection.request("DELETE", self.url, allow_redirects=False)

    def log(self) -> str:
        """Return the log of the job."""
        return self._connection.request("GET", f"{self.url}/log").text

    def wait(
        self,
        seconds: float | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        *,
        progress: bool = False,
    ) -> JobStatus:
        """Wait until the job has completed, and return its state.

        Parameters
        ----------
        seconds
            How long to wait; None without a limit. The job continues afterwards.
        on_progress
            Called with the fraction done and a sentence when they change.
        progress
            Whether to show a bar.

        Raises
        ------
        FailedJobError
            It failed or was aborted, or has not ended in time.
        """
        if progress:
            with fraction_bar(self._title) as show:
                ended = self.wait(seconds, show)
                show(1.0, "")
                return ended
        deadline = None if seconds is None else time.monotonic() + seconds
        status, told = self._status(), None
        while not status.has_ended:
            if on_progress is not None and (now := (status.progress or 0.0, status.message)) != told:
                on_progress(*now)
                told = now
            left = _WAIT_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise FailedJobError(f"Job {self.id} takes longer than {seconds:g} s; it continues.")
            if status.phase == "PENDING":
                raise FailedJobError(f"Job {self.id} has not been started; call run().")
            # The server answers when the phase changes; a shorter time lets progress be seen.
            longest = 1 if on_progress is not None else _WAIT_SECONDS
            status = self._status(wait=max(1, min(longest, round(left))), phase=status.phase)
        if status.phase in {"ERROR", "ABORTED"}:
            raise FailedJobError(status.error or f"Job {self.id} was aborted.")
        return status

    def read(self, name: str = "result") -> bytes:
        """Return the bytes of a result.

        Raises
        ------
        NotFoundError
            The job has no such result, or has not ended.
        """
        return self._connection.request("GET", f"{self.url}/results/{name}").content

    def _set_phase(self, phase: str) -> Self:
        self._connection.request("POST", f"{self.url}/phase", data={"PHASE": phase}, allow_redirects=False)
        return self

    def _status(self, wait: int | None = None, phase: str | None = None) -> JobStatus:
        parameters = {} if wait is None else {"WAIT": str(wait), "PHASE": str(phase)}
        return _read_status(self._connection.request("GET", self.url, params=parameters).content)


class Jobs:
    """Jobs of the caller.

    Parameters
    ----------
    classes
        Classes of jobs by kind, where they are not `Job`.
    """

    def __init__(self, connection: Connection, classes: Mapping[str, type[Job]] | None = None) -> None:
        self._connection = connection
        self._classes = dict(classes or {})

    def __repr__(self) -> str:
        return f"<Jobs of {self._connection.base_url}>"

    def __getitem__(self, job_id: str) -> Job:
        """Return a job of any kind by its identifier; a query is a `QueryJob`.

        Raises
        ------
        NotFoundError
            There is no such job of yours.
        """
        for kind, job_list in self._lists().items():
            job = self._classes.get(kind, Job)(self._connection, job_list, job_id)
            try:
                _ = job.phase
            except NotFoundError:
                continue
            return job
        raise NotFoundError(f"You have no job '{job_id}'.")

    def of_kind(self, kind: str) -> tuple[JobEntry, ...]:
        """List the jobs of one kind, newest first."""
        lists = self._lists()
        if kind not in lists:
            raise InvalidValueError(f"There is no kind of job '{kind}'; the kinds are {', '.join(lists)}.")
        return _newest_first(self._entries(kind, lists[kind]))

    def list(self, *, phase: str | None = None) -> tuple[JobEntry, ...]:
        """List the jobs of all kinds, newest first; those in one phase, if it is given."""
        found = [job for kind, job_list in self._lists().items() for job in self._entries(kind, job_list)]
        return _newest_first(job for job in found if phase in {None, job.phase})

    def _entries(self, kind: str, job_list: str) -> Iterable[JobEntry]:
        return _read_list(self._connection.request("GET", f"{self._connection.base_url}{job_list}").content, kind)

    def _lists(self) -> dict[str, str]:
        pipelines = self._connection.json("GET", "pipelines/")["results"]
        return {**_LISTS, **{str(each["name"]): f"/pipelines/{each['name']}" for each in pipelines}}


def _newest_first(jobs: Iterable[JobEntry]) -> tuple[JobEntry, ...]:
    return tuple(sorted(jobs, key=lambda job: job.created or datetime.min.replace(tzinfo=UTC), reverse=True))


def _read_status(document: bytes) -> JobStatus:
    from pyvo.io.uws import parse_job

    job = parse_job(io.BytesIO(document))
    info = job.jobinfo
    progress = None if info is None else info.get("progress")
    message = None if info is None else info.get("message")
    error = None if job.errorsummary is None else job.errorsummary.message
    return JobStatus(
        id=str(job.jobid),
        phase=str(job.phase),
        owner=job.ownerid,
        created=_time(job.creationtime),
        started=_time(job.starttime),
        ended=_time(job.endtime),
        progress=None if progress is None else float(progress.text),
        message="" if message is None else str(message.text or ""),
        error=None if error is None else str(error.content or ""),
        parameters={each.id_: each.content or "" for each in job.parameters},
        results={each.id_: each.href for each in job.results},
    )


def _read_list(document: bytes, kind: str) -> list[JobEntry]:
    from pyvo.io.uws import parse_job_list

    return [
        JobEntry(str(job.jobid), kind, str(job.phase), _time(job.creationtime), job.runid)
        for job in parse_job_list(io.BytesIO(document))
    ]


def _time(value: Any) -> datetime | None:  # Any: a time of astropy, which has no types
    if not value:
        return None
    time_of_astropy: datetime = value.to_datetime(timezone=UTC)
    return time_of_astropy
