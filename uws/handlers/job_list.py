"""The jobs of one kind as clients see them: what a request asks for, done as the one who asks."""

from collections.abc import Collection

from core.auth.models import Identity
from core.errors import InvalidValueError
from core.web.dali import DaliParameters
from uws.errors import UnknownJobError
from uws.handlers.parameters import (
    parse_after,
    parse_duration,
    parse_last,
    parse_phases,
    parse_time,
    requested_parameters,
)
from uws.models import Job, JobEntry, files_parameter, least_scope, scope_of_request
from uws.service import JobService

__all__ = ["JobList"]


class JobList:
    """The job list of a service.

    Parameters
    ----------
    base
        Address of the list, without a trailing slash.
    parameters, repeated
        Names of the parameters that a client may give a job, once and repeatedly.
    """

    def __init__(
        self,
        service: JobService,
        kind: str,
        base: str,
        parameters: Collection[str],
        repeated: Collection[str],
    ) -> None:
        self.service = service
        self.base = base
        self.names = frozenset(parameters) | frozenset(repeated)
        self._kind = kind
        self._once = [name for name in parameters if name not in repeated]
        self._repeated = list(repeated)

    def address(self, job: Job) -> str:
        """Return the address of a job."""
        return f"{self.base}/{job.id}"

    def list(self, asked: DaliParameters, identity: Identity) -> tuple[JobEntry, ...]:
        """Return the caller's jobs that PHASE, AFTER and LAST leave (UWS 1.1 §2.2.2.1)."""
        phases, after, last = parse_phases(asked), parse_after(asked), parse_last(asked)
        return self.service.list(identity.name, phases, after, last, kind=self._kind)

    def find(self, job_id: str, identity: Identity) -> Job:
        """Return a job; UnknownJobError when there is none, or it is another's."""
        if not (job_id.isascii() and job_id.isalnum()):
            raise UnknownJobError(job_id)
        return self.service.get(job_id, owner=identity.name, kind=self._kind)

    def create(self, asked: DaliParameters, identity: Identity) -> Job:
        """Make a job, and run it when PHASE=RUN says so."""
        phase = asked.one("PHASE")
        if phase is not None and phase.upper() != "RUN":
            raise InvalidValueError(f"A new job can be given PHASE=RUN, not PHASE={phase[:100]}.", field="PHASE")
        given = requested_parameters(asked, self._once, self._repeated)
        given |= scope_of_request(identity) | files_parameter(asked.files)
        return self.service.create(
            self._kind,
            given,
            owner=identity.name,
            run=phase is not None,
            run_id=asked.one("RUNID"),
            file_bytes=asked.file_bytes,
        )

    def change(self, job_id: str, asked: DaliParameters, identity: Identity) -> Job:
        """Set parameters of a job that is PENDING."""
        job = self.find(job_id, identity)
        given = requested_parameters(asked, self._once, self._repeated)
        for name in self._repeated:  # these add up, also over requests
            if name in given and name in job.parameters:
                given[name] = f"{job.parameters[name]};{given[name]}"
        given |= least_scope(job, identity) | files_parameter(asked.files, job)
        return self.service.change(
            job.id, owner=identity.name, parameters=given, run_id=asked.one("RUNID"), file_bytes=asked.file_bytes
        )

    def change_phase(self, job_id: str, asked: DaliParameters, identity: Identity) -> Job:
        """Run or abort a job."""
        job = self.find(job_id, identity)
        phase = (asked.one("PHASE") or "").upper()
        if phase == "ABORT":
            return self.service.abort(job.id, owner=identity.name)
        if phase != "RUN":
            raise InvalidValueError("PHASE can be set to RUN or to ABORT.", field="PHASE")
        if less := least_scope(job, identity):
            self.service.change(job.id, owner=identity.name, parameters=less)
        return self.service.run(job.id, owner=identity.name)

    def change_duration(self, job_id: str, asked: DaliParameters, identity: Identity) -> Job:
        """Set the seconds that a job may be EXECUTING."""
        seconds = parse_duration(_needed(asked, "EXECUTIONDURATION"))
        job = self.find(job_id, identity)
        return self.service.change(job.id, owner=identity.name, execution_duration=seconds)

    def change_destruction(self, job_id: str, asked: DaliParameters, identity: Identity) -> Job:
        """Set the time at which a job and its results are removed."""
        time = parse_time("DESTRUCTION", _needed(asked, "DESTRUCTION"))
        job = self.find(job_id, identity)
        return self.service.change(job.id, owner=identity.name, destruction=time)

    def delete(self, job_id: str, identity: Identity) -> None:
        """Stop a job if need be, and remove it."""
        self.service.delete(self.find(job_id, identity).id, owner=identity.name)


def _needed(asked: DaliParameters, name: str) -> str:
    value = asked.one(name)
    if value is None:
        raise InvalidValueError(f"The parameter {name} is missing.", field=name)
    return value
