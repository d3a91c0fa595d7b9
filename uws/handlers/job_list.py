"""Job list of one kind of job (UWS 1.1 §2.2): each request of a client is carried out as its identity."""

from collections.abc import Collection
from datetime import datetime

from core.auth.models import Identity
from core.errors import InvalidValueError
from core.web.dali import DaliParameters
from uws.errors import UnknownJobError
from uws.handlers.parameters import (
    parse_after,
    parse_duration,
    parse_last,
    parse_phases,
    parse_run,
    parse_time,
    refuse_unknown,
    requested_parameters,
)
from uws.models import Job, JobEntry, files_parameter, least_scope, scope_of_request
from uws.service import JobService

__all__ = ["JobList"]


class JobList:
    """The job list of a service. A service that checks more before a job runs overrides `create` and `run`.

    Parameters
    ----------
    base
        Address of the list, without a trailing slash.
    parameters, repeated
        Names, in upper case, of the parameters that a client may set, once and repeatedly.
    is_strict
        Whether other parameters than these and those of UWS are refused; else they are ignored (DALI 1.1 §3.2).
    """

    def __init__(
        self,
        service: JobService,
        kind: str,
        base: str,
        parameters: Collection[str],
        repeated: Collection[str] = (),
        *,
        is_strict: bool = False,
    ) -> None:
        self.service = service
        self.base = base
        self.names = frozenset(parameters) | frozenset(repeated)
        self._kind = kind
        self._is_strict = is_strict
        self._once = [name for name in parameters if name not in repeated]
        self._repeated = list(repeated)

    def address(self, job: Job) -> str:
        """Return the address of a job."""
        return f"{self.base}/{job.id}"

    def list(self, request: DaliParameters, identity: Identity) -> tuple[JobEntry, ...]:
        """Return the caller's jobs, filtered by PHASE, AFTER and LAST (UWS 1.1 §2.2.2.1)."""
        phases, after, last = parse_phases(request), parse_after(request), parse_last(request)
        return self.service.list(identity.name, phases, after, last, kind=self._kind)

    def find(self, job_id: str, identity: Identity) -> Job:
        """Return a job; UnknownJobError when there is none, or it is another's."""
        if not (job_id.isascii() and job_id.isalnum()):
            raise UnknownJobError(job_id)
        return self.service.get(job_id, owner=identity.name, kind=self._kind)

    def parameters_of(self, request: DaliParameters) -> dict[str, str]:
        """Return the job parameters among the parameters of a request.

        Raises
        ------
        InvalidValueError
            A strict job list has no such parameter.
        """
        if self._is_strict:
            refuse_unknown(request, self.names)
        return requested_parameters(request, self._once, self._repeated)

    def create(self, request: DaliParameters, identity: Identity) -> Job:
        """Create a job, and run it when PHASE=RUN is given."""
        return self.add(request, identity, run=parse_run(request))

    def add(self, request: DaliParameters, identity: Identity, *, run: bool) -> Job:
        """Create a job with the parameters, the files, the scope and the times of a request."""
        duration, destruction = _times(request)
        is_changed = duration is not None or destruction is not None
        job = self.service.create(
            self._kind,
            self.parameters_of(request) | scope_of_request(identity) | files_parameter(request.files),
            owner=identity.name,
            run=run and not is_changed,
            run_id=request.one("RUNID"),
            file_bytes=request.file_bytes,
            caller=identity.address,
        )
        if not is_changed:
            return job
        changed = self.service.change(job.id, owner=identity.name, execution_duration=duration, destruction=destruction)
        return self.service.run(job.id, owner=identity.name) if run else changed

    def change(self, job_id: str, request: DaliParameters, identity: Identity) -> Job:
        """Set parameters of a PENDING job."""
        job = self.find(job_id, identity)
        given = self.parameters_of(request)
        for name in self._repeated:  # these add up, also over requests
            if name in given and name in job.parameters:
                given[name] = f"{job.parameters[name]};{given[name]}"
        given |= least_scope(job, identity) | files_parameter(request.files, job)
        return self.service.change(
            job.id, owner=identity.name, parameters=given, run_id=request.one("RUNID"), file_bytes=request.file_bytes
        )

    def change_phase(self, job_id: str, request: DaliParameters, identity: Identity) -> Job:
        """Run or abort a job."""
        job = self.find(job_id, identity)
        phase = (request.one("PHASE") or "").upper()
        if phase == "ABORT":
            return self.service.abort(job.id, owner=identity.name)
        if phase != "RUN":
            raise InvalidValueError("PHASE can be set to RUN or to ABORT.", field="PHASE")
        return self.run(job, identity)

    def run(self, job: Job, identity: Identity) -> Job:
        """Run a PENDING job."""
        self.reduce_scope(job, identity)
        return self.service.run(job.id, owner=identity.name)

    def reduce_scope(self, job: Job, identity: Identity) -> None:
        """Reduce the scope of a job to that of the present request, when this one is smaller."""
        if reduced := least_scope(job, identity):
            self.service.change(job.id, owner=identity.name, parameters=reduced)

    def change_duration(self, job_id: str, request: DaliParameters, identity: Identity) -> Job:
        """Set the seconds that a job may be EXECUTING."""
        seconds = parse_duration(_required(request, "EXECUTIONDURATION"))
        job = self.find(job_id, identity)
        return self.service.change(job.id, owner=identity.name, execution_duration=seconds)

    def change_destruction(self, job_id: str, request: DaliParameters, identity: Identity) -> Job:
        """Set the time at which a job and its results are removed."""
        time = parse_time("DESTRUCTION", _required(request, "DESTRUCTION"))
        job = self.find(job_id, identity)
        return self.service.change(job.id, owner=identity.name, destruction=time)

    def delete(self, job_id: str, identity: Identity) -> None:
        """Abort a job that has not ended, and remove it."""
        self.service.delete(self.find(job_id, identity).id, owner=identity.name)


def _times(request: DaliParameters) -> tuple[int | None, datetime | None]:
    """Parse the EXECUTIONDURATION and the DESTRUCTION of a new job."""
    duration, destruction = request.one("EXECUTIONDURATION"), request.one("DESTRUCTION")
    return (
        None if duration is None else parse_duration(duration),
        None if destruction is None else parse_time("DESTRUCTION", destruction),
    )


def _required(request: DaliParameters, name: str) -> str:
    value = request.one(name)
    if value is None:
        raise InvalidValueError(f"The parameter {name} is missing.", field=name)
    return value
