"""Job list of a pipeline: requests are checked, and the product is created, when a job is run (UWS 1.1 §2.2)."""

from core.auth.models import Identity, Scope
from core.web.dali import DaliParameters
from pipelines.models import AnyPipeline
from pipelines.runs.requests import JOB_PARAMETERS, REPEATED, checked_request, parameters_of, request_of_parameters
from pipelines.service import PipelineService
from uws import Job, JobService
from uws.handlers import JobList, parse_run

__all__ = ["RunList"]


class RunList(JobList):
    """The job list of one pipeline."""

    def __init__(self, jobs: JobService, pipelines: PipelineService, pipeline: AnyPipeline, base: str) -> None:
        names = tuple(dict.fromkeys((*JOB_PARAMETERS, *parameters_of(pipeline), "RUNID")))
        super().__init__(jobs, pipeline.name, base, names, REPEATED, is_strict=True)
        self._pipelines = pipelines
        self._pipeline = pipeline

    def create(self, request: DaliParameters, identity: Identity) -> Job:
        """Create a job; with PHASE=RUN check the whole request and run it, else check what needs no product."""
        identity.require(Scope.WRITE)
        run = parse_run(request)
        run_request = request_of_parameters(self._pipeline, self.parameters_of(request))
        checked_request(self._pipeline, run_request)
        self._pipelines.checker.check_addresses(run_request)
        if run:
            self._pipelines.checker.check(identity, self._pipeline, run_request)
        job = self.add(request, identity, run=False)
        if run:
            self._pipelines.start(identity, self._pipeline, run_request, job)
        return job

    def run(self, job: Job, identity: Identity) -> Job:
        """Check a PENDING job, create its product and run it."""
        identity.require(Scope.WRITE)
        self.reduce_scope(job, identity)
        given = {name: value for name, value in job.parameters.items() if not name.startswith(".")}
        self._pipelines.start(identity, self._pipeline, request_of_parameters(self._pipeline, given), job)
        return self.find(job.id, identity)
