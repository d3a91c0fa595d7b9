"""Job list of a pipeline: requests are checked, and the product is created, when a job is run (UWS 1.1 §2.2)."""

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from core.web.dali import DaliParameters
from pipelines.models import AnyPipeline
from pipelines.runs.requests import JOB_PARAMETERS, REPEATED, checked_request, parameters_of, request_of_parameters
from pipelines.service import PipelineService
from uws import Job, JobService
from uws.handlers.job_list import JobList
from uws.handlers.parameters import requested_parameters
from uws.models import least_scope, scope_of_request

__all__ = ["RunList"]


class RunList(JobList):
    """The job list of one pipeline."""

    def __init__(self, jobs: JobService, pipelines: PipelineService, pipeline: AnyPipeline, base: str) -> None:
        names = tuple(dict.fromkeys((*JOB_PARAMETERS, *parameters_of(pipeline), "RUNID")))
        super().__init__(jobs, pipeline.name, base, names, REPEATED)
        self._pipelines = pipelines
        self._pipeline = pipeline
        self._given = tuple(name for name in names if name not in REPEATED)

    def create(self, parameters: DaliParameters, identity: Identity) -> Job:
        """Create a job; with PHASE=RUN check and run it, otherwise check its parameters alone."""
        identity.require(Scope.WRITE)
        phase = parameters.one("PHASE")
        if phase is not None and phase.upper() != "RUN":
            raise InvalidValueError(f"A new job can be given PHASE=RUN, not PHASE={phase[:100]}.", field="PHASE")
        given = requested_parameters(parameters, self._given, REPEATED)
        request = request_of_parameters(self._pipeline, given)
        checked_request(self._pipeline, request)
        if phase is not None:
            self._pipelines.checker.check(identity, self._pipeline, request)
        job = self.service.create(
            self._pipeline.name,
            given | scope_of_request(identity),
            owner=identity.name,
            run=False,
            run_id=parameters.one("RUNID"),
        )
        if phase is not None:
            self._pipelines.start(identity, self._pipeline, request, job)
        return job

    def change_phase(self, job_id: str, parameters: DaliParameters, identity: Identity) -> Job:
        """Run or abort a job."""
        if (parameters.one("PHASE") or "").upper() != "RUN":
            return super().change_phase(job_id, parameters, identity)
        job = self.find(job_id, identity)
        identity.require(Scope.WRITE)
        if less := least_scope(job, identity):
            self.service.change(job.id, owner=identity.name, parameters=less)
        known = {name: value for name, value in job.parameters.items() if not name.startswith(".")}
        self._pipelines.start(identity, self._pipeline, request_of_parameters(self._pipeline, known), job)
        return self.find(job_id, identity)
